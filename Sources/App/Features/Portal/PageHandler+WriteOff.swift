import Billing
import HTML
import HTTP
import Values

/// M6: the operator gives up what a deleted subscription owes; asked first, with the amount.
extension PageHandler {
    func writeOffForm(_ visit: Visit) async throws -> HTTPResponse {
        let (page, frame) = try await writeOffPage(visit)
        return visit.page(page, frame)
    }

    func writeOff(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let missing = visit.strings("write_off.reason_missing")
        if let problem = Self.problem(in: form["reason"], field: "reason", maximum: 500, missing: missing, visit) {
            var (page, frame) = try await writeOffPage(visit)
            page.reason = form["reason"]
            page.problems = [problem]
            return visit.page(page, frame, status: 422)
        }
        let useCase = WriteOffDebt(id: try visit.pathID(0), reason: form["reason"], ifMatch: form.etag)
        _ = try await useCase.run(context, try visit.options(form))
        let account = try await FindSubscription.byID(try visit.pathID(0), context).subscription.accountID
        return visit.redirect(PageRoute.operatorAccount.url(account.description), flash: .debtWrittenOff)
    }

    private func writeOffPage(_ visit: Visit) async throws -> (WriteOffPage, Frame) {
        let context = try visit.context()
        try requireOperator(context)
        let subscription = try await FindSubscription.byID(try visit.pathID(0), context).subscription
        let t = visit.localiser(subscription.zone)
        let page = WriteOffPage(
            crumbs: deskCrumbs(
                t, of: (subscription.accountID, subscription.accountName), current: t("write_off.action")),
            subscription: subscription, amount: try subscription.debtToWriteOff(),
            tokens: visit.tokens(etag: subscription.etag))
        return (page, Frame(zone: subscription.zone, current: PageRoute.operatorAccounts.url()))
    }
}
