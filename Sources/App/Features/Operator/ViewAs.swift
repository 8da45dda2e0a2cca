import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// An operator begins to see the portal as a person of an account does: with a reason, for half an hour, written where the account can read it.
struct StartViewAs: Sendable {
    let account: AccountID
    let person: UserID
    let reason: String
    /// The session that will see with other eyes.
    let sessionToken: String

    func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        guard case .user(let operatorID, _, _, _) = context.principal, context.principal.isOperator else {
            throw Failure.notFound
        }
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                "select id from accounts where tenant_id = \(tenant) and id = \(account)",
                """
                select exists (select from accounts a where a.tenant_id = \(tenant) and a.id = \(account) and a.administrator_id = \(person)) \
                or exists (select from role_assignments r where r.tenant_id = \(tenant) and r.account_id = \(account) and r.user_id = \(person)) \
                or exists (select from subscriptions s where s.tenant_id = \(tenant) and s.account_id = \(account) \
                and s.service_administrator_id = \(person)), \
                exists (select from role_assignments r where r.tenant_id = \(tenant) and r.user_id = \(person) and r.role = 'operator')
                """,
            ])
            guard !rows[0].isEmpty else { throw Failure.notFound }
            guard try rows[1][0].get(0, as: Bool.self), try !rows[1][0].get(1, as: Bool.self) else {
                throw Failure.invalid([FieldError("/person", "not_a_person_of_the_account")])
            }
            let id: AccountViewID = write.newID()
            let started = write.dependencies.realNow()
            let ends = started.adding(seconds: Viewing.seconds)
            write.enqueue(
                """
                insert into account_views (tenant_id, id, account_id, person_id, operator_id, reason, started_at, ends_at) \
                values (\(tenant), \(id), \(account), \(person), \(operatorID), \(reason), \(started), \(ends))
                """)
            write.enqueue(
                """
                update identity.sessions set view_id = \(id), viewed_account_id = \(account), viewed_user_id = \(person), viewing_until = \(ends) \
                where token_hash = \(SHA256.hash(sessionToken)) and tenant_id = \(tenant) and user_id = \(operatorID)
                """)
            write.audit(
                "view_as.started", object: ("account", account.uuid), account: account,
                details: (
                    "{}",
                    jsonText {
                        $0.field("person_id", person)
                        $0.field("reason", reason)
                        $0.field("until", ends)
                    }
                ))
            return Answer(status: 200, body: jsonObject { $0.field("until", ends) })
        }
    }
}

/// Back to the operator's own eyes, before the time is over.
struct EndViewAs: Sendable {
    let viewing: Viewing
    let sessionToken: String

    func run(_ context: TenantContext) async throws {
        try await context.work(actor: Actor(kind: .operator, id: viewing.operator.uuid)) { write in
            _ = try await write.begin([])
            write.enqueue(
                """
                update identity.sessions set view_id = null, viewed_account_id = null, viewed_user_id = null, viewing_until = null \
                where token_hash = \(SHA256.hash(sessionToken)) and tenant_id = \(write.tenant.id)
                """)
            write.enqueue(
                """
                update account_views set ended_at = \(write.dependencies.realNow()) \
                where tenant_id = \(write.tenant.id) and id = \(viewing.id) and ended_at is null
                """)
            write.audit("view_as.ended", object: ("account", viewing.account.uuid), account: viewing.account)
        }
    }
}
