import Billing
import Values

extension Failure {
    /// A rule's "no", with the status of its kind.
    init(_ refusal: some Refusal, pointer: String? = nil, _ arguments: [String: String] = [:]) {
        switch refusal.kind {
        case .notAllowedForKind: self = .forbidden(code: refusal.code, arguments: arguments)
        case .stateForbids: self = .conflict(code: refusal.code, arguments: arguments)
        case .invalid: self = .invalid([FieldError(pointer ?? "", refusal.code, arguments)])
        }
    }
}

extension Failure {
    /// Not open to their role; the answer names those that it is open to, by the table itself (section 7).
    static func roleForbids(_ permission: Permission, in kind: AccountKind = .standard) -> Failure {
        roleForbids(Permission.roles(in: kind) { Permission.allows($0, permission, in: kind) })
    }

    static func roleForbids(_ open: [Role]) -> Failure {
        Failure(PermissionDenial.roleForbids, ["roles": open.map(\.rawValue).joined(separator: " ")])
    }
}

extension TenantContext {
    /// What concerns the tenant as a whole.
    package func require(_ permission: Permission) throws {
        let roles: Set<Role> = principal.isOperator ? [.operator] : [.reader]
        try Self.require(permission, of: roles, in: .standard)
    }

    /// - Throws: `notFound` when the object is not theirs at all, `forbidden` when it is but no role of theirs may.
    package static func require(_ permission: Permission, of roles: Set<Role>, in kind: AccountKind) throws {
        guard !roles.isEmpty else { throw Failure.notFound }
        try allow(roles, in: kind) { Permission.denial(of: permission, for: $0, in: kind) }
    }

    /// One role that may is enough; of several refusals the most telling is given.
    package static func allow(_ roles: Set<Role>, in kind: AccountKind, _ denial: (Role) -> PermissionDenial?) throws {
        let denials = roles.map(denial)
        if denials.contains(where: { $0 == nil }) { return }
        if let told = denials.compactMap({ $0 }).first(where: { $0 != .roleForbids }) { throw Failure(told) }
        throw Failure.roleForbids(Permission.roles(in: kind) { denial($0) == nil })
    }
}
