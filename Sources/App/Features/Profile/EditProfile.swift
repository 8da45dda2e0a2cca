import Billing
import FoundationEssentials
import HTML
import Postgres
import Values

/// A11: changes a person's own profile, or that of an account's contact person. A new contact address only gets a letter: it counts when the link in
/// it has been followed, and the old address is told then.
package struct EditProfile: Sendable {
    package enum Whose: Sendable {
        case own
        /// The administrator of this account.
        case contactPerson(AccountID)
    }

    /// Nil leaves as it is. What may be unset is nil inside.
    package struct Changes: Sendable {
        package var contactEmail: String?
        package var firstName: String?
        package var lastName: String?
        package var phone: String?
        package var company: String?
        package var language: String??
        package var zone: String??
        package var theme: String??

        package init() {}
    }

    static let confirmationSeconds: Int64 = 86_400

    let whose: Whose
    let changes: Changes
    let ifMatch: String?

    package init(_ whose: Whose, _ changes: Changes, ifMatch: String? = nil) {
        self.whose = whose
        self.changes = changes
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try checkShape()
        return try await context.command(options) { write in
            var (profile, account) = try await lock(write)
            try Failure.requireMatch(ifMatch, profile.etag)
            let before = profile
            apply(to: &profile)
            if profile.auditJSON != before.auditJSON {
                profile.version += 1
                write.store(profile)
                write.audit(
                    "user.profile_edited", object: ("user", profile.user.uuid), account: account,
                    details: (before.auditJSON, profile.auditJSON))
            }
            if let email = changes.contactEmail?.lowercased() { ask(for: email, &profile, account, write) }
            return profile.answer(account: account)
        }
    }

    private func lock(_ write: Write) async throws -> (Profile, AccountID?) {
        let tenant = write.tenant.id
        switch whose {
        case .own:
            guard case .user(let id, _, _, _) = write.principal else { throw Failure.notFound }
            let rows = try await write.begin([
                Profile.one(tenant, id, locked: true), Profile.pending(tenant, id, at: write.dependencies.realNow()),
            ])
            guard let row = rows[0].first else { throw Failure.notFound }
            return (try Profile(row, pending: rows[1].first), nil)
        case .contactPerson(let id):
            let found = try await write.begin([Account.one(tenant, id, locked: true)])[0]
            guard let account = try found.first.map(Account.init) else { throw Failure.notFound }
            try TenantContext.require(.editSubscription, of: write.principal.roles(on: account.belonging), in: account.kind)
            let person = account.administrator.id
            let rows = try await write.query([
                Profile.one(tenant, person, locked: true), Profile.pending(tenant, person, at: write.dependencies.realNow()),
            ])
            guard let row = rows[0].first else { throw Failure.notFound }
            return (try Profile(row, pending: rows[1].first), id)
        }
    }

    private func apply(to profile: inout Profile) {
        profile.firstName = changes.firstName?.trimmingBlankSpace() ?? profile.firstName
        profile.lastName = changes.lastName?.trimmingBlankSpace() ?? profile.lastName
        profile.phone = changes.phone?.trimmingBlankSpace() ?? profile.phone
        profile.company = changes.company?.trimmingBlankSpace() ?? profile.company
        profile.language = changes.language ?? profile.language
        profile.zone = changes.zone ?? profile.zone
        profile.theme = changes.theme ?? profile.theme
    }

    /// Mails the link to the new address. The address of now again means: leave it, and forget what was asked before.
    private func ask(for email: String, _ profile: inout Profile, _ account: AccountID?, _ write: Write) {
        OneTimeLink.withdraw(in: write, purpose: .emailConfirmation, user: profile.user)
        profile.pending = nil
        guard email != profile.letters else { return }
        let token = OneTimeLink.issue(
            in: write, purpose: .emailConfirmation, user: profile.user, subject: account?.uuid, detail: email,
            lifetimeSeconds: Self.confirmationSeconds)
        let until = write.dependencies.realNow().adding(seconds: Self.confirmationSeconds)
        profile.pending = (email, until)
        write.send(
            Letter(
                .emailConfirmation, to: .init(user: profile.user, email: email), account: account,
                facts: ["expires_at": .instant(until)], secretPath: PageRoute.confirmEmail.url(token).string,
                cause: write.newID(EventID.self).uuid))
        write.audit("user.contact_email_asked", object: ("user", profile.user.uuid), account: account)
    }

    // MARK: Shape

    private func checkShape() throws {
        var errors: [FieldError] = []
        let texts = [
            ("first_name", changes.firstName, 100), ("last_name", changes.lastName, 100), ("phone", changes.phone, 40),
            ("company", changes.company, 200),
        ]
        for (name, text, maximum) in texts {
            guard let text else { continue }
            if text.unicodeScalars.count > maximum {
                errors.append(FieldError("/\(name)", "too_long", ["max": String(maximum)]))
            } else if !text.isOneLine {
                errors.append(FieldError("/\(name)", "invalid_characters"))
            }
        }
        if let phone = changes.phone, !Self.isPhone(phone) { errors.append(FieldError("/phone", "invalid_phone")) }
        if let email = changes.contactEmail, !SchemaReader.isEmail(email) {
            errors.append(FieldError("/contact_email", "invalid_email"))
        }
        if let zone = changes.zone, let zone, TimeZoneRule(identifier: zone) == nil {
            errors.append(FieldError("/time_zone", "unknown_time_zone"))
        }
        if !errors.isEmpty { throw Failure.invalid(errors) }
    }

    /// Digits with what people put between them: `+86 (21) 5555-0101 ext. 7`. Empty: none.
    private static func isPhone(_ text: String) -> Bool {
        text.isEmpty || text.count(where: \.isNumber) >= 3 && text.allSatisfy { $0.isNumber || "+-()./# extEXT".contains($0) }
    }
}

/// Takes an asked-for address back before it was confirmed.
package struct WithdrawContactEmail: Sendable {
    package init() {}

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            guard case .user(let id, _, _, _) = write.principal else { throw Failure.notFound }
            guard let row = try await write.begin([Profile.one(write.tenant.id, id, locked: true)])[0].first else {
                throw Failure.notFound
            }
            OneTimeLink.withdraw(in: write, purpose: .emailConfirmation, user: id)
            write.audit("user.contact_email_withdrawn", object: ("user", id.uuid))
            return try Profile(row, pending: nil).answer(account: nil)
        }
    }
}

/// The link in the letter was followed and confirmed: from now on letters go to the new address, and the old one is told.
package struct ConfirmContactEmail: Sendable {
    let link: OneTimeLink

    package init(link: OneTimeLink) { self.link = link }

    package func run(_ context: TenantContext) async throws {
        try await context.work(actor: Actor(kind: .user, id: link.user.uuid)) { write in
            guard let row = try await write.begin([Profile.one(write.tenant.id, link.user, locked: true)])[0].first,
                let email = link.detail
            else { throw Failure.notFound }
            try await link.take(in: write)
            var profile = try Profile(row, pending: nil)
            let before = profile
            profile.contactEmail = email == profile.email ? nil : email
            profile.version += 1
            write.store(profile)
            write.audit(
                "user.contact_email_changed", object: ("user", profile.user.uuid), account: link.subject.map { AccountID($0) },
                details: (before.auditJSON, profile.auditJSON))
            write.send(
                Letter(
                    .emailChanged, to: .init(user: profile.user, email: before.letters), facts: ["new": .text(email)],
                    link: PageRoute.profile.url(), cause: write.newID(EventID.self).uuid))
        }
    }
}

extension Write {
    fileprivate func store(_ profile: Profile) {
        enqueue(
            """
            update users set contact_email = \(profile.contactEmail), first_name = \(profile.firstName), last_name = \(profile.lastName), \
            phone = \(profile.phone), company = \(profile.company), locale = \(profile.language), time_zone = \(profile.zone), \
            theme = \(profile.theme), version = \(profile.version) where tenant_id = \(tenant.id) and id = \(profile.user)
            """)
    }
}
