import Billing
import FoundationEssentials
import Values

/// A tenant as every request needs it; read from `identity.tenants` before any business row is.
package struct Tenant: Sendable, Equatable {
    package let id: TenantID
    package let slug: String
    package let name: String
    /// A sandbox tenant has a test clock; a live one runs on real time.
    package let isSandbox: Bool
    package let currency: Currency
    package let timeZone: String
    package let locale: String
    package let isDemo: Bool
    /// Whether the `sandbox` payment method, which moves no real money, is offered.
    package let offersSandboxPayments: Bool
}

/// Who did it, as history and audit keep it: an ID, never a name (L3).
package struct Actor: Sendable, Equatable {
    package enum Kind: String, Sendable { case user, key, timer, `operator` }
    package let kind: Kind
    package let id: UUID?

    package static let timer = Actor(kind: .timer, id: nil)
    /// Work of the command line: an import, the demo's history.
    package static let commandLine = Actor(kind: .operator, id: nil)
}

/// What the person or program that asks has been given, on which account or enrollment.
package struct Grants: Sendable, Equatable {
    package var isOperator = false
    package var accounts: [AccountID: Set<Role>] = [:]
    package var enrollments: Set<EnrollmentID> = []
    /// Set while an operator looks in this person's stead: one account, nothing to be changed.
    package var viewing: Viewing?
}

/// The person or program that asks.
package enum Principal: Sendable {
    /// `root`: the first key of its line of rotations; itself when it replaced none.
    case key(id: APIKeyID, account: AccountID?, role: Role, root: APIKeyID)
    case user(id: UserID, email: String, name: String, grants: Grants)
    case commandLine

    package var id: UUID {
        switch self {
        case .key(let id, _, _, _): id.uuid
        case .user(let id, _, _, _): id.uuid
        case .commandLine: UUID.zero
        }
    }

    /// The ID that idempotency keys and payments are bound to. A key asks in the name of the one that it replaced: what was asked for under the old one
    /// is not done again when the new one asks for it.
    package var idempotencyID: UUID { if case .key(_, _, _, let root) = self { root.uuid } else { id } }

    package var actor: Actor {
        switch self {
        case .key(let id, _, let role, _): Actor(kind: role == .operator ? .operator : .key, id: id.uuid)
        case .user(let id, _, _, let grants): Actor(kind: grants.isOperator ? .operator : .user, id: id.uuid)
        case .commandLine: .commandLine
        }
    }

    package var isOperator: Bool {
        switch self {
        case .key(_, _, let role, _): role == .operator
        case .user(_, _, _, let grants): grants.isOperator
        case .commandLine: true
        }
    }
}

/// Whom an object belongs to: what decides which roles a principal has on it.
package struct Belonging: Sendable {
    package var account: AccountID?
    package var accountAdministrator: UserID?
    package var enrollment: EnrollmentID?
    package var serviceAdministrator: UserID?

    package init(
        account: AccountID? = nil, accountAdministrator: UserID? = nil, enrollment: EnrollmentID? = nil,
        serviceAdministrator: UserID? = nil
    ) {
        self.account = account
        self.accountAdministrator = accountAdministrator
        self.enrollment = enrollment
        self.serviceAdministrator = serviceAdministrator
    }
}

extension Principal {
    /// The roles this principal holds on what belongs so. Empty: the object is not found for them (product.md section 7).
    package func roles(on object: Belonging) -> Set<Role> {
        switch self {
        case .commandLine: return [.operator]
        case .key(_, let account, let role, _):
            if role == .operator { return [.operator] }
            guard let account, account == object.account else { return [] }
            return [role]
        case .user(let id, _, _, let grants):
            if let viewing = grants.viewing, viewing.account != object.account { return [] }
            var roles: Set<Role> = grants.isOperator ? [.operator] : []
            if let account = object.account { roles.formUnion(grants.accounts[account] ?? []) }
            if object.accountAdministrator == id { roles.insert(.accountAdministrator) }
            if object.serviceAdministrator == id { roles.insert(.serviceAdministrator) }
            if let enrollment = object.enrollment, grants.enrollments.contains(enrollment) {
                roles.insert(.enterpriseAdministrator)
            }
            return roles
        }
    }
}

extension UUID {
    package static let zero = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
