import Billing
import Crypto
import FoundationEssentials
import HTML
import Postgres
import Values

/// A person's second step: a secret that her phone shares with the server, and codes on paper for the day the phone is gone.
struct SecondFactor: Sendable {
    static let secretBytes = 20
    static let recoveryCodes = 10
    /// How long new recovery codes can be looked at, for whoever does not say that she has kept them.
    static let codesShownSeconds: Int64 = 600

    let sealedSecret: [UInt8]
    let confirmedAt: Instant?
    let lastStep: Int64
    let failures: Int32
    let lockedUntil: Instant?
    let sealedCodes: [UInt8]?
    let codesMadeAt: Instant?
    let unusedCodes: Int64

    var isOn: Bool { confirmedAt != nil }

    static func one(_ tenant: TenantID, _ user: UserID, locked: Bool = false) -> SQL {
        """
        select f.sealed_secret, f.confirmed_at, f.last_step, f.failures, f.locked_until, f.sealed_codes, f.codes_made_at, \
        (select count(*) from identity.recovery_codes c where c.tenant_id = f.tenant_id and c.user_id = f.user_id and c.used_at is null) \
        from identity.second_factors f where f.tenant_id = \(tenant) and f.user_id = \(user)\(locked ? " for update of f" as SQL : "")
        """
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        sealedSecret = try column.next()
        confirmedAt = try column.next()
        lastStep = try column.next()
        failures = try column.next()
        lockedUntil = try column.next()
        sealedCodes = try column.next()
        codesMadeAt = try column.next()
        unusedCodes = try column.next()
    }

    static func read(_ user: UserID, _ context: TenantContext) async throws -> SecondFactor? {
        try await context.read(one(context.tenant.id, user)).rows.first.map { try SecondFactor($0) }
    }

    /// What is sealed belongs to one person of one tenant: moved to another row it does not open.
    static func binding(_ tenant: TenantID, _ user: UserID, _ what: String) -> [UInt8] {
        Array("\(tenant) \(user) \(what)".utf8)
    }

    func secret(_ tenant: TenantID, _ user: UserID, _ configuration: Configuration) throws -> [UInt8] {
        let context = Self.binding(tenant, user, "totp")
        guard let secret = Sealing.open(sealedSecret, key: try SealingKey.of(configuration), context: context) else {
            throw Failure.unavailable(code: "two_step_unreadable", retryAfterSeconds: 60)
        }
        return secret
    }

    /// The codes that wait for their owner's "I have kept them".
    func codes(_ tenant: TenantID, _ user: UserID, _ dependencies: Dependencies) throws -> [String]? {
        guard let sealedCodes, let codesMadeAt,
            codesMadeAt.adding(seconds: Self.codesShownSeconds) > dependencies.realNow(),
            let plain = Sealing.open(
                sealedCodes, key: try SealingKey.of(dependencies.configuration),
                context: Self.binding(tenant, user, "codes"))
        else { return nil }
        return String(decoding: plain, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// As the app's camera reads it.
    static func address(secret: [UInt8], email: String, issuer: String) -> String {
        let (name, label) = (URLPath.encode(issuer), URLPath.encode(email))
        return "otpauth://totp/\(name):\(label)?secret=\(Base32.encode(secret))&issuer=\(name)&algorithm=SHA1&digits=6&period=30"
    }

    /// Sixteen letters and digits without those that look alike, by fours: 80 bits.
    static func makeCode() -> String {
        let text = Array(Base32.encode(SecureRandom.bytes(10)).lowercased())
        return stride(from: 0, to: 16, by: 4).map { String(text[$0..<$0 + 4]) }.joined(separator: "-")
    }

    static func hash(_ code: String) -> [UInt8] { SHA256.hash(code.lowercased().filter { $0.isLetter || $0.isNumber }) }
}

extension Write {
    fileprivate func storeNewCodes(of user: UserID) throws {
        let codes = (0..<SecondFactor.recoveryCodes).map { _ in SecondFactor.makeCode() }
        let (now, configuration) = (dependencies.realNow(), dependencies.configuration)
        let sealed = Sealing.seal(
            Array(codes.joined(separator: "\n").utf8), key: try SealingKey.of(configuration),
            context: SecondFactor.binding(tenant.id, user, "codes"))
        enqueue("delete from identity.recovery_codes where tenant_id = \(tenant.id) and user_id = \(user)")
        for code in codes {
            enqueue(
                """
                insert into identity.recovery_codes (tenant_id, user_id, code_hash, created_at) \
                values (\(tenant.id), \(user), \(SecondFactor.hash(code)), \(now))
                """)
        }
        enqueue(
            """
            update identity.second_factors set sealed_codes = \(sealed), codes_made_at = \(now) \
            where tenant_id = \(tenant.id) and user_id = \(user)
            """)
    }
}

/// Makes the secret that the phone is to learn. Nothing is asked for at sign-in until a code has shown that it did.
struct StartTwoStep: Sendable {
    let user: UserID

    func run(_ context: TenantContext) async throws {
        try await context.work(actor: context.principal.actor) { write in
            let found = try await write.begin([SecondFactor.one(write.tenant.id, user, locked: true)])[0].first
            if let found, try SecondFactor(found).isOn { throw Failure.conflict(code: "two_step_is_on") }
            let sealed = Sealing.seal(
                SecureRandom.bytes(SecondFactor.secretBytes), key: try SealingKey.of(context.dependencies.configuration),
                context: SecondFactor.binding(write.tenant.id, user, "totp"))
            let now = context.dependencies.realNow()
            write.enqueue(
                """
                insert into identity.second_factors (tenant_id, user_id, sealed_secret, created_at) \
                values (\(write.tenant.id), \(user), \(sealed), \(now)) on conflict (tenant_id, user_id) \
                do update set sealed_secret = excluded.sealed_secret, created_at = excluded.created_at, last_step = 0 \
                where identity.second_factors.confirmed_at is null
                """)
        }
    }
}

/// A first code is right: from now on one is asked for at every sign-in. Other sessions end, recovery codes are made.
struct ConfirmTwoStep: Sendable {
    let user: UserID
    let session: SessionID
    let code: String

    /// False: the code is not the secret's.
    func run(_ context: TenantContext) async throws -> Bool {
        try await context.work(actor: context.principal.actor) { write in
            let found = try await write.begin([SecondFactor.one(write.tenant.id, user, locked: true)])[0].first
            guard let found else { throw Failure.conflict(code: "two_step_not_started") }
            let factor = try SecondFactor(found)
            if factor.isOn { throw Failure.conflict(code: "two_step_is_on") }
            let secret = try factor.secret(write.tenant.id, user, context.dependencies.configuration)
            let now = context.dependencies.realNow()
            let typed = code.filter(\.isNumber)
            guard let step = TOTP.match(typed, secret: secret, atSecond: now.microseconds / 1_000_000, after: factor.lastStep)
            else {
                return false
            }
            write.enqueue(
                """
                update identity.second_factors set confirmed_at = \(now), last_step = \(step), failures = 0, locked_until = null \
                where tenant_id = \(write.tenant.id) and user_id = \(user)
                """)
            try write.storeNewCodes(of: user)
            write.endSessions(of: user, except: session)
            write.audit("user.two_step_on", object: ("user", user.uuid))
            try await write.tellOfTwoStep(.twoStepOn, user)
            return true
        }
    }
}

/// A code at sign-in or before what changes access: of the app, or one of the ten on paper. Five wrong ones make whoever guesses wait.
struct CheckSecondFactor: Sendable {
    enum Outcome: Sendable, Equatable { case right, wrong, wait(seconds: Int64), off }

    let user: UserID
    let code: String

    func run(_ context: TenantContext) async throws -> Outcome {
        let dependencies = context.dependencies
        return try await context.work(actor: Actor(kind: .user, id: user.uuid)) { write in
            let tenant = write.tenant.id
            guard let found = try await write.begin([SecondFactor.one(tenant, user, locked: true)])[0].first else { return .off }
            let factor = try SecondFactor(found)
            guard factor.isOn else { return .off }
            let now = dependencies.realNow()
            if let until = factor.lockedUntil, until > now {
                return .wait(seconds: now.microseconds(until: until) / 1_000_000 + 1)
            }
            if try await isRight(factor, write, now) { return .right }
            let failures = factor.failures + 1
            write.enqueue(
                """
                update identity.second_factors set failures = \(failures), locked_until = \(SignIn.lock(after: failures, free: SignIn.freeFailures, at: now)) \
                where tenant_id = \(tenant) and user_id = \(user)
                """)
            return .wrong
        }
    }

    private func isRight(_ factor: SecondFactor, _ write: Write, _ now: Instant) async throws -> Bool {
        let tenant = write.tenant.id
        let typed = code.filter { $0.isLetter || $0.isNumber }
        var step = factor.lastStep
        if typed.count == TOTP.digits {
            let secret = try factor.secret(tenant, user, write.dependencies.configuration)
            guard let matched = TOTP.match(typed, secret: secret, atSecond: now.microseconds / 1_000_000, after: factor.lastStep)
            else {
                return false
            }
            step = matched
        } else {
            let used = try await write.query(
                """
                update identity.recovery_codes set used_at = \(now) where tenant_id = \(tenant) and user_id = \(user) \
                and code_hash = \(SecondFactor.hash(typed)) and used_at is null returning true
                """)
            guard !used.isEmpty else { return false }
            write.audit("user.recovery_code_used", object: ("user", user.uuid))
        }
        write.enqueue(
            """
            update identity.second_factors set last_step = \(step), failures = 0, locked_until = null \
            where tenant_id = \(tenant) and user_id = \(user)
            """)
        return true
    }
}

/// New recovery codes in place of the old ones; or the word of their owner that she has kept them, after which nobody sees them again.
struct RecoveryCodes: Sendable {
    let user: UserID

    func renew(_ context: TenantContext) async throws {
        try await context.work(actor: context.principal.actor) { write in
            let found = try await write.begin([SecondFactor.one(write.tenant.id, user, locked: true)])[0].first
            guard let found, try SecondFactor(found).isOn else { throw Failure.conflict(code: "two_step_is_off") }
            try write.storeNewCodes(of: user)
            write.audit("user.recovery_codes_made", object: ("user", user.uuid))
        }
    }

    func keep(_ context: TenantContext) async throws {
        try await context.work(actor: context.principal.actor) { write in
            _ = try await write.begin([])
            write.enqueue(
                """
                update identity.second_factors set sealed_codes = null, codes_made_at = null \
                where tenant_id = \(write.tenant.id) and user_id = \(user)
                """)
        }
    }
}

/// Takes the second step away: by its owner, or on the command line for whoever has lost phone and paper.
package struct DisableTwoStep: Sendable {
    let user: UserID

    package init(user: UserID) { self.user = user }

    /// False when there was none.
    @discardableResult
    package func run(_ context: TenantContext) async throws -> Bool {
        try await context.work(actor: context.principal.actor) { write in
            let found = try await write.begin([SecondFactor.one(write.tenant.id, user, locked: true)])[0].first
            guard let found else { return false }
            write.enqueue("delete from identity.recovery_codes where tenant_id = \(write.tenant.id) and user_id = \(user)")
            write.enqueue("delete from identity.second_factors where tenant_id = \(write.tenant.id) and user_id = \(user)")
            write.audit("user.two_step_off", object: ("user", user.uuid))
            // A secret that no code has confirmed was never asked for: there is nothing to tell.
            if try SecondFactor(found).isOn { try await write.tellOfTwoStep(.twoStepOff, user) }
            return true
        }
    }

    /// The same by the name that she signs in with.
    package static func run(email: String, _ context: TenantContext) async throws -> Bool {
        let rows = try await context.read(
            "select id from users where tenant_id = \(context.tenant.id) and email = \(email.lowercased())"
        ).rows
        guard let user = try rows.first?.get(0, as: UserID.self) else {
            throw Configuration.Problem(description: "Nobody of this tenant signs in as \(email).")
        }
        return try await DisableTwoStep(user: user).run(context)
    }
}

extension Write {
    /// Whoever can sign in as her shall not be able to change how without her hearing of it.
    fileprivate func tellOfTwoStep(_ kind: LetterKind, _ user: UserID) async throws {
        let rows = try await query(
            "select coalesce(contact_email, email) from users where tenant_id = \(tenant.id) and id = \(user)")
        guard let row = rows.first else { return }
        let isHerself = if case .user = principal { true } else { false }
        send(
            Letter(
                kind, to: .init(user: user, email: try row.get(0)),
                facts: [
                    "at": .instant(dependencies.realNow()),
                    "by": .word(isHerself ? "mail.two_step_by.herself" : "mail.two_step_by.provider"),
                ], link: PageRoute.twoStep.url(), cause: newID(EventID.self).uuid))
    }
}
