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
                and (e.account_id in (select v.id from accounts v where v.tenant_id = \(tenant) \
                and (v.administrator_id = \(id) or v.enrollment_id = any(\(grants.enrollments.sorted())))) \
                or e.account_id is null and (e.object_id = any(\(grants.enrollments.sorted())) or e.object_id in (select d.id from departments d \
                where d.tenant_id = \(tenant) and d.enrollment_id = any(\(grants.enrollments.sorted()))))) \
                \(only(grants, "e.account_id"))
                """
        }
    }
}
