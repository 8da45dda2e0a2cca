import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The operator's desk for money that has arrived by bank transfer.
extension PageHandler {
    private var remittancesFrame: Frame { Frame(current: PageRoute.remittances.url()) }

    private func desk(_ visit: Visit) throws -> TenantContext {
        let context = try visit.context()
        try requireOperator(context)
        return context
    }

    private func remittanceCrumbs(_ current: String, _ t: Localiser, _ remittance: Remittance? = nil) -> Breadcrumbs {
        var steps = [(label: t("remittances.title"), url: PageRoute.remittances.url())]
        if let remittance {
            steps.append((label: remittance.bankNumber, url: PageRoute.remittance.url(remittance.id.description)))
        }
        return Breadcrumbs(steps, current: current)
    }

    func remittances(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        let t = visit.localiser()
        let hasBankAccount = try await !ListBankAccounts.run(context).isEmpty
        let nothingWaits = EmptyState.allDone(title: t("remittances.empty_title"), text: t("remittances.empty_text"))
        var frame = ListFrame(
            title: t("remittances.title"), lede: .text(t("remittances.lede")),
            empty: .neverHad(title: t("remittances.none_title"), text: t("remittances.none_text"), action: nil),
            filteredTitle: t("remittances.filtered_title"))
        frame.actions = [
            ActionLink(
                t("remittances.record_action"), PageRoute.remittanceForm.url(), .primary,
                unavailableBecause: hasBankAccount ? nil : t("remittances.no_bank_account")),
            ActionLink(t("remittances.bank_accounts"), PageRoute.bankAccounts.url()),
        ]
        // What waits for somebody is what the desk is for; everything else by choice.
        frame.defaults = ["status": "waiting"]
        frame.done["status=waiting"] = nothingWaits
        return try await list(visit, Remittance.list, frame, remittancesFrame)
    }

    func remittance(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        return try await remittancePage(visit, try await FindRemittance.byID(try visit.pathID(0), context), context)
    }

    private func remittancePage(
        _ visit: Visit, _ remittance: Remittance, _ context: TenantContext, typed: String = "", problem: String? = nil,
        settled: String? = nil
    ) async throws -> HTTPResponse {
        let t = visit.localiser()
        let match = PageRoute.matchForm.url(remittance.id.description)
        let candidates = try await FindRemittance.suggestions(for: remittance, context).map { suggestion in
            let intent = suggestion.payment.intent
            return RemittancePage.Candidate(
                suggestion: suggestion, match: match.adding([("payment", intent.id.description)]),
                payment: PageRoute.payment.url(intent.account.description, intent.id.description))
        }
        var page = RemittancePage(
            crumbs: remittanceCrumbs(remittance.bankNumber, t), remittance: remittance, candidates: candidates,
            parts: remittance.parts.map { ($0, PageRoute.payment.url($0.account.description, $0.payment.description)) },
            match: match,
            giveBack: PageRoute.returnForm.url(remittance.id.description))
        page.typed = typed
        page.settled = settled
        if let problem { page.problems = [FieldProblem("payment", problem)] }
        return visit.page(page, remittancesFrame, status: problem == nil ? 200 : 422)
    }

    // MARK: Matching

    /// The payment's ID, or the reference that was written on the transfer.
    private func payment(named text: String, _ context: TenantContext) async throws -> ShownPayment? {
        if let id = PaymentID(text) { return try? await FindPayment.byID(id, context) }
        guard let reference = PaymentReference.find(in: text) else { return nil }
        let rows = try await context.read(
            "\(ShownPayment.select) where i.tenant_id = \(context.tenant.id) and i.reference = \(reference.text)"
        ).rows
        return try rows.first.map(ShownPayment.init)
    }

    func matchForm(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        let remittance = try await FindRemittance.byID(try visit.pathID(0), context)
        return try await matchPage(visit, remittance, named: (visit["payment"] ?? "").trimmingBlankSpace(), context)
    }

    private func matchPage(_ visit: Visit, _ remittance: Remittance, named text: String, _ context: TenantContext) async throws
        -> HTTPResponse
    {
        let t = visit.localiser()
        guard let payment = try await payment(named: text, context) else {
            return try await remittancePage(visit, remittance, context, typed: text, problem: t("remittances.unknown_payment"))
        }
        if let settled = settled(remittance, payment.intent.id, t) {
            return try await remittancePage(visit, remittance, context, settled: settled)
        }
        let review: MatchRemittance.Review
        do {
            review = try await MatchRemittance(id: remittance.id, payment: payment.intent.id).review(context)
        } catch let failure as Failure where failure.status == 409 || failure.status == 403 || failure.status == 422 {
            // That one says by itself what may be done with the money.
            let why = t.refusal(failure)
            let problem = failure.code == "payment_not_waiting" ? why : t("remittances.cannot_take", ["reason": why])
            return try await remittancePage(visit, remittance, context, typed: text, problem: problem)
        }
        let page = RemittanceMatchPage(
            crumbs: remittanceCrumbs(t("remittances.match_crumb"), t, remittance), remittance: remittance, review: review,
            accountName: payment.accountName, name: payment.shownName(t),
            action: PageRoute.match.url(remittance.id.description), back: PageRoute.remittance.url(remittance.id.description),
            tokens: visit.tokens(etag: remittance.etag))
        return visit.page(page, remittancesFrame)
    }

    /// Whoever comes back to the review of what is done reads that it is done, and is advised nothing.
    private func settled(_ remittance: Remittance, _ payment: PaymentID, _ t: Localiser) -> String? {
        if let part = remittance.parts.first(where: { $0.payment == payment && $0.releasedAt == nil }) {
            return t("remittances.settled_here", ["amount": t.money(part.amount), "time": t.dateTime(part.matchedAt)])
        }
        return remittance.unallocated.isPositive ? nil : t("error.remittance_spent.detail")
    }

    func match(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let context = try desk(visit)
        let remittance = try await FindRemittance.byID(try visit.pathID(0), context)
        guard let payment = PaymentID(form["payment"]) else {
            throw Failure.malformed(code: "invalid_id", arguments: ["prefix": "pay"])
        }
        do {
            _ = try await MatchRemittance(id: remittance.id, payment: payment, ifMatch: form.etag).run(context, options)
        } catch let failure as Failure where failure.status == 409 || failure.status == 412 {
            let (t, now) = (visit.localiser(), try await FindRemittance.byID(remittance.id, context))
            if let settled = settled(now, payment, t) { return try await remittancePage(visit, now, context, settled: settled) }
            return try await remittancePage(visit, now, context, typed: payment.description, problem: t.refusal(failure))
        }
        return visit.redirect(PageRoute.remittance.url(remittance.id.description))
    }

    // MARK: Returning

    func returnForm(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        let remittance = try await FindRemittance.byID(try visit.pathID(0), context)
        guard remittance.unallocated.isPositive else {
            return visit.redirect(PageRoute.remittance.url(remittance.id.description))
        }
        return visit.page(returnPage(visit, remittance), remittancesFrame)
    }

    private func returnPage(_ visit: Visit, _ remittance: Remittance) -> RemittanceReturnPage {
        RemittanceReturnPage(
            crumbs: remittanceCrumbs(visit.strings("remittances.return_action"), visit.localiser(), remittance),
            remittance: remittance,
            action: PageRoute.returnRemittance.url(remittance.id.description),
            back: PageRoute.remittance.url(remittance.id.description), tokens: visit.tokens(etag: remittance.etag))
    }

    func returnRemittance(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let context = try desk(visit)
        let remittance = try await FindRemittance.byID(try visit.pathID(0), context)
        guard (1...1_000).contains(form["note"].unicodeScalars.count) else {
            var page = returnPage(visit, remittance)
            page.note = form["note"]
            page.problems = [FieldProblem("note", visit.strings("remittances.note_missing"))]
            return visit.page(page, remittancesFrame, status: 422)
        }
        _ = try await ReturnRemittance(id: remittance.id, note: form["note"], ifMatch: form.etag).run(context, options)
        return visit.redirect(PageRoute.remittance.url(remittance.id.description))
    }

    // MARK: Writing down

    func remittanceForm(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        return visit.page(try await recordPage(visit, context), remittancesFrame)
    }

    private func recordPage(_ visit: Visit, _ context: TenantContext) async throws -> RemittanceFormPage {
        let accounts = try await ListBankAccounts.run(context)
        guard !accounts.isEmpty else { throw Failure.conflict(code: "no_bank_account") }
        return RemittanceFormPage(
            crumbs: remittanceCrumbs(visit.strings("remittances.record_title"), visit.localiser()),
            action: PageRoute.recordRemittance.url(),
            back: PageRoute.remittances.url(), tokens: visit.tokens(), currencies: accounts.map(\.currency))
    }

    func recordRemittance(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let context = try desk(visit)
        var page = try await recordPage(visit, context)
        let t = visit.localiser()
        page.selected = Currency(form["currency"]).flatMap { page.currencies.contains($0) ? $0 : nil }
        page.typed.bankNumber = form["bank_number"]
        page.typed.amount = form["amount"]
        page.typed.payer = form["payer"]
        page.typed.words = form["words"]
        page.typed.receivedAt = form["received_at"]
        let fields: (amount: Money, receivedAt: Instant?)?
        (fields, page.problems) = Self.read(page.typed, page.selected, t)
        guard let fields else { return visit.page(page, remittancesFrame, status: 422) }
        func refused(_ field: String, _ words: String) -> HTTPResponse {
            page.problems = [FieldProblem(field, words)]
            return visit.page(page, remittancesFrame, status: 422)
        }
        do {
            let answer = try await RecordRemittance(
                bankNumber: page.typed.bankNumber, amount: fields.amount, payer: form.optional("payer"),
                words: form.optional("words"), receivedAt: fields.receivedAt
            ).run(context, options)
            guard
                let id = answer.objectID
                    ?? answer.location.flatMap({ RemittanceID(String($0.split(separator: "/").last ?? ""))?.uuid })
            else { return visit.redirect(PageRoute.remittances.url()) }
            return visit.redirect(PageRoute.remittance.url(RemittanceID(id).description))
        } catch Failure.invalid(let faults) where faults.contains(where: { $0.code == "received_in_future" }) {
            // The API's refusal names the instant; a person reads it on her own clock.
            return refused("received_at", t("remittances.received_in_future", ["now": t.dateTime(t.now), "zone": t.zoneLabel]))
        } catch Failure.invalid(let faults) {
            let field = faults.first?.pointer == "/received_at" ? "received_at" : "amount"
            return refused(
                field,
                faults.first.map { t.refusal("error.\($0.code).detail", $0.arguments) } ?? t("page_error.invalid_input.detail"))
        } catch Failure.conflict(code: "remittance_already_recorded", let arguments) {
            return refused("bank_number", t("error.remittance_already_recorded.detail", arguments))
        }
    }

    /// What is typed, or everything that is wrong with it at once.
    private static func read(_ typed: RemittanceFormPage.Typed, _ currency: Currency?, _ t: Localiser)
        -> (fields: (amount: Money, receivedAt: Instant?)?, problems: [FieldProblem])
    {
        var (problems, amount) = ([FieldProblem](), Money?.none)
        if !(1...100).contains(typed.bankNumber.unicodeScalars.count) {
            problems.append(FieldProblem("bank_number", t("remittances.bank_number_missing")))
        }
        if let currency {
            do {
                amount = try MoneyInput.read(typed.amount, currency)
            } catch {
                problems.append(FieldProblem("amount", amountFault(error, currency, t)))
            }
        } else {
            if typed.amount.isEmpty { problems.append(FieldProblem("amount", t("form.amount_missing"))) }
            problems.append(FieldProblem("currency", t("remittances.currency_missing")))
        }
        let receivedAt = typed.receivedAt.isEmpty ? nil : instant(typed.receivedAt, t.zone)
        if receivedAt == nil, !typed.receivedAt.isEmpty {
            problems.append(FieldProblem("received_at", t("form.time_malformed")))
        }
        guard problems.isEmpty, let amount else { return (nil, problems) }
        return ((amount, receivedAt), [])
    }

    // MARK: Bank accounts

    /// Where customers are told to pay to: as delicate as a key, so the password is asked for once more.
    func bankAccounts(_ visit: Visit) async throws -> HTTPResponse {
        let context = try desk(visit)
        try visit.requireRecentAuthentication()
        var page = try await bankAccountsPage(visit, context)
        page.wasSaved = visit.flash == .bankAccountSaved
        if let shown = page.accounts.first(where: { $0.currency.code == visit["currency"] }) {
            page.typed.currency = shown.currency.code
            page.typed.accountHolder = shown.accountHolder
            page.typed.bankName = shown.bankName
            page.typed.accountNumber = shown.accountNumber
            page.typed.bankCode = shown.bankCode
            page.typed.pendingDays = String(shown.pendingDays)
            page.tokens = visit.tokens(etag: shown.etag)
        }
        return visit.page(page, remittancesFrame)
    }

    private func bankAccountsPage(_ visit: Visit, _ context: TenantContext) async throws -> BankAccountsPage {
        var page = BankAccountsPage(
            crumbs: remittanceCrumbs(visit.strings("remittances.bank_accounts"), visit.localiser()),
            accounts: try await ListBankAccounts.run(context), page: PageRoute.bankAccounts.url(),
            action: PageRoute.setBankAccount.url(),
            tokens: visit.tokens())
        page.typed.currency = context.tenant.currency.code
        page.typed.pendingDays = String(BankAccount.customaryPendingDays)
        return page
    }

    func setBankAccount(_ visit: Visit) async throws -> HTTPResponse {
        let form = try visit.form()
        let options = try visit.options(form)
        let context = try desk(visit)
        try visit.requireRecentAuthentication()
        var page = try await bankAccountsPage(visit, context)
        let t = visit.localiser()
        page.typed.currency = form["currency"].uppercased()
        page.typed.accountHolder = form["account_holder"]
        page.typed.bankName = form["bank_name"]
        page.typed.accountNumber = form["account_number"]
        page.typed.bankCode = form["bank_code"]
        page.typed.pendingDays = form["pending_days"]
        let currency = Currency(page.typed.currency)
        if currency == nil { page.problems.append(FieldProblem("currency", t("error.unknown_currency.detail"))) }
        for (name, value, most) in [
            ("account_holder", page.typed.accountHolder, 200), ("bank_name", page.typed.bankName, 200),
            ("account_number", page.typed.accountNumber, 64),
        ] where !(1...most).contains(value.unicodeScalars.count) {
            page.problems.append(FieldProblem(name, t("remittances.field_missing", ["maximum": t.number(most)])))
        }
        if page.typed.bankCode.unicodeScalars.count > 64 {
            page.problems.append(FieldProblem("bank_code", t("form.name_too_long", ["maximum": t.number(64)])))
        }
        let days = Int(page.typed.pendingDays)
        if days.map({ !(1...90).contains($0) }) ?? true {
            page.problems.append(FieldProblem("pending_days", t("remittances.pending_days_hint")))
        }
        guard page.problems.isEmpty, let currency, let days else { return visit.page(page, remittancesFrame, status: 422) }
        do {
            _ = try await SetBankAccount(
                currency: currency, accountHolder: page.typed.accountHolder, bankName: page.typed.bankName,
                accountNumber: page.typed.accountNumber, bankCode: page.typed.bankCode, pendingDays: days, ifMatch: form.etag
            ).run(context, options)
        } catch Failure.stale {
            page.problems = [FieldProblem("currency", t("error.stale.detail"))]
            return visit.page(page, remittancesFrame, status: 412)
        }
        return visit.redirect(PageRoute.bankAccounts.url(), flash: .bankAccountSaved)
    }
}
