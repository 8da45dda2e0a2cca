import Crypto
import FoundationEssentials
import Postgres
import Values

/// An operator who looks at the portal as a person of one account does: that person's roles on that one account, no other's, for a while, and
/// nothing can be changed.
package struct Viewing: Sendable, Equatable {
    package static let seconds: Int64 = 30 * 60

    package let id: AccountViewID
    package let account: AccountID
    package let `operator`: UserID
    /// Real time: it belongs to the session.
    package let until: Instant

    /// As the session keeps it, all or none of it there.
    struct Row: Sendable {
        let view: AccountViewID?
        let account: AccountID?
        let person: UserID?
        let until: Instant?

        init(_ column: inout Columns) throws {
            view = try column.next()
            account = try column.next()
            person = try column.next()
            until = try column.next()
        }
    }
}

extension Principal {
    /// Set while an operator looks in this person's stead.
    package var viewing: Viewing? {
        if case .user(_, _, _, let grants) = self { grants.viewing } else { nil }
    }
}

extension Grants {
    /// What is left of a person's grants in the eyes of somebody who looks at one account as she does.
    func narrowed(to viewing: Viewing) -> Grants {
        var grants = Grants()
        grants.accounts = accounts.filter { $0.key == viewing.account }
        grants.viewing = viewing
        return grants
    }
}

extension Authenticator {
    /// The columns of a session that say whether its operator is looking in somebody's stead.
    static let viewingColumns: SQL = "view_id, viewed_account_id, viewed_user_id, viewing_until"

    /// Whom the session speaks for: its own user, or the one that its operator looks as while the time for it runs. Whoever is no operator any more
    /// looks as nobody.
    func stead(of own: (Principal, Preferences), _ row: Viewing.Row, in tenant: Tenant, at now: Instant)
        async throws -> (Principal, Preferences)
    {
        guard let view = row.view, let account = row.account, let person = row.person, let until = row.until, until > now,
            own.0.isOperator, case .user(let operatorID, _, _, _) = own.0, let (seen, _) = try await user(person, of: tenant),
            case .user(let id, let email, let name, let grants) = seen
        else { return own }
        let viewing = Viewing(id: view, account: account, operator: operatorID, until: until)
        return (.user(id: id, email: email, name: name, grants: grants.narrowed(to: viewing)), own.1)
    }
}
