import FoundationEssentials
import Values

/// What a person or a key is towards an object (section 7).
package enum Role: String, Sendable, Hashable, CaseIterable {
    case accountAdministrator = "account_admin"
    case finance
    case reader
    case serviceAdministrator = "service_admin"
    case enterpriseAdministrator = "enterprise_admin"
    case `operator`
}

/// Who did something; history and audit keep the kind and the identity only, never a name (L3).
package enum Actor: Sendable, Hashable {
    case user(UserID)
    case key(APIKeyID)
    case `operator`(UserID)
    /// A deadline that came.
    case timer

    /// The wire form: user, key, timer or operator.
    package var kind: String {
        switch self {
        case .user: "user"
        case .key: "key"
        case .operator: "operator"
        case .timer: "timer"
        }
    }

    package var uuid: UUID? {
        switch self {
        case .user(let id), .operator(let id): id.uuid
        case .key(let id): id.uuid
        case .timer: nil
        }
    }

    /// The identity's text form, such as `usr_…`.
    package var idText: String? {
        switch self {
        case .user(let id), .operator(let id): id.description
        case .key(let id): id.description
        case .timer: nil
        }
    }

    /// Nil when the kind is unknown or the identity does not fit it.
    package init?(kind: String, uuid: UUID?) {
        switch (kind, uuid) {
        case ("user", let uuid?): self = .user(UserID(uuid))
        case ("operator", let uuid?): self = .operator(UserID(uuid))
        case ("key", let uuid?): self = .key(APIKeyID(uuid))
        case ("timer", nil): self = .timer
        default: return nil
        }
    }
}
