import Billing
import HTML
import Values

extension Localiser {
    package func word(_ status: Remittance.Status) -> String { self("remittances.status_\(status.rawValue)") }

    package func pill(_ status: Remittance.Status) -> StatePill {
        switch status {
        case .unmatched: StatePill(word(status), .warn, .triangle)
        case .surplus: StatePill(word(status), .warn, .ring)
        case .matched: StatePill(word(status), .good, .disc)
        case .returned: StatePill(word(status), .quiet, .cross)
        }
    }
}

/// One remittance: where it went, whom it may be for, and the way back.
package struct RemittancePage: Page {
    package struct Candidate: Sendable {
        package let suggestion: RemittanceSuggestion
        package let match: URLPath
        package let payment: URLPath

        package init(suggestion: RemittanceSuggestion, match: URLPath, payment: URLPath) {
            self.suggestion = suggestion
            self.match = match
            self.payment = payment
        }
    }

    package var crumbs: Breadcrumbs
    package var remittance: Remittance
    package var candidates: [Candidate]
    package var parts: [(part: Remittance.Part, url: URLPath)]
    /// The match page, asked by GET with the payment's ID.
    package var match: URLPath
    package var giveBack: URLPath
    package var typed = ""
    /// What has become of it already, where somebody came to give it away again.
    package var settled: String?
    package var problems: [FieldProblem] = []

    package init(
        crumbs: Breadcrumbs, remittance: Remittance, candidates: [Candidate], parts: [(part: Remittance.Part, url: URLPath)],
        match: URLPath, giveBack: URLPath
    ) {
        self.crumbs = crumbs
        self.remittance = remittance
        self.candidates = candidates
        self.parts = parts
        self.match = match
        self.giveBack = giveBack
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String { t("remittances.one_title", ["amount": t.money(remittance.amount)]) }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            if let settled { Banner(.info, title: t("remittances.settled_title"), text: p { settled }).html }
            PageHeading(title(t), pill: t.pill(remittance.status), lede: .text(lede(t))).html
            panel(t("remittances.details")) { DetailList(details(t)).html }
            if !parts.isEmpty { block(t("remittances.went_to")) { allocations(t).html } }
            if remittance.unallocated.isPositive { open(t) }
        }
    }

    private func lede(_ t: Localiser) -> String {
        t(
            "remittances.lede_\(remittance.status.rawValue)",
            ["amount": t.money(remittance.unallocated), "returned": t.money(remittance.returned)])
    }

    private func details(_ t: Localiser) -> [DetailList.Item] {
        var items = [
            DetailList.Item(t("remittances.bank_number"), identifier(remittance.bankNumber)),
            DetailList.Item(t("remittances.payer"), remittance.payer.map { .text($0) } ?? t.nothing),
            DetailList.Item(t("remittances.words"), remittance.words.map { .text($0) } ?? t.nothing),
            DetailList.Item(t("remittances.received_at"), t.timeElement(remittance.receivedAt)),
            DetailList.Item(t("remittances.unallocated"), t.moneyElement(remittance.unallocated)),
        ]
        if let reference = remittance.reference {
            items.insert(DetailList.Item(t("payments.reference"), identifier(reference.grouped)), at: 3)
        }
        if let at = remittance.returnedAt {
            items.append(DetailList.Item(t("remittances.returned"), t.moneyElement(remittance.returned)))
            items.append(DetailList.Item(t("remittances.returned_at"), t.timeElement(at)))
            if let note = remittance.note { items.append(DetailList.Item(t("remittances.note"), .text(note))) }
        }
        items.append(
            DetailList.Item(
                t("remittances.id"), copyable(remittance.id.description, name: t("remittances.id"), id: "remittance-id", t)))
        return items
    }

    private func allocations(_ t: Localiser) -> DataTable {
        DataTable(
            t("remittances.went_to"),
            columns: [
                TableColumn(t("payment.id")), TableColumn(t("remittances.matched_at")), TableColumn(t("remittances.released_at")),
                TableColumn(t("remittances.amount"), isNumber: true),
            ],
            rows: parts.map { item in
                TableRow([
                    a(.class("mono"), .href(item.url)) { item.part.payment.description }, t.timeElement(item.part.matchedAt),
                    item.part.releasedAt.map { t.timeElement($0) } ?? t.nothing, t.moneyElement(item.part.amount),
                ])
            })
    }

    private func open(_ t: Localiser) -> HTML {
        group {
            block(t("remittances.suggested"), note: .text(t("remittances.suggested_note"))) {
                if candidates.isEmpty {
                    p(.class("note")) { t("remittances.suggested_none") }
                } else {
                    suggestions(t).html
                }
            }
            form(.class("form form--line"), .method(.get), .action(match), .novalidate) {
                field(t).html(problems, t)
                submitButton(t("remittances.review_action"), .plain)
            }
            block(t("remittances.return_heading"), note: .text(t("remittances.return_bank"))) {
                ActionLink(t("remittances.return_action"), giveBack).button
            }
        }
    }

    private func field(_ t: Localiser) -> TextField {
        var field = TextField("payment", t("remittances.other_payment"), hint: t("remittances.other_hint"), value: typed)
        field.autocomplete = .off
        return field
    }

    private func suggestions(_ t: Localiser) -> DataTable {
        DataTable(
            t("remittances.suggested"),
            columns: [
                TableColumn(t("subscriptions.account")), TableColumn(t("remittances.why")), TableColumn(t("payments.status")),
                TableColumn(t("payments.amount"), isNumber: true), TableColumn(t("payments.missing"), isNumber: true),
                TableColumn(t("remittances.action")),
            ],
            rows: candidates.map { candidate in
                let payment = candidate.suggestion.payment
                return TableRow([
                    group {
                        a(.href(candidate.payment)) { payment.accountName }
                        span(.class("sub")) { payment.shownName(t) }
                    },
                    .text(t("remittances.ground_\(candidate.suggestion.ground.rawValue)")), t.pill(payment.intent.status).html,
                    t.moneyElement(payment.intent.amount), t.moneyElement(payment.intent.missing),
                    a(.class("btn btn--small"), .href(candidate.match)) { t("remittances.review_action") },
                ])
            })
    }
}
