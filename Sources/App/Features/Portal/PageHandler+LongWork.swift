import Billing
import HTML
import HTTP
import Postgres
import Values

/// Long work: an agreement's, and the operator's list of everybody's.
extension PageHandler {
    /// Where an operation is read: beside the agreement in the address, or at the desk.
    private struct OperationPlace {
        let enrollment: EnrollmentView?
        let list: URLPath
        let frame: Frame

        func url(_ id: OperationID) -> URLPath {
            enrollment?.url(.enrollmentOperation, id.description) ?? PageRoute.operatorOperation.url(id.description)
        }
        func cancel(_ id: OperationID) -> URLPath {
            enrollment?.url(.cancelEnrollmentOperation, id.description)
                ?? PageRoute.cancelOperatorOperation.url(id.description)
        }
    }

    private func operationPlace(_ visit: Visit) async throws -> OperationPlace {
        guard visit.route?.segments.first == "enrollments" else {
            try requireOperator(try visit.context())
            let list = PageRoute.operatorOperations.url()
            return OperationPlace(enrollment: nil, list: list, frame: Frame(current: list))
        }
        let view = try await EnrollmentView.load(visit)
        return OperationPlace(enrollment: view, list: view.url(.enrollmentOperations), frame: view.frame(.enrollmentOperations))
    }

    func operations(_ visit: Visit) async throws -> HTTPResponse {
        let place = try await operationPlace(visit)
        let t = visit.localiser()
        var frame = ListFrame(
            title: t("operations.title"), lede: .text(t("operations.lede")),
            empty: .neverHad(title: t("operations.empty_title"), text: t("operations.empty_text"), action: nil),
            filteredTitle: t("operations.filtered_title"))
        if let view = place.enrollment {
            frame.crumbs = view.crumbs(t, current: t("operations.title"))
            frame.scope = [("enrollment_id", view.id.description)]
        }
        return try await list(visit, Operation.list, frame, place.frame)
    }

    func operation(_ visit: Visit) async throws -> HTTPResponse {
        let place = try await operationPlace(visit)
        let context = try visit.context()
        let (operation, items) = try await operation(visit, place)
        let t = visit.localiser()
        let names = try await names(items.map(\.id), context)
        let rows = items.map { item in
            OperationPage.Row(
                id: item.id.description, name: names[item.id]?.name, isLapsed: names[item.id]?.isLapsed ?? false,
                url: names[item.id]?.url,
                verdict: item.outcome?.verdict.rawValue ?? "not_begun",
                detail: item.outcome?.failure.map { t.refusal($0) },
                until: item.outcome?.recoverableUntil)
        }
        var page = OperationPage(
            crumbs: place.enrollment?.crumbs(t, [(label: t("operations.title"), url: place.list)], current: operation.name(t))
                ?? Breadcrumbs([(label: t("operations.title"), url: place.list)], current: operation.name(t)),
            operation: operation, askedBy: operation.asker(for: context.principal, t), rows: rows,
            back: ActionLink(
                t("many.back"), place.enrollment?.url(.enrollmentSubscriptions) ?? PageRoute.operatorSubscriptions.url()))
        if !operation.state.hasEnded, operation.mayBeCancelled(by: context.principal) {
            page.cancel = ActionForm(t("operations.cancel"), action: place.cancel(operation.id), tokens: visit.tokens())
        }
        if operation.action == .cancel, operation.state.hasEnded, let view = place.enrollment {
            let done = items.filter { $0.outcome?.verdict == .done }.prefix(ActOnSubscriptions.atOnceAtMost)
            if !done.isEmpty {
                page.undo = ActionLink(
                    t("many.undo"),
                    view.url(.manyForm, query: [("action", "reactivate")] + done.map { ("id", $0.id.description) }))
            }
        }
        var frame = place.frame
        if visit.flash == .operationCancelled { frame.banner = Banner(.good, title: t("operations.cancelled")) }
        return visit.page(page, frame)
    }

    func cancelOperation(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let place = try await operationPlace(visit)
        let id = try await operation(visit, place).0.id
        do {
            _ = try await CancelOperation(id: id).run(try visit.context(), try visit.options(form))
        } catch Failure.conflict(code: "operation_ended", _) {
            // It was done before it could be stopped: the page says so.
            return visit.redirect(place.url(id))
        }
        return visit.redirect(place.url(id), flash: .operationCancelled)
    }

    /// One of this very agreement, or one's own: another is not found below this address.
    private func operation(_ visit: Visit, _ place: OperationPlace) async throws -> (Operation, [Operation.Item]) {
        let context = try visit.context()
        let id: OperationID = try visit.pathID(place.enrollment == nil ? 0 : 1)
        let found = try await FindOperation.whole(id, context)
        if let view = place.enrollment, found.0.enrollment != view.id, !found.0.isOwn(of: context.principal) {
            throw Failure.notFound
        }
        return found
    }

    /// The subscriptions that the reader sees, by name.
    private func names(_ ids: [SubscriptionID], _ context: TenantContext) async throws -> [SubscriptionID: (
        name: String?, isLapsed: Bool, url: URLPath
    )] {
        let tenant = context.tenant.id
        let rows = try await context.read(
            """
            select s.id, s.account_id, s.name, \(SubscriptionQueries.isLapsed) from subscriptions s where s.tenant_id = \(tenant) and s.id = any(\(ids)) \
            \(Visibility.ofSubscriptions(to: context.principal, tenant))
            """
        ).rows
        return try rows.reduce(into: [:]) { names, row in
            let id: SubscriptionID = try row.get(0)
            names[id] = (try row.get(2), try row.get(3), SubscriptionLinks(account: try row.get(1), id: id).overview)
        }
    }
}
