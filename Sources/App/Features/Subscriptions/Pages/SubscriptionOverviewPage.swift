import Billing
import HTML
import Values

/// One subscription: what is there, what will happen, what can be done (A4, A6, A10).
package struct SubscriptionOverviewPage: Page {
    package struct Person: Sendable {
        package let name: String
        package let email: String

        package init(name: String, email: String) {
            self.name = name
            self.email = email
        }
    }

    package struct Partner: Sendable {
        package let code: String
        package let companyName: String

        package init(code: String, companyName: String) {
            self.code = code
            self.companyName = companyName
        }
    }

    package struct Lot: Sendable {
        package let orderID: String
        package let boughtAt: Instant
        package let expiresAt: Instant
        package let amount: Money
        package let remaining: Money
        package let isTrial: Bool

        package init(orderID: String, boughtAt: Instant, expiresAt: Instant, amount: Money, remaining: Money, isTrial: Bool) {
            self.orderID = orderID
            self.boughtAt = boughtAt
            self.expiresAt = expiresAt
            self.amount = amount
            self.remaining = remaining
            self.isTrial = isTrial
        }
    }

    /// The subscription's own credit: trial and prepaid.
    package struct Credit: Sendable {
        package let remaining: Money
        package let outstanding: Money
        /// What was owed at the deletion and given up since.
        package var writtenOff: (amount: Money, at: Instant)?
        /// The expiry of the last live lot, and the civil days until then.
        package let expiresAt: Instant?
        package let daysLeft: Int?
        /// Live lots first to be used first; spent and expired ones behind them.
        package let lots: [Lot]
        /// The lots' amounts together.
        package let bought: Money
        /// The part of `bought` that nobody paid for.
        package var given: Money?
        /// The mean of the last ten complete days, where there is one.
        package let daily: Money?
        /// How fast it goes, and how it ends at that rate.
        package var burn: BurnRate.Measured?
        package var runOut: RunOut?

        package init(
            remaining: Money, outstanding: Money, expiresAt: Instant?, daysLeft: Int?, lots: [Lot], bought: Money, daily: Money?
        ) {
            self.remaining = remaining
            self.outstanding = outstanding
            self.expiresAt = expiresAt
            self.daysLeft = daysLeft
            self.lots = lots
            self.bought = bought
            self.daily = daily
        }
    }

    /// The enrollment that pays for an enterprise subscription.
    package struct Commitment: Sendable {
        package let enrollment: NavigationItem
        /// Whether the reader may see the enrollment's own page; its name is shown to everybody who sees the subscription.
        package var isEnrollmentOpen = true
        package let total: Money
        package let remaining: Money
        package let endsOn: CivilDate
        package let department: String?

        package init(enrollment: NavigationItem, total: Money, remaining: Money, endsOn: CivilDate, department: String?) {
            self.enrollment = enrollment
            self.total = total
            self.remaining = remaining
            self.endsOn = endsOn
            self.department = department
        }
    }

    /// One thing that happens if nobody does anything, with the amount that it is about.
    package struct Next: Sendable {
        package let consequence: Consequence
        package let amount: Money?
        /// Follows from the burn rate and not from a stored date.
        package var isEstimate = false
        /// The end of a trial's lot.
        package var isOfTrial = false

        package init(_ consequence: Consequence, amount: Money? = nil) {
            self.consequence = consequence
            self.amount = amount
        }
    }

    package enum Usage: Sendable {
        case days(UsageChart)
        /// Nothing was used in these days.
        case nothing
        case failed(retry: URLPath)
        /// Gone with the subscription (L3).
        case erased
    }

    package struct Ways: Sendable {
        package var pay = Way.hidden
        package var upgrade = Way.hidden
        package var edit = Way.hidden
        package var partner = Way.hidden
        package var cancel = Way.hidden
        package var move = Way.hidden
        package var stays = Way.hidden
        package var suspend = Way.hidden
        package var reactivate = Way.hidden
        package var writeOff = Way.hidden
        /// What stands to be lifted is a cancellation.
        package var isRecovery = false
        package var certificate = Way.hidden
        package var download = Way.hidden
        package var confirmServices: (action: URLPath, tokens: FormTokens)?

        package init() {}

        func reactivation(_ t: Localiser) -> String { t(isRecovery ? "recover.action" : "reactivate.action") }
    }

    package var crumbs: Breadcrumbs
    package var id: String
    package var orderID: String
    package var name: String?
    package var offer: Offer
    package var state: SubscriptionState
    package var reasons: [SuspensionReason] = []
    package var purchasedAt: Instant
    package var suspendedAt: Instant?
    package var deleteAt: Instant?
    package var deletedAt: Instant?
    /// When an unpaid order lapses.
    package var lapseAt: Instant?
    package var servicesConfigured = true
    package var accountAdministrator: Person
    package var serviceAdministrator: Person?
    package var partner: Partner?
    package var policy: OfferPolicy
    package var credit: Credit?
    package var commitment: Commitment?
    package var thisMonth: Money?
    package var lastMonth: Money?
    /// Used and not billed yet; of what an agreement pays.
    package var unbilled: UnbilledEstimate?
    /// An order that was never paid (L11).
    package var isLapsed = false
    /// An order that was never paid was placed, and nothing purchased (L11).
    var isPurchased: Bool { state != .pending && !isLapsed }
    /// Who can lift what nobody else can.
    package var provider = ""
    /// Credit that goes with the deletion.
    package var forfeited: Money?
    /// Payments that are waited for.
    package var awaited: [AwaitedPayment] = []
    /// When the credit ends if nothing more is used, where an estimate says that it ends before.
    package var latestEnd: Instant?
    /// This subscription's other pages, and where all its usage is.
    package var sections: SectionLinks?
    package var usagePage: URLPath?
    package var usage: Usage
    package var next: [Next] = []
    package var ways = Ways()

    package init(
        crumbs: Breadcrumbs, id: String, orderID: String, name: String?, offer: Offer, state: SubscriptionState,
        purchasedAt: Instant, accountAdministrator: Person, policy: OfferPolicy, usage: Usage
    ) {
        self.crumbs = crumbs
        self.id = id
        self.orderID = orderID
        self.name = name
        self.offer = offer
        self.state = state
        self.purchasedAt = purchasedAt
        self.accountAdministrator = accountAdministrator
        self.policy = policy
        self.usage = usage
    }

    package func title(_ t: Localiser) -> String { shownName(t) }

    func shownName(_ t: Localiser) -> String { name ?? t(isLapsed ? "subscriptions.lapsed_name" : "subscriptions.erased_name") }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            heading(t).html
            sections?.html ?? .empty
            stateBanner(t)
            for payment in awaited { payment.banner(t).html }
            servicesBanner(t)
            facts(t)
            div(.class("columns")) {
                futurePanel(t)
                div(.class("column-main")) {
                    usageBlock(t)
                    creditBlock(t)
                    commitmentBlock(t)
                }
                detailsPanel(t)
            }
        }
    }

    private func heading(_ t: Localiser) -> PageHeading {
        let lede = t.html(
            isPurchased ? "subscription.lede" : "subscription.lede_lapsed", ["date": t.longDateElement(purchasedAt)],
            ["offer": t("offer.\(offer.rawValue)_long")])
        return PageHeading(
            shownName(t), pill: isLapsed ? StatePill(t("state.lapsed"), .quiet, .cross) : t.pill(state), lede: lede,
            actions: actions(t))
    }

    /// What can be done, the likeliest first. Where a banner above asks for money already, the heading does not ask again.
    private func actions(_ t: Localiser) -> [ActionLink] {
        let isAskedAbove = state == .suspended || state == .pending
        return [
            isAskedAbove ? nil : ways.upgrade.action(t("payment.upgrade_action"), .primary),
            isAskedAbove ? nil : ways.pay.action(t("payment.action"), .primary),
            ways.edit.action(t("edit.action")),
        ].compactMap { $0 }
    }
}
