import Loop
import Crypto
import Values

extension Instance {
    /// The command line's way into one tenant.
    package func context(ofTenant slug: String) async throws -> TenantContext {
        let dependencies = dependencies
        let tenant = try await loop.run {
            try await Authenticator(database: dependencies.database, realNow: dependencies.realNow).tenant(slug: slug)
        }
        guard let tenant else { throw Configuration.Problem(description: "There is no tenant \(slug).") }
        return TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
    }

    package func makePassword() -> String { SecureRandom.token(bytes: 12) }
}
