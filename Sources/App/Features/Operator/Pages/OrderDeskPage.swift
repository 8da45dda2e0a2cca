import Billing
import HTML
import Values

/// `/operator/orders/{id}`: was it paid, what did the payment do, and how does the subscription stand now.
struct OrderDeskPage: Page {
    var crumbs: Breadcrumbs
    var desk: OrderDesk

    private var subscription: Subscription { desk.subscription }

    func title(_ t: Localiser) -> String { t("desk.order_title", ["kind": t("desk.order_kind.\(desk.order.kind)")]) }

    func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(
                title(t), lede: .text(t("desk.order_lede.\(desk.order.status)")),
                actions: [
                    ActionLink(t("desk.order_subscription"), subscription.links.overview, .primary),
                    ActionLink(t("desk.order_account"), PageRoute.operatorAccount.url(desk.order.account.description)),
                ]
            ).html
            standing(t)
            facts(t)
            payments(t)
            if !desk.lots.isEmpty { lots(t) }
        }
    }

    /// The answer in one banner.
    private func standing(_ t: Localiser) -> HTML {
        let name = subscription.shownName(t)
        let reasons = t.words(subscription.facts.reasons.sorted)
        switch subscription.state {
        case .active, .pastDue:
            return Banner(.good, title: t("desk.standing_active", ["name": name])).html
        case .pending:
            return Banner(
                .info, title: t("desk.standing_pending", ["name": name]),
                text: p {
                    t.html("desk.standing_lapses", ["date": subscription.facts.lapseAt.map { t.timeElement($0) } ?? t.nothing])
                }
            ).html
        case .suspended:
            return Banner(
                .bad, title: t("desk.standing_suspended", ["name": name, "reasons": reasons]),
                text: p {
                    t.html("desk.standing_until", ["date": subscription.facts.deleteAt.map { t.timeElement($0) } ?? t.nothing])
                }
            ).html
        case .deleted:
            return Banner(
                .bad, title: t(subscription.facts.isLapsed ? "desk.standing_lapsed" : "desk.standing_deleted", ["name": name])
            ).html
        }
    }

    private func facts(_ t: Localiser) -> HTML {
        panel(t("desk.facts")) {
            DetailList([
                DetailList.Item(
                    t("desk.order"), copyable(desk.order.id.description, name: t("desk.order"), id: "order-id", t)),
                DetailList.Item(t("subscriptions.state"), .text(t("desk.order_status.\(desk.order.status)"))),
                DetailList.Item(t("desk.amount"), t.moneyElement(desk.order.amount)),
                DetailList.Item(t("desk.order_placed"), t.timeElement(desk.order.createdAt)),
                DetailList.Item(t("desk.order_completed"), desk.order.completedAt.map { t.timeElement($0) } ?? t.nothing),
                DetailList.Item(
                    t("subscriptions.account"),
                    a(.href(PageRoute.operatorAccount.url(desk.order.account.description))) { subscription.accountName }),
                DetailList.Item(
                    t("desk.subscription_id"),
                    copyable(subscription.id.description, name: t("desk.subscription_id"), id: "subscription-id", t)),
            ]).html
        }
    }

    private func payments(_ t: Localiser) -> HTML {
        block(t("desk.payments"), note: desk.payments.isEmpty ? .text(t("desk.payments_none")) : .empty) {
            if !desk.payments.isEmpty {
                DataTable(
                    t("desk.payments"),
                    columns: [
                        TableColumn(t("desk.payment")), TableColumn(t("history.when")), TableColumn(t("desk.method")),
                        TableColumn(t("desk.amount"), isNumber: true), TableColumn(t("desk.debt_paid"), isNumber: true),
                        TableColumn(t("desk.became_credit"), isNumber: true),
                    ],
                    rows: desk.payments.map { payment in
                        TableRow([
                            identifier(payment.id.description), t.timeElement(payment.paidAt),
                            .text(t("desk.method_of.\(payment.method)")), t.moneyElement(payment.amount),
                            t.moneyElement(payment.debtPaid),
                            t.moneyElement(
                                Money(minor: payment.amount.minor - payment.debtPaid.minor, currency: payment.amount.currency)),
                        ])
                    }
                ).html
            }
        }
    }

    private func lots(_ t: Localiser) -> HTML {
        block(t("desk.bought")) {
            DataTable(
                t("desk.bought"),
                columns: [
                    TableColumn(t("desk.lot")), TableColumn(t("desk.lot_expires")), TableColumn(t("desk.amount"), isNumber: true),
                    TableColumn(t("subscriptions.remaining"), isNumber: true),
                ],
                rows: desk.lots.map { lot in
                    TableRow([
                        identifier(lot.credit.id.description), t.timeElement(lot.credit.expiresAt),
                        t.moneyElement(lot.credit.amount), t.moneyElement(lot.credit.remaining),
                    ])
                }
            ).html
        }
    }
}
