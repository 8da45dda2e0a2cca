import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A member as lists show her.
package struct ListedMember: Sendable {
    let member: Member
    /// Invitations live on real time.
    let realNow: Instant
    /// Without her nobody would administer the agreement.
    var isLast = false

    var state: Member.State { member.state(at: realNow) }
    fileprivate var links: MemberLinks { MemberLinks(account: member.account, enrollment: member.enrollment) }
}

extension ListedMember {
    /// The people of an account or an agreement with their roles, the one last named first.
    package static let list = ListDescription<ListedMember>(
        name: "members", endpoint: .listMembers, table: "m", idColumn: "m.id", id: { $0.member.id.uuid },
        place: { ask in MemberQueries.source(ask.tenant, try await MemberPlaces.within(ask)) },
        select: { "select \(Member.columns) \($0)" },
        decode: { rows, context in
            let realNow = context.dependencies.realNow()
            return try rows.map { ListedMember(member: try Member($0), realNow: realNow) }
        },
        enrich: { rows, context in
            let one = rows.first { $0.member.role == .enterpriseAdministrator && $0.member.isGranted }
            guard let one, try await EnterpriseAdministrators.isLast(one.member, context) else { return rows }
            return rows.map { ListedMember(member: $0.member, realNow: $0.realNow, isLast: $0.member.id == one.member.id) }
        },
        // Who may see them is asked of the place as a whole.
        visible: { _ in "" },
        orders: [
            .newest("created_at", "m.created_at") { $0.member.createdAt },
            .alphabetical("name", nameKey) { $0.key },
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "Part of a name or of an e-mail address.",
                .search(hint: "members.search_hint")
            ) { text, _ in
                let q = text.trimmingBlankSpace()
                return """
                    (position(lower(\(q)) in u.email) > 0 \
                    or position(lower(\(q)) in lower(u.first_name || ' ' || u.last_name)) > 0 \
                    or position(lower(\(q)) in lower(u.last_name || u.first_name)) > 0)
                    """
            },
            ListFilter(
                "role", label: "members.role", .word(roles.map(\.rawValue)), "", .choices
            ) { value, _ in "m.role = \(value)" },
            ListFilter(
                "state", label: "members.state", .word(states.map(\.rawValue)), "",
                .words(states.map(\.rawValue)) { $1("members.state_\($0)") }
            ) { value, ask in
                Member.State(rawValue: value).map { MemberPlaces.condition($0, at: ask.context.dependencies.realNow()) }
                    ?? "false"
            },
            ListFilter("account_id", label: "subscriptions.account", .id("acc"), "Default: the key's account.") { _, _ in "true"
            },
            ListFilter("enrollment_id", label: "shell.enrollment", .id("enr")) { _, _ in "true" },
        ] + ListFilter.created("m.created_at"),
        columns: shownColumns + furtherColumns, write: { row, _, json in row.member.write(to: &json, at: row.realNow) })

    /// Her name in small letters, the family's first, or her address where she has none; what `key` says in Swift.
    private static let nameKey = "lower(coalesce(nullif(btrim(u.last_name || ' ' || u.first_name), ''), u.email)) collate \"C\""
    private var key: String {
        let name = "\(member.person.lastName) \(member.person.firstName)".trimmingBlankSpace()
        return name.isEmpty ? member.person.email : name
    }

    static let roles: [Role] = [.accountAdministrator, .finance, .reader, .serviceAdministrator, .enterpriseAdministrator]
    private static let states: [Member.State] = [.active, .invited, .invitationExpired, .noSignIn]

    // MARK: Columns

    private static let shownColumns: [ListColumn<ListedMember>] = [
        ListColumn(
            "name", "members.name", order: "name",
            cell: { row, _ in twoLines(row.member.person.name, row.member.person.email) },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.member.id.description) },
                FileColumn("name", "members.name") { row, _ in .text(row.member.person.name) },
                FileColumn("email", "members.email") { row, _ in .text(row.member.person.email) },
            ]),
        ListColumn(
            "role", "members.role", cell: { row, reader in .text(reader.t.word(row.member.role)) },
            file: [
                FileColumn("role", "members.role", code: { $0.member.role.rawValue }, words: { $1.t.word($0.member.role) })
            ]),
        ListColumn(
            "scope", "members.scope", cell: { row, reader in row.scope(reader.t) },
            file: [
                FileColumn("subscription_id", "orders.subscription_id") { row, _ in .text(row.member.subscription?.description) },
                FileColumn("subscription", "subscriptions.name") { row, _ in .text(row.member.placeName) },
            ]),
        ListColumn(
            "state", "members.state",
            cell: { row, reader in
                let until = [.invited, .invitationExpired].contains(row.state) ? row.member.invitation?.expiresAt : nil
                return group {
                    reader.t.pill(row.state).html
                    if let until {
                        span(.class("sub")) { reader.t.html("members.until", ["date": reader.t.realTimeElement(until)]) }
                    }
                }
            },
            file: [
                FileColumn(
                    "state", "members.state", code: { $0.state.rawValue },
                    words: { $1.t("members.state_\($0.state.rawValue)") }),
                FileColumn("invitation_expires_at", "members.invited_until") { row, _ in
                    .instant(row.member.invitation?.expiresAt)
                },
            ]),
        ListColumn(
            "two_factor", "members.two_factor",
            cell: { row, reader in .text(reader.t(row.member.hasSecondFactor ? "members.on" : "members.off")) },
            file: [
                FileColumn(
                    "two_factor", "members.two_factor", code: { String($0.member.hasSecondFactor) },
                    words: { $1.t($0.member.hasSecondFactor ? "members.on" : "members.off") })
            ]),
        ListColumn(
            "last_seen_at", "members.seen",
            cell: { row, reader in row.member.seenAt.map(reader.t.realTimeElement) ?? .text(reader.t("members.never")) },
            file: [FileColumn("last_seen_at", "members.seen") { row, _ in .instant(row.member.seenAt) }]),
        ListColumn("actions", "members.actions", cell: { row, reader in row.actions(reader) }, file: []),
    ]

    /// For whoever asks for it.
    private static let furtherColumns: [ListColumn<ListedMember>] = [
        ListColumn(
            "created_at", "members.since", order: "created_at", isShownFirst: false,
            cell: { row, reader in reader.t.timeElement(row.member.createdAt) },
            file: [FileColumn("created_at", "members.since") { row, _ in .instant(row.member.createdAt) }])
    ]

    private func scope(_ t: Localiser) -> HTML {
        guard let id = member.subscription, let account = member.account else {
            return .text(t(member.place == .enrollment ? "members.whole_enrollment" : "members.whole_account"))
        }
        return a(.href(SubscriptionLinks(account: account, id: id).overview)) { member.placeName ?? id.description }
    }

    /// What the page offers beside her; those who reach the page may all of it.
    private func actions(_ reader: ListReader) -> HTML {
        let t = reader.t
        var ways: [ActionLink] = []
        if let id = member.subscription, let account = member.account {
            ways = [ActionLink(t("members.change"), SubscriptionLinks(account: account, id: id)(.editForm))]
        } else if member.role != .accountAdministrator {
            if member.place == .account { ways.append(ActionLink(t("members.change"), links.role(member.id))) }
            ways.append(
                ActionLink(
                    t(member.isGranted ? "members.remove" : "members.withdraw"), links.remove(member.id),
                    unavailableBecause: isLast ? t("error.last_enterprise_administrator.detail") : nil))
        }
        let resend =
            state == .active
            ? nil
            : reader.tokens.map { tokens in
                ActionForm(
                    t(member.invitation == nil ? "members.send_first" : "members.send_again"), action: links.resend(member.id),
                    tokens: tokens())
            }
        let shown = ways
        return group {
            for (index, action) in shown.enumerated() {
                if index > 0 { " · " }
                action.link
            }
            if let resend { resend.html }
            if shown.isEmpty, resend == nil { t.nothing }
        }
    }
}

/// Whose members a list is of, for somebody who may manage them.
enum MemberPlaces {
    /// A place that is not theirs shows nothing.
    /// - Throws: where the role may not have the list; `required` (400) where nobody says which place.
    static func within(_ ask: ListAsk) async throws -> MemberQueries.Within {
        let context = ask.context
        if let id = ask.values["enrollment_id"].flatMap({ EnrollmentID($0) }) {
            let roles = context.principal.roles(on: Belonging(enrollment: id))
            guard !roles.isEmpty else { return .account(AccountID(.zero)) }
            try TenantContext.require(.manageMembers, of: roles, in: .enterprise)
            return .enrollment(id)
        }
        guard let id = ask.values["account_id"].flatMap({ AccountID($0) }) ?? context.principal.ownAccount else {
            throw Failure.malformed(code: "required", pointer: "?account_id")
        }
        let rows = try await context.read(Account.one(ask.tenant, id)).rows
        guard let account = try rows.first.map(Account.init) else { return .account(AccountID(.zero)) }
        let roles = context.principal.roles(on: account.belonging)
        guard !roles.isEmpty else { return .account(AccountID(.zero)) }
        try TenantContext.require(.manageMembers, of: roles, in: account.kind)
        return .account(id)
    }

    static func condition(_ state: Member.State, at now: Instant) -> SQL {
        let canSignIn: SQL =
            "exists (select from identity.sign_ins i where i.tenant_id = u.tenant_id and i.user_id = u.id and i.password_hash is not null)"
        return switch state {
        case .active: "m.is_granted and \(canSignIn)"
        case .invited: "not (m.is_granted and \(canSignIn)) and n.expires_at > \(now)"
        case .invitationExpired: "not (m.is_granted and \(canSignIn)) and n.expires_at <= \(now)"
        case .noSignIn: "m.is_granted and not \(canSignIn) and n.id is null"
        case .removed: "false"
        }
    }
}
