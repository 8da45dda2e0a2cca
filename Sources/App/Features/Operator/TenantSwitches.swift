import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What a tenant has switched on; tenants themselves are made on the command line.
package struct TenantSwitches: Sendable, Equatable {
    package var additionalSubscriptions: Bool
    package var sandboxPayments: Bool

    static func select(_ tenant: TenantID) -> SQL {
        "select additional_subscriptions, sandbox_payments from identity.tenants where id = \(tenant)"
    }

    init(_ row: Row) throws {
        additionalSubscriptions = try row.get(0)
        sandboxPayments = try row.get(1)
    }

    package static func load(_ context: TenantContext) async throws -> TenantSwitches {
        try context.require(.operate)
        let rows = try await context.read(select(context.tenant.id)).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try TenantSwitches(row)
    }

    /// Two switches have four states: the state is the version.
    package var etag: String { "\"\(additionalSubscriptions ? 1 : 0)\(sandboxPayments ? 1 : 0)\"" }

    var json: String {
        jsonText {
            $0.field("additional_subscriptions", additionalSubscriptions)
            $0.field("sandbox_payments", sandboxPayments)
        }
    }

    package func answer() -> Answer {
        let body = jsonObject {
            $0.field("object", "tenant_switches")
            $0.field("additional_subscriptions", additionalSubscriptions)
            $0.field("sandbox_payments", sandboxPayments)
        }
        return Answer(status: 200, body: body, etag: etag)
    }
}

package struct SetTenantSwitches: Sendable {
    let additionalSubscriptions: Bool?
    let sandboxPayments: Bool?
    let ifMatch: String?

    package init(additionalSubscriptions: Bool?, sandboxPayments: Bool?, ifMatch: String? = nil) {
        self.additionalSubscriptions = additionalSubscriptions
        self.sandboxPayments = sandboxPayments
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let rows = try await write.begin(["\(TenantSwitches.select(write.tenant.id)) for no key update"])
            guard let row = rows[0].first else { throw Failure.notFound }
            let before = try TenantSwitches(row)
            try Failure.requireMatch(ifMatch, before.etag)
            var after = before
            after.additionalSubscriptions = additionalSubscriptions ?? before.additionalSubscriptions
            after.sandboxPayments = sandboxPayments ?? before.sandboxPayments
            // Money that is none is for sandboxes; a live tenant that was made with it can only give it up.
            if after.sandboxPayments, !before.sandboxPayments, !write.tenant.isSandbox {
                throw Failure.conflict(code: "sandbox_payments_not_for_live")
            }
            guard after != before else { return after.answer() }
            write.enqueue(
                """
                update identity.tenants set additional_subscriptions = \(after.additionalSubscriptions), \
                sandbox_payments = \(after.sandboxPayments) where id = \(write.tenant.id)
                """)
            write.audit("tenant.switched", object: ("tenant", write.tenant.id.uuid), details: (before.json, after.json))
            return after.answer()
        }
    }
}
