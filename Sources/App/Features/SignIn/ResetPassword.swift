import Billing
import Crypto
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// "I forgot my password": a one-time link by mail to whoever has this address, and the same answer to everybody, after the same work.
package struct RequestPasswordReset: Sendable {
    static let linkSeconds: Int64 = 600
    static let windowSeconds: Int64 = 3600
    /// So many letters an hour to one address; more requests are answered alike and do nothing.
    static let mostPerEmail: Int64 = 3
    /// So many requests an hour from one network address; more are refused openly.
    static let mostPerAddress: Int64 = 30

    let email: String
    /// Where the request came from, as it is counted.
    let address: String

    package init(email: String, address: String) {
        self.email = email.lowercased()
        self.address = String(ClientNetwork(of: address).description.prefix(64))
    }

    /// - Throws: `Failure.tooManyRequests`
    package func run(_ authenticator: Authenticator, _ dependencies: Dependencies) async throws {
        let now = dependencies.realNow()
        let (hash, id): ([UInt8], UUID) = (SHA256.hash(email), dependencies.newID(EventID.self).uuid)
        let since = now.adding(seconds: -Self.windowSeconds)
        let answers = try await authenticator.run { transaction in
            let counts = try await transaction.query([
                "delete from identity.reset_requests where at < \(since)",
                "select count(*) from identity.reset_requests where email_hash = \(hash) and at >= \(since)",
                "select count(*) from identity.reset_requests where address = \(address) and at >= \(since)",
                "select tenant_id, user_id from identity.sign_ins where email = \(email) order by tenant_id limit 20",
                "insert into identity.reset_requests (id, email_hash, address, at) values (\(id), \(hash), \(address), \(now))",
            ])
            return Array(counts[1...3])
        }
        if try answers[1][0].get(0, as: Int64.self) >= Self.mostPerAddress {
            throw Failure.tooManyRequests(retryAfterSeconds: Int(Self.windowSeconds))
        }
        let people: [(TenantID, UserID)] =
            try answers[0][0].get(0, as: Int64.self) >= Self.mostPerEmail
            ? [] : answers[2].map { (try $0.get(0), try $0.get(1)) }
        for (tenantID, user) in people {
            guard let tenant = try await authenticator.tenant(tenantID) else { continue }
            let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
            try await context.work(actor: Actor(kind: .user, id: user.uuid)) { try await send(to: user, $0) }
        }
        // Whoever has no sign-in costs a second transaction too.
        if people.isEmpty {
            try await authenticator.run { $0.enqueue("update identity.reset_requests set handled = true where id = \(id)") }
        }
    }

    private func send(to user: UserID, _ write: Write) async throws {
        let rows = try await write.begin([
            "select coalesce(contact_email, email) from users where tenant_id = \(write.tenant.id) and id = \(user)"
        ])[0]
        guard let address = try rows.first?.get(0, as: String.self) else { return }
        let token = OneTimeLink.issue(in: write, purpose: .passwordReset, user: user, lifetimeSeconds: Self.linkSeconds)
        write.send(
            Letter(
                .passwordReset, to: .init(user: user, email: address),
                facts: ["expires_at": .instant(write.dependencies.realNow().adding(seconds: Self.linkSeconds))],
                secretPath: PageRoute.resetPassword.url(token).string, cause: write.newID(EventID.self).uuid))
        write.audit("user.password_reset_asked", object: ("user", user.uuid))
    }
}

/// A new password by a mailed link. It ends every session; a second step that is set up stays.
package struct ResetPassword: Sendable {
    let link: OneTimeLink
    let password: String

    package init(link: OneTimeLink, password: String) {
        self.link = link
        self.password = password
    }

    /// - Throws: `Failure.invalid` for a weak password; `Failure.conflict` when the link was used meanwhile.
    package func run(_ context: TenantContext, email: String) async throws {
        let made = try await NewPassword.make(password, email: email, context.dependencies)
        try await context.work(actor: Actor(kind: .user, id: link.user.uuid)) { write in
            let person = try await write.lockPerson(link.user)
            try await link.take(in: write)
            OneTimeLink.withdraw(in: write, purpose: .passwordReset, user: link.user)
            write.setPassword(made, of: person.id, email: person.email)
            write.tellOfPassword(person)
        }
    }
}

/// Another password, by somebody who knows the one of now. Her other sessions end.
package struct ChangePassword: Sendable {
    let user: UserID
    let session: SessionID
    let password: String

    package init(user: UserID, session: SessionID, password: String) {
        self.user = user
        self.session = session
        self.password = password
    }

    /// - Throws: `Failure.invalid` for a weak password.
    package func run(_ context: TenantContext, email: String) async throws {
        let made = try await NewPassword.make(password, email: email, context.dependencies)
        try await context.work(actor: context.principal.actor) { write in
            let person = try await write.lockPerson(user)
            OneTimeLink.withdraw(in: write, purpose: .passwordReset, user: user)
            write.setPassword(made, of: user, email: person.email, keeping: session)
            write.tellOfPassword(person)
        }
    }
}

/// A user's row with the address that letters go to.
struct PersonWithAddress: Sendable {
    let id: UserID
    let email: String
    let letters: String
}

extension Write {
    /// Begins the transaction with this user's row locked.
    func lockPerson(_ id: UserID) async throws -> PersonWithAddress {
        let rows = try await begin([
            """
            select email, coalesce(contact_email, email) from users where tenant_id = \(tenant.id) and id = \(id) for no key update
            """
        ])[0]
        guard let row = rows.first else { throw Failure.notFound }
        return PersonWithAddress(id: id, email: try row.get(0), letters: try row.get(1))
    }

    fileprivate func tellOfPassword(_ person: PersonWithAddress) {
        send(
            Letter(
                .passwordChanged, to: .init(user: person.id, email: person.letters),
                facts: ["at": .instant(dependencies.realNow())],
                link: PageRoute.signInForm.url(), cause: newID(EventID.self).uuid))
    }
}
