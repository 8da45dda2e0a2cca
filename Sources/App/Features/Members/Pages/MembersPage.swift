import Billing
import HTML
import Values

/// The people of an account or an agreement: who, as what, where, and whether she can sign in yet.
package struct MembersPage: Page {
    package struct Row: Sendable {
        package var id: String
        package var name: String
        package var email: String
        package var role: Role
        /// A subscription's name, where the role is for one alone.
        package var subscription: NavigationItem?
        package var state: Member.State
        package var invitedUntil: Instant?
        package var hasSecondFactor: Bool
        package var seenAt: Instant?
        package var actions: [ActionLink] = []
        package var resend: ActionForm?

        package init(
            id: String, name: String, email: String, role: Role, state: Member.State, hasSecondFactor: Bool, seenAt: Instant?
        ) {
            self.id = id
            self.name = name
            self.email = email
            self.role = role
            self.state = state
            self.hasSecondFactor = hasSecondFactor
            self.seenAt = seenAt
        }
    }

    package var ownerName: String
    /// What the whole place is called in the column of scopes.
    package var wholeScope: String
    package var filters: FilterBar
    package var rows: [Row]
    package var pager: Pager
    package var actions: [ActionLink]

    package init(ownerName: String, wholeScope: String, filters: FilterBar, rows: [Row], pager: Pager, actions: [ActionLink]) {
        self.ownerName = ownerName
        self.wholeScope = wholeScope
        self.filters = filters
        self.rows = rows
        self.pager = pager
        self.actions = actions
    }

    package func title(_ t: Localiser) -> String { t("members.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(t("members.title"), lede: .text(t("members.lede", ["owner": ownerName])), actions: actions).html
            filters.html(t)
            if rows.isEmpty {
                EmptyState.filteredOut(title: t("members.filtered_title"), clear: filters.action).html(t)
            } else {
                table(t).html
                pager.html(t)
                if rows.count == 1, filters.chips.isEmpty, let invite = actions.first {
                    EmptyState.neverHad(title: t("members.alone_title"), text: t("members.alone_text"), action: invite).html(t)
                }
            }
        }
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("members.title"),
            columns: [
                TableColumn(t("members.name")), TableColumn(t("members.role")), TableColumn(t("members.scope")),
                TableColumn(t("members.state")), TableColumn(t("members.two_factor")), TableColumn(t("members.seen")),
                TableColumn(t("members.actions")),
            ],
            rows: rows.map { TableRow(id: $0.id, cells($0, t)) })
    }

    private func cells(_ row: Row, _ t: Localiser) -> [HTML] {
        [
            twoLines(row.name, row.email), .text(t.word(row.role)),
            row.subscription.map { item in a(.href(item.url)) { item.label } } ?? .text(wholeScope),
            group {
                t.pill(row.state).html
                if let until = row.invitedUntil {
                    span(.class("sub")) { t.html("members.until", ["date": t.timeElement(until)]) }
                }
            },
            .text(t(row.hasSecondFactor ? "members.on" : "members.off")),
            row.seenAt.map(t.timeElement) ?? .text(t("members.never")),
            group {
                for (index, action) in row.actions.enumerated() {
                    if index > 0 { " · " }
                    action.link
                }
                if let resend = row.resend { resend.html }
                if row.actions.isEmpty, row.resend == nil { t.nothing }
            },
        ]
    }
}

extension Localiser {
    /// A member's state as word, shape and colour.
    func pill(_ state: Member.State) -> StatePill {
        let word = self("members.state_\(state.rawValue)")
        return switch state {
        case .active: StatePill(word, .good, .disc)
        case .invited: StatePill(word, .info, .ring)
        case .invitationExpired: StatePill(word, .warn, .triangle)
        case .noSignIn: StatePill(word, .warn, .ring)
        case .removed: StatePill(word, .quiet, .cross)
        }
    }
}
