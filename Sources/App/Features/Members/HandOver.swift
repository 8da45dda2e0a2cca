import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// An account on its way to a new administrator. Both have to say so: the one who gives it begins, the one who gets it accepts by her link.
package struct Handover: Sendable {
    package let id: HandoverID
    package let account: AccountID
    package let accountName: String
    package let from: Person
    package let to: Person
    /// What the one who gives it stays in the account; nil is nothing.
    package let keeps: Role?
    package var state: String
    package let expiresAt: Instant
    package let createdAt: Instant
    /// Whether the one who gets it can sign in already.
    package let hasSignIn: Bool

    static func query(_ tenant: TenantID, where condition: SQL) -> SQL {
        """
        select h.id, h.account_id, a.name, f.id, f.email, f.first_name, f.last_name, t.id, t.email, t.first_name, t.last_name, h.keeps_role, h.status, \
        h.expires_at, h.created_at, exists (select from identity.sign_ins i where i.tenant_id = h.tenant_id and i.user_id = h.to_user_id \
        and i.password_hash is not null) from handovers h join accounts a on a.tenant_id = h.tenant_id and a.id = h.account_id \
        join users f on f.tenant_id = h.tenant_id and f.id = h.from_user_id join users t on t.tenant_id = h.tenant_id and t.id = h.to_user_id \
        where h.tenant_id = \(tenant) and \(condition)
        """
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        accountName = try column.next()
        from = Person(id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        to = Person(id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        keeps = try column.next(String?.self).flatMap { Role(rawValue: $0) }
        state = try column.next()
        expiresAt = try column.next()
        createdAt = try column.next()
        hasSignIn = try column.next()
    }

    func isOpen(at now: Instant) -> Bool { state == "pending" && expiresAt > now }

    /// An open one whose seven days are over says so, whether or not it has been written down.
    func state(at now: Instant) -> String { state == "pending" && expiresAt <= now ? "expired" : state }

    func etag(at now: Instant) -> String { "\"\(id)-\(state(at: now))\"" }

    func answer(_ status: Int, at now: Instant) -> Answer {
        let body = jsonObject {
            $0.field("id", id)
            $0.field("object", "handover")
            $0.field("account_id", account)
            $0.field("from", from)
            $0.field("to", to)
            $0.field("keeps_role", keeps?.rawValue)
            $0.field("state", state(at: now))
            $0.field("expires_at", expiresAt)
            $0.field("created_at", createdAt)
        }
        return Answer(
            status: status, body: body, location: status == 201 ? Endpoint.getHandover.path(account.description) : nil,
            etag: status == 200 ? etag(at: now) : nil, objectID: id.uuid)
    }
}

/// The latest hand-over of an account, for its administrators.
package enum FindHandover {
    package static func latest(of id: AccountID, _ context: TenantContext) async throws -> Handover? {
        let account = try await FindAccount.byID(id, context)
        try TenantContext.require(.handOverAccount, of: context.principal.roles(on: account.belonging), in: account.kind)
        return try await context.read(
            Handover.query(context.tenant.id, where: "h.account_id = \(id) order by h.created_at desc, h.id desc limit 1")
        ).rows.first.map(Handover.init)
    }
}

/// Begins a hand-over: the new administrator is written to, with a one-time link that is good for seven days; so is the present one.
package struct StartHandover: Sendable {
    let account: AccountID
    let email: String
    let keeps: Role?

    package init(account: AccountID, email: String, keeps: Role?) {
        self.account = account
        self.email = email
        self.keeps = keeps
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let place = try await write.lockAccountPlace(account)
            try TenantContext.require(.handOverAccount, of: place.roles, in: place.kind)
            guard let owner = place.account else { throw Failure.notFound }
            let realNow = write.dependencies.realNow()
            let open = try await write.query(
                Handover.query(write.tenant.id, where: "h.account_id = \(account) and h.status = 'pending'")
            )
            .first.map(Handover.init)
            let person = try await write.findOrAddPerson(email: email)
            if let refusal = Membership.refusal(
                handingOverTo: person.id == owner.administrator.id, isOpen: open?.isOpen(at: realNow) ?? false)
            {
                throw Failure(refusal, pointer: "/email", ["email": person.email])
            }
            if let open { write.settle(open, as: "expired") }
            let id: HandoverID = write.newID()
            write.enqueue(
                """
                insert into handovers (tenant_id, id, account_id, from_user_id, to_user_id, keeps_role, status, expires_at, created_at) \
                values (\(write.tenant.id), \(id), \(account), \(owner.administrator.id), \(person.id), \(keeps?.rawValue), 'pending', \
                \(realNow.adding(seconds: Membership.invitationSeconds)), \(realNow))
                """)
            let token = OneTimeLink.issue(
                in: write, purpose: .accountHandover, user: person.id, subject: id.uuid,
                lifetimeSeconds: Membership.invitationSeconds)
            guard
                let handover = try await write.query(Handover.query(write.tenant.id, where: "h.id = \(id)")).first.map(
                    Handover.init)
            else { throw Failure.fault }
            write.tell(.handover, handover.to, of: handover, secretPath: "/handovers/\(token)")
            write.tell(.handover, handover.from, of: handover)
            write.audit("account.handover_started", object: ("handover", id.uuid), account: account, details: handover.details)
            return handover.answer(201, at: realNow)
        }
    }
}

/// Calls a hand-over off; both are told.
package struct CancelHandover: Sendable {
    let account: AccountID
    let ifMatch: String?

    package init(account: AccountID, ifMatch: String? = nil) {
        self.account = account
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let place = try await write.lockAccountPlace(account)
            try TenantContext.require(.handOverAccount, of: place.roles, in: place.kind)
            let rows = try await write.query(
                Handover.query(write.tenant.id, where: "h.account_id = \(account) and h.status = 'pending'"))
            guard var handover = try rows.first.map(Handover.init) else { throw Failure(MemberRefusal.handoverNotOpen) }
            try Failure.requireMatch(ifMatch, handover.etag(at: write.dependencies.realNow()))
            write.settle(handover, as: "cancelled")
            handover.state = "cancelled"
            write.tell(.handoverCancelled, handover.to, of: handover)
            write.tell(.handoverCancelled, handover.from, of: handover)
            write.audit(
                "account.handover_cancelled", object: ("handover", handover.id.uuid), account: account, details: handover.details)
            return handover.answer(200, at: write.dependencies.realNow())
        }
    }
}

extension Write {
    func settle(_ handover: Handover, as status: String) {
        OneTimeLink.withdraw(in: self, purpose: .accountHandover, subject: handover.id.uuid)
        enqueue(
            """
            update handovers set status = \(status), settled_at = \(dependencies.realNow()) \
            where tenant_id = \(tenant.id) and id = \(handover.id) and status = 'pending'
            """)
    }

    /// The one who gets the account finds the one-time link in her letter, and until when it works; the other one the page that shows how it stands.
    func tell(_ kind: LetterKind, _ person: Person, of handover: Handover, secretPath: String? = nil) {
        var facts: [String: LetterFact] = [
            "account": .text(handover.accountName), "old": .text(handover.from.email), "new": .text(handover.to.email),
        ]
        if secretPath != nil { facts["expires_at"] = .instant(handover.expiresAt) }
        let link: URLPath? = secretPath == nil ? PageRoute.account.url(handover.account.description) : nil
        send(
            Letter(
                kind, to: .init(user: person.id, email: person.email), account: handover.account, facts: facts, link: link,
                secretPath: secretPath, cause: handover.id.uuid))
    }
}

extension Handover {
    /// What the log says beside IDs.
    var details: (before: String, after: String) {
        (
            jsonText { $0.field("account_administrator", from.email) },
            jsonText {
                $0.field("account_administrator", to.email)
                $0.field("keeps_role", keeps?.rawValue)
            }
        )
    }
}
