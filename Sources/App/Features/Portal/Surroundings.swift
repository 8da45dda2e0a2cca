import Billing
import FoundationEssentials
import Postgres
import Values

/// The person's world as every page's shell needs it: the tenant's time, the accounts and agreements she has a role in, and what she serves.
/// One unit, one flush.
struct Surroundings: Sendable {
    struct OwnAccount: Sendable {
        let id: AccountID
        let name: String
        let kind: AccountKind
        let roles: Set<Role>
        /// Whether its agreement is hers too: she then reaches it from there.
        let isWithinOwnEnrollment: Bool
    }
    struct OwnEnrollment: Sendable {
        let id: EnrollmentID
        let name: String
    }

    /// A person with more roles than this changes accounts through lists, not through the shell's menu.
    static let shownAtMost = 12

    let now: Instant
    let accounts: [OwnAccount]
    let enrollments: [OwnEnrollment]
    /// Whether she serves a subscription of an account that she has no other role in.
    let servesElsewhere: Bool

    static func load(_ context: TenantContext) async throws -> Surroundings {
        guard case .user(let id, _, _, let grants) = context.principal, !grants.isOperator else {
            return Surroundings(now: try await context.now(), accounts: [], enrollments: [], servesElsewhere: false)
        }
        let tenant = context.tenant.id
        let granted = grants.accounts.keys.sorted()
        let only: SQL = grants.viewing.map { "and a.id = \($0.account)" } ?? ""
        let served: SQL = grants.viewing.map { "and s.account_id = \($0.account)" } ?? ""
        let (now, rows) = try await context.read([
            """
            select a.id, a.name, a.kind, a.administrator_id, a.enrollment_id from accounts a where a.tenant_id = \(tenant) \
            and (a.administrator_id = \(id) or a.id = any(\(granted))) \(only) order by a.name, a.id limit \(Int64(shownAtMost))
            """,
            """
            select id, name from enrollments where tenant_id = \(tenant) and id = any(\(grants.enrollments.sorted())) \
            order by name, id limit \(Int64(shownAtMost))
            """,
            """
            select exists (select from subscriptions s where s.tenant_id = \(tenant) and s.service_administrator_id = \(id) \(served) \
            and not s.account_id = any(array(select v.id from accounts v where v.tenant_id = \(tenant) and v.administrator_id = \(id))) \
            and not s.account_id = any(\(granted)) \
            and (s.enrollment_id is null or not s.enrollment_id = any(\(grants.enrollments.sorted()))))
            """,
        ])
        let accounts = try rows[0].map { row in
            var column = Columns(row)
            let account: AccountID = try column.next()
            let name: String = try column.next()
            let kind: AccountKind = try column.next()
            let administrator: UserID = try column.next()
            let enrollment: EnrollmentID? = try column.next()
            return OwnAccount(
                id: account, name: name, kind: kind,
                roles: (grants.accounts[account] ?? []).union(administrator == id ? [.accountAdministrator] : []),
                isWithinOwnEnrollment: enrollment.map(grants.enrollments.contains) ?? false)
        }
        let enrollments = try rows[1].map { row in
            var column = Columns(row)
            return OwnEnrollment(id: try column.next(), name: try column.next())
        }
        return Surroundings(now: now, accounts: accounts, enrollments: enrollments, servesElsewhere: try rows[2][0].get(0))
    }

    /// The accounts that are a place of their own to begin at.
    var ownAccounts: [OwnAccount] { accounts.filter { !$0.isWithinOwnEnrollment } }

    /// The role to show beside a name: the widest one.
    func widestRole(_ principal: Principal) -> Role {
        if principal.isOperator { return .operator }
        if !enrollments.isEmpty { return .enterpriseAdministrator }
        let roles = accounts.reduce(into: Set<Role>()) { $0.formUnion($1.roles) }
        return [.accountAdministrator, .finance, .reader].first(where: roles.contains) ?? .serviceAdministrator
    }
}
