/// What a person or a key is towards an object (section 7).
package enum Role: String, Sendable, Hashable, CaseIterable {
    case accountAdministrator = "account_admin"
    case finance
    case reader
    case serviceAdministrator = "service_admin"
    case enterpriseAdministrator = "enterprise_admin"
    case `operator`
}
