import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A13: an account asks that its identity be verified; the operator answers with a reason. Only a verified one orders further subscriptions by itself.
package struct IdentityRequest: Sendable {
    package enum Status: String, PostgresWord, Sendable { case waiting, verified, declined }

    package let id: IdentityRequestID
    package let account: AccountID
    package let accountName: String
    package var status: Status
    package let companyName: String
    package let registrationNumber: String
    package let legalRepresentative: String
    package let requestedAt: Instant
    package var decidedAt: Instant?
    package var reason: String?

    static let select: SQL = """
        select r.id, r.account_id, a.name, r.status, r.company_name, r.registration_number, r.legal_representative, r.requested_at, r.decided_at, \
        r.reason from identity_requests r join accounts a on a.tenant_id = r.tenant_id and a.id = r.account_id
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        accountName = try column.next()
        status = try column.next()
        companyName = try column.next()
        registrationNumber = try column.next()
        legalRepresentative = try column.next()
        requestedAt = try column.next()
        decidedAt = try column.next()
        reason = try column.next()
    }

    init(id: IdentityRequestID, account: Account, ask: RequestIdentity, at now: Instant) {
        self.id = id
        self.account = account.id
        accountName = account.name
        status = .waiting
        companyName = ask.companyName
        registrationNumber = ask.registrationNumber
        legalRepresentative = ask.legalRepresentative
        requestedAt = now
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "identity_request")
            $0.field("account_id", account)
            $0.field("status", status.rawValue)
            $0.field("company_name", companyName)
            $0.field("registration_number", registrationNumber)
            $0.field("legal_representative", legalRepresentative)
            $0.field("requested_at", requestedAt)
            $0.field("decided_at", decidedAt)
            $0.field("reason", reason)
        }
    }

    func answer(_ status: Int) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? Endpoint.getIdentityRequest.path(id.description) : nil,
            objectID: id.uuid)
    }
}

package enum ListIdentityRequests {
    /// The operator's queue, the longest waiting first.
    package static func waiting(_ page: PageRequest, _ context: TenantContext) async throws -> ListPage<IdentityRequest> {
        try context.require(.operate)
        var page = page
        page.ascending = true
        let rows = try await context.read(
            """
            \(IdentityRequest.select) where r.tenant_id = \(context.tenant.id) and r.status = 'waiting' \
            \(page.tail(at: "r.requested_at", id: "r.id"))
            """
        ).rows
        return ListPage(try rows.map(IdentityRequest.init), limit: page.limit) { ($0.requestedAt, $0.id.uuid) }
    }

    /// What an account has asked, the newest first.
    package static func of(_ account: AccountID, _ page: PageRequest, _ context: TenantContext) async throws -> ListPage<
        IdentityRequest
    > {
        _ = try await FindAccount.byID(account, context)
        let rows = try await context.read(
            """
            \(IdentityRequest.select) where r.tenant_id = \(context.tenant.id) and r.account_id = \(account) \
            \(page.tail(at: "r.requested_at", id: "r.id"))
            """
        ).rows
        return ListPage(try rows.map(IdentityRequest.init), limit: page.limit) { ($0.requestedAt, $0.id.uuid) }
    }

    /// For the operators, and for whoever may see the account that asks.
    package static func one(_ id: IdentityRequestID, _ context: TenantContext) async throws -> IdentityRequest {
        let rows = try await context.read(
            "\(IdentityRequest.select) where r.tenant_id = \(context.tenant.id) and r.id = \(id)"
        ).rows
        guard let request = try rows.first.map(IdentityRequest.init) else { throw Failure.notFound }
        if !context.principal.isOperator { _ = try await FindAccount.byID(request.account, context) }
        return request
    }
}

package struct RequestIdentity: Sendable {
    let account: AccountID
    let companyName: String
    let registrationNumber: String
    let legalRepresentative: String

    package init(account: AccountID, companyName: String, registrationNumber: String, legalRepresentative: String) {
        self.account = account
        self.companyName = companyName
        self.registrationNumber = registrationNumber
        self.legalRepresentative = legalRepresentative
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try await context.command(options) { write in
            let rows = try await write.begin([
                Account.one(write.tenant.id, account, locked: true),
                """
                select id from identity_requests where tenant_id = \(write.tenant.id) and account_id = \(account) and status = 'waiting'
                """,
            ])
            guard let owner = try rows[0].first.map(Account.init) else { throw Failure.notFound }
            try TenantContext.require(.manageMembers, of: write.principal.roles(on: owner.belonging), in: owner.kind)
            if owner.identityVerified { throw Failure.conflict(code: "identity_verified_already") }
            guard rows[1].isEmpty else { throw Failure.conflict(code: "identity_request_waiting") }
            let request = IdentityRequest(id: write.newID(), account: owner, ask: self, at: write.now)
            write.enqueue(
                """
                insert into identity_requests (tenant_id, id, account_id, status, company_name, registration_number, legal_representative, \
                requested_by, requested_at) values (\(write.tenant.id), \(request.id), \(account), 'waiting', \(companyName), \(registrationNumber), \
                \(legalRepresentative), \(write.principal.id), \(write.now))
                """)
            write.audit("identity.requested", object: ("account", account.uuid), account: account)
            return request.answer(201)
        }
    }
}

/// The operator's word, with a reason that the account is told.
package struct DecideIdentity: Sendable {
    let id: IdentityRequestID
    let verified: Bool
    let reason: String

    package init(id: IdentityRequestID, verified: Bool, reason: String) {
        self.id = id
        self.verified = verified
        self.reason = reason
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                "\(IdentityRequest.select) where r.tenant_id = \(tenant) and r.id = \(id) for no key update of r, a",
                """
                select u.id, u.email from identity_requests r join accounts a on a.tenant_id = r.tenant_id and a.id = r.account_id \
                join users u on u.tenant_id = a.tenant_id and u.id = a.administrator_id where r.tenant_id = \(tenant) and r.id = \(id)
                """,
            ])
            guard var request = try rows[0].first.map(IdentityRequest.init) else { throw Failure.notFound }
            guard request.status == .waiting else { throw Failure.conflict(code: "identity_request_decided") }
            request.status = verified ? .verified : .declined
            request.decidedAt = write.now
            request.reason = reason
            write.enqueue(
                """
                update identity_requests set status = \(request.status), decided_by = \(write.principal.id), decided_at = \(write.now), \
                reason = \(reason) where tenant_id = \(tenant) and id = \(id)
                """)
            if verified {
                write.enqueue(
                    """
                    update accounts set identity_verified = true, version = version + 1, updated_at = \(write.now) \
                    where tenant_id = \(tenant) and id = \(request.account)
                    """)
            }
            if let administrator = rows[1].first {
                let recipient = Letter.Recipient(
                    user: try administrator.get(0, as: UserID.self), email: try administrator.get(1, as: String.self))
                write.send(
                    Letter(
                        verified ? .identityVerified : .identityDeclined, to: recipient, account: request.account,
                        facts: ["account": .text(request.accountName), "reason": .text(reason)],
                        link: PageRoute.accountIdentity.url(request.account.description), cause: id.uuid))
            }
            write.audit(
                verified ? "identity.verified" : "identity.declined", object: ("account", request.account.uuid),
                account: request.account,
                details: (
                    jsonText { $0.field("identity_verified", false) },
                    jsonText {
                        $0.field("identity_verified", verified)
                        $0.field("reason", reason)
                    }
                ))
            return request.answer(200)
        }
    }
}
