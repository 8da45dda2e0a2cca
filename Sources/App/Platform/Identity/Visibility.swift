import Billing
import FoundationEssentials
import Postgres
import Values

/// Section 7 as conditions of lists: operators see all of their tenant; a key its account; a person her accounts, her enrollments and the subscriptions
/// she serves. What a list does not show, a look-up answers with "not found"; the two are tested against each other.
enum Visibility {
    /// Whoever looks in a person's stead sees the one account that she looks at, whatever else is that person's.
    private static func only(_ grants: Grants, _ column: SQL) -> SQL {
        grants.viewing.map { "and \(column) = \($0.account)" } ?? ""
    }

    /// For `accounts` called `a`.
    static func ofAccounts(to principal: Principal) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, let account, let role, _): role == .operator ? "" : "and a.id = \(account ?? AccountID(.zero))"
        case .user(let id, _, _, let grants):
            grants.isOperator
                ? ""
                : """
                and (a.administrator_id = \(id) or a.enrollment_id = any(\(grants.enrollments.sorted())) \
                or a.id = any(\(grants.accounts.keys.sorted()))) \(only(grants, "a.id"))
                """
        }
    }

    /// For `subscriptions` called `s`.
    static func ofSubscriptions(to principal: Principal, _ tenant: TenantID) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, let account, let role, _): role == .operator ? "" : "and s.account_id = \(account ?? AccountID(.zero))"
        case .user(let id, _, _, let grants):
            grants.isOperator
                ? ""
                : """
                and (s.service_administrator_id = \(id) or s.enrollment_id = any(\(grants.enrollments.sorted())) \
                or s.account_id = any(\(grants.accounts.keys.sorted())) \
                or s.account_id = any(array(select v.id from accounts v where v.tenant_id = \(tenant) and v.administrator_id = \(id)))) \
                \(only(grants, "s.account_id"))
                """
        }
    }

    /// For `orders` called `o`: those of the subscriptions that the principal may see.
    static func ofOrders(to principal: Principal, _ tenant: TenantID) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, let account, let role, _): role == .operator ? "" : "and o.account_id = \(account ?? AccountID(.zero))"
        case .user(_, _, _, let grants):
            grants.isOperator
                ? ""
                : """
                and exists (select from subscriptions s where s.tenant_id = \(tenant) and s.id = o.subscription_id \
                \(ofSubscriptions(to: principal, tenant)))
                """
        }
    }

    /// A person's own places, one condition each: the subscriptions that she serves, each of her accounts, each of her enrollments. Nil for whoever sees
    /// everything or one account, and where there are too many of them.
    static func footholdsOfSubscriptions(_ ask: ListAsk) async throws -> [SQL]? {
        guard let own = try await places(ask.context) else { return nil }
        // Where only such are asked for as no agreement has, an agreement is no place to look.
        let isElsewhere =
            ask.values["offer"].flatMap { Offer(rawValue: $0) }?.isOfAgreement == false
            || ask.values["state"] == Subscription.lapsed
        let agreements = isElsewhere ? [] : own.enrollments
        return ["s.service_administrator_id = \(own.person)"] + agreements.map { "s.enrollment_id = \($0)" }
            + own.accounts.map { "s.account_id = \($0)" }
    }

    private static func places(_ context: TenantContext) async throws
        -> (person: UserID, enrollments: [EnrollmentID], accounts: [AccountID])?
    {
        guard case .user(let id, _, _, let grants) = context.principal, !grants.isOperator, grants.viewing == nil else {
            return nil
        }
        let most = 24
        let rows = try await context.read(
            "select id from accounts where tenant_id = \(context.tenant.id) and administrator_id = \(id) order by id limit \(Int64(most + 1))"
        ).rows
        let accounts = Set(try rows.map { try $0.get(0, as: AccountID.self) }).union(grants.accounts.keys)
        guard accounts.count + grants.enrollments.count <= most else { return nil }
        return (id, grants.enrollments.sorted(), accounts.sorted())
    }

    /// For `mails` called `m` beside their `accounts` called `a`: a person's own letters, and those about the accounts that she sees. Whoever serves a
    /// subscription is written to about it; what others are told of its payments is theirs. Whoever looks in her stead sees those of the one account.
    static func ofNotifications(to principal: Principal) -> SQL {
        guard case .user(let id, _, _, let grants) = principal, !grants.isOperator else { return ofAccounts(to: principal) }
        return """
            and (m.user_id = \(id) or a.administrator_id = \(id) \
            or a.enrollment_id = any(\(grants.enrollments.sorted())) or m.account_id = any(\(grants.accounts.keys.sorted()))) \
            \(only(grants, "m.account_id"))
            """
    }

    static func footholdsOfNotifications(_ context: TenantContext) async throws -> [SQL]? {
        guard let own = try await places(context) else { return nil }
        return ["m.user_id = \(own.person)"] + own.enrollments.map { "m.enrollment_id = \($0)" }
            + own.accounts.map { "m.account_id = \($0)" }
    }

    /// For `outbox_events` called `e`: what happened to the accounts that the principal has a role on.
    static func ofEvents(to principal: Principal, _ tenant: TenantID) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, let account, let role, _): role == .operator ? "" : "and e.account_id = \(account ?? AccountID(.zero))"
        case .user:
            principal.isOperator
                ? ""
                : "and e.account_id in (select a.id from accounts a where a.tenant_id = \(tenant) \(ofAccounts(to: principal)))"
        }
    }

    /// For `enrollments`.
    static func ofEnrollments(to principal: Principal) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, _, let role, _): role == .operator ? "" : "and false"
        case .user(_, _, _, let grants): grants.isOperator ? "" : "and id = any(\(grants.enrollments.sorted()))"
        }
    }

    /// For `audit_events` called `e`: the account's or its enrollment's administrators see what concerns the account, and the latter what concerns the
    /// enrollment itself.
    static func ofAudit(to principal: Principal, _ tenant: TenantID) -> SQL {
        switch principal {
        case .commandLine: ""
        case .key(_, let account, let role, _): role == .operator ? "" : "and e.account_id = \(account ?? AccountID(.zero))"
        case .user(let id, _, _, let grants):
            grants.isOperator
                ? ""
                : """
                and (e.account_id in (select v.id from accounts v where v.tenant_id = \(tenant) and v.administrator_id = \(id)) \
                or e.enrollment_id = any(\(grants.enrollments.sorted()))) \
                \(only(grants, "e.account_id"))
                """
        }
    }
}

extension Principal {
    /// Whoever looks in another's stead sees one account of hers, whatever the page.
    var isViewing: Bool {
        if case .user(_, _, _, let grants) = self { grants.viewing != nil } else { false }
    }
}
