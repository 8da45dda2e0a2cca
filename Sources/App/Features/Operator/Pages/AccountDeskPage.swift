import Billing
import HTML
import Values

/// `/operator/accounts/{id}`: everything of one account on one page.
struct AccountDeskPage: Page {
    var crumbs: Breadcrumbs
    var desk: AccountDesk
    var timeline: TimelineTable
    var hasMoreTimeline: Bool
    var tokens: FormTokens
    var note = ""
    var problems: [FieldProblem] = []

    var hasProblems: Bool { !problems.isEmpty }

    private var id: String { desk.account.id.description }

    func title(_ t: Localiser) -> String { desk.account.name }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            errorSummary(problems, t)
            heading(t)
            flags(t)
            facts(t).html
            details(t)
            debts(t)
            subscriptions(t)
            orders(t)
            asked(t)
            people(t)
            notes(t)
            visitors(t)
            block(
                t("desk.timeline"), id: "timeline",
                tools: hasMoreTimeline ? a(.href(PageRoute.operatorTimeline.url(id))) { t("desk.timeline_all") } : .empty
            ) { timeline.html(t) }
        }
    }

    // MARK: Head

    private func heading(_ t: Localiser) -> HTML {
        var actions = [
            ActionLink(t("desk.portal"), PageRoute.subscriptions.url(id), .primary),
            ActionLink(t("shell.notifications"), PageRoute.operatorMails.url(query: [("account_id", id)])),
        ]
        if desk.counts[.active, default: 0] + desk.counts[.pastDue, default: 0] + desk.counts[.suspended, default: 0] > 0 {
            actions.append(ActionLink(t("desk.suspend_all"), PageRoute.operatorSuspendForm.url(id), .danger))
        }
        if desk.counts[.suspended, default: 0] > 0 {
            actions.append(ActionLink(t("desk.lift_all"), PageRoute.operatorLiftForm.url(id)))
        }
        let pill =
            desk.account.identityVerified
            ? StatePill(t("desk.verified"), .good, .disc) : StatePill(t("desk.not_verified"), .quiet, .ring)
        return PageHeading(
            desk.account.name, pill: pill,
            lede: .text(
                t(
                    "desk.account_lede",
                    ["kind": t.word(desk.account.kind), "date": t.date(desk.account.createdAt)])),
            actions: actions
        ).html
    }

    @HTMLBuilder
    private func flags(_ t: Localiser) -> HTML {
        if let request = desk.identityRequest {
            Banner(
                .info, title: t("desk.identity_waits"),
                actions: [ActionLink(t("desk.identity_look"), PageRoute.operatorIdentityRequest.url(request.description))]
            ).html
        }
        if let nearest = desk.subscriptions.filter({ $0.state == .suspended }).compactMap(\.facts.deleteAt).min() {
            Banner(
                .warn,
                title: t("desk.suspended_title", ["count": t.number(desk.counts[.suspended] ?? 0)]),
                text: p { t.html("desk.suspended_text", ["date": t.timeElement(nearest)]) }
            ).html
        }
    }

    private func facts(_ t: Localiser) -> FactsStrip {
        let running = (desk.counts[.active] ?? 0) + (desk.counts[.pastDue] ?? 0)
        let total = desk.counts.values.reduce(0, +)
        let subscriptions = FactsStrip.Fact(
            t("operator.running"), .text(t.number(running)),
            note: .text(t("desk.of_all", ["count": t.number(total)])))
        guard desk.account.kind == .standard else { return FactsStrip(large: subscriptions, others: []) }
        return FactsStrip(
            large: FactsStrip.Fact(t("subscription.remaining"), t.moneyElement(timeline.timeline.credit)),
            others: [
                FactsStrip.Fact(t("subscription.outstanding"), t.moneyElement(desk.outstanding), note: debtNote(t)),
                FactsStrip.Fact(t("desk.paid_ever"), t.moneyElement(desk.paid)), subscriptions,
            ])
    }

    private func details(_ t: Localiser) -> HTML {
        let administrator = desk.account.administrator
        var items = [
            DetailList.Item(t("desk.account_id"), copyable(id, name: t("desk.account_id"), id: "account-id", t)),
            DetailList.Item(
                t("accounts.administrator"),
                group {
                    administrator.name
                    " "
                    copyable(administrator.email, name: t("sign_in.email"), id: "administrator-email", t)
                }),
            DetailList.Item(t("accounts.currency"), .text(desk.account.currency.code)),
            DetailList.Item(t("desk.zone"), .text(desk.account.zone.identifier)),
        ]
        if let enrollment = desk.account.enrollment {
            let url = PageRoute.enrollment.url(enrollment.description)
            items.append(
                DetailList.Item(t("shell.enrollment"), a(.href(url)) { desk.enrollmentName ?? enrollment.description }))
        }
        if let number = desk.externalNumber { items.append(DetailList.Item(t("desk.external_number"), identifier(number))) }
        return panel(t("desk.facts")) { DetailList(items).html }
    }

    /// What of it nobody can pay any more, and what was given up of the same kind.
    @HTMLBuilder
    private func debtNote(_ t: Localiser) -> HTML {
        if desk.lost.isPositive {
            a(.href(PageRoute.operatorAccount.url([id], fragment: "debts"))) {
                t("desk.debt_lost", ["amount": t.money(desk.lost)])
            }
        }
        if desk.writtenOff.isPositive {
            span(.class("sub")) { t("desk.debt_written_off", ["amount": t.money(desk.writtenOff)]) }
        }
    }

    // MARK: What it has

    @HTMLBuilder
    private func debts(_ t: Localiser) -> HTML {
        if !desk.debts.isEmpty {
            block(t("desk.debts"), id: "debts", note: .text(t("desk.debts_note"))) {
                DataTable(
                    t("desk.debts"),
                    columns: [
                        TableColumn(t("subscriptions.name")), TableColumn(t("desk.debt_since")),
                        TableColumn(t("subscription.outstanding"), isNumber: true), TableColumn(t("desk.debt_action")),
                    ],
                    rows: desk.debts.map { debt in
                        let id = debt.subscription
                        return TableRow([
                            group {
                                a(.class("row-link"), .href(SubscriptionLinks(account: desk.account.id, id: id).overview)) {
                                    t("subscriptions.erased_name")
                                }
                                span(.class("sub mono")) { id.description }
                            }, t.timeElement(debt.deletedAt), t.moneyElement(debt.amount),
                            a(.href(PageRoute.writeOffForm.url(id.description))) { t("write_off.action") },
                        ])
                    }
                ).html
            }
        }
    }

    private func subscriptions(_ t: Localiser) -> HTML {
        block(
            t("subscriptions.title"),
            tools: a(.href(PageRoute.subscriptions.url(id))) { t("desk.all_of", ["count": t.number(total)]) }
        ) {
            if desk.subscriptions.isEmpty {
                p(.class("note")) { t("subscriptions.empty_title") }
            } else {
                DataTable(
                    t("subscriptions.title"),
                    columns: [
                        TableColumn(t("subscriptions.name")), TableColumn(t("subscriptions.state")),
                        TableColumn(t("subscriptions.offer")), TableColumn(t("operator.deleted_on")),
                        TableColumn(t("subscriptions.remaining"), isNumber: true),
                    ],
                    rows: desk.subscriptions.map { TableRow(cells($0, t)) }
                ).html
            }
        }
    }

    /// The way to the whole of a list that is cut here, with how many there are; nothing where it is whole.
    @HTMLBuilder
    private func all(_ shown: Int, of count: Int, _ url: URLPath, _ t: Localiser) -> HTML {
        if count > shown {
            let most = AccountDesk.countedAtMost
            a(.href(url)) {
                t("desk.all_of", ["count": count > most ? t("list.more_than", ["count": t.number(most)]) : t.number(count)])
            }
        }
    }

    private func whole(_ part: AccountDesk.Part) -> URLPath {
        PageRoute.operatorAccount.url([id], query: [("whole", part.rawValue)], fragment: part.rawValue)
    }

    private var total: Int { desk.counts.values.reduce(0, +) }

    private func cells(_ subscription: Subscription, _ t: Localiser) -> [HTML] {
        [
            group {
                a(.class("row-link"), .href(subscription.links.overview)) {
                    subscription.shownName(t)
                }
                span(.class("sub mono")) { subscription.id.description }
            },
            group {
                t.pill(subscription.facts).html
                if subscription.state == .suspended {
                    span(.class("sub")) { t.words(subscription.facts.reasons.sorted) }
                }
            }, .text(t.word(subscription.offer)),
            subscription.state == .suspended ? subscription.facts.deleteAt.map { t.timeElement($0) } ?? t.nothing : t.nothing,
            subscription.offer == .enterprise ? t.nothing : t.moneyElement(subscription.remaining(at: desk.now)),
        ]
    }

    private func orders(_ t: Localiser) -> HTML {
        block(t("desk.orders"), tools: all(desk.orders.count, of: desk.orderCount, PageRoute.orders.url(id), t)) {
            if desk.orders.isEmpty {
                p(.class("note")) { t("desk.orders_none") }
            } else {
                DataTable(
                    t("desk.orders"),
                    columns: [
                        TableColumn(t("desk.order")), TableColumn(t("desk.order_for")), TableColumn(t("desk.order_placed")),
                        TableColumn(t("subscriptions.state")), TableColumn(t("desk.amount"), isNumber: true),
                        TableColumn(t("desk.paid"), isNumber: true),
                    ],
                    rows: desk.orders.map { order in
                        TableRow([
                            group {
                                a(.class("row-link"), .href(PageRoute.operatorOrder.url(order.id.description))) {
                                    t("desk.order_kind.\(order.kind)")
                                }
                                span(.class("sub mono")) { order.id.description }
                            }, .text(order.shownName(t)), t.timeElement(order.createdAt),
                            .text(t("desk.order_status.\(order.status)")), t.moneyElement(order.amount),
                            t.moneyElement(order.paid),
                        ])
                    }
                ).html
            }
        }
    }

    /// Payments on their way, and those that never came.
    @HTMLBuilder
    private func asked(_ t: Localiser) -> HTML {
        if !desk.asked.isEmpty {
            block(
                t("desk.asked"), note: .text(t("desk.asked_note")),
                tools: group {
                    all(desk.asked.count, of: desk.askedCount, PageRoute.payments.url(id), t)
                    a(.href(PageRoute.remittances.url())) { t("shell.remittances") }
                }
            ) {
                DataTable(
                    t("desk.asked"),
                    columns: [
                        TableColumn(t("desk.payment")), TableColumn(t("desk.method")), TableColumn(t("subscriptions.state")),
                        TableColumn(t("desk.expires")), TableColumn(t("desk.amount"), isNumber: true),
                        TableColumn(t("desk.received"), isNumber: true),
                    ],
                    rows: desk.asked.map { one in
                        TableRow([
                            group {
                                identifier(one.reference ?? one.id.description)
                                span(.class("sub")) { t.timeElement(one.createdAt) }
                            }, .text(t("desk.method_of.\(one.method)")), .text(t("desk.asked_status.\(one.status)")),
                            one.expiresAt.map { t.timeElement($0) } ?? t.nothing, t.moneyElement(one.amount),
                            group {
                                t.moneyElement(one.received)
                                if one.held.isPositive {
                                    span(.class("sub")) { t("payments.held_amount", ["amount": t.money(one.held)]) }
                                }
                            },
                        ])
                    }
                ).html
            }
        }
    }

    // MARK: Who

    private func people(_ t: Localiser) -> HTML {
        block(
            t("desk.people"), note: .text(t("desk.people_note")),
            tools: a(.href(PageRoute.members.url(id))) { t("shell.members") }
        ) {
            DataTable(
                t("desk.people"),
                columns: [TableColumn(t("desk.person")), TableColumn(t("desk.roles")), TableColumn(t("desk.view_as"))],
                rows: desk.members.map { member in
                    TableRow([
                        twoLines(member.person.name, member.person.email),
                        .text(member.roles.map(t.word).joined(separator: t("common.list_comma"))),
                        a(.href(PageRoute.viewAsForm.url(id, query: [("person", member.person.id.description)]))) {
                            t("desk.view_as_action", ["name": member.person.name])
                        },
                    ])
                }
            ).html
        }
    }

    private func notes(_ t: Localiser) -> HTML {
        let tools = all(desk.notes.count, of: desk.noteCount, whole(.notes), t)
        return block(t("desk.notes"), id: "notes", note: .text(t("desk.notes_note")), tools: tools) {
            if !desk.notes.isEmpty {
                ul(.class("notes")) { for note in desk.notes { li { written(note, t) } } }
            }
            form(.class("form"), .method(.post), .action(PageRoute.addAccountNote.url(id)), .novalidate) {
                tokens.fields
                TextArea("body", t("desk.note_new"), value: note, maxlength: 2000).html(problems, t)
                div(.class("actions")) { submitButton(t("desk.note_add"), .plain) }
            }
        }
    }

    private func written(_ note: AccountNote, _ t: Localiser) -> HTML {
        group {
            p(.class("note")) {
                t.timeElement(note.createdAt)
                " · "
                note.authorName ?? t("actor.key")
            }
            if let body = note.body {
                p { body }
                ActionForm(
                    t("desk.note_erase"), action: PageRoute.eraseAccountNote.url(id, note.id.description),
                    tokens: FormTokens(csrf: tokens.csrf, idempotencyKey: tokens.idempotencyKey)
                ).html
            } else {
                p(.class("faint")) { t("desk.note_erased") }
            }
        }
    }

    @HTMLBuilder
    private func visitors(_ t: Localiser) -> HTML {
        if !desk.visitors.isEmpty {
            let tools = all(desk.visitors.count, of: desk.visitorCount, whole(.visitors), t)
            block(t("desk.visitors"), id: "visitors", note: .text(t("desk.visitors_note")), tools: tools) {
                VisitorTable(visitors: desk.visitors).html(t)
            }
        }
    }
}

/// Who of the provider looked at the account, as whom, why and how long.
struct VisitorTable: Sendable {
    let visitors: [AccountDesk.Visitor]

    func html(_ t: Localiser) -> HTML {
        DataTable(
            t("desk.visitors"),
            columns: [
                TableColumn(t("desk.visit_from")), TableColumn(t("desk.visit_until")), TableColumn(t("desk.visit_who")),
                TableColumn(t("desk.visit_as")), TableColumn(t("desk.visit_why")),
            ],
            rows: visitors.map { visit in
                TableRow([
                    t.realTimeElement(visit.startedAt), t.realTimeElement(visit.endedAt ?? visit.endsAt),
                    .text(visit.operatorName),
                    .text(visit.personName), .text(visit.reason),
                ])
            }
        ).html
    }
}
