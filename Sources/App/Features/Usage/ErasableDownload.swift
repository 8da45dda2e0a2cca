import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// L3, L4: everything that deletion will erase, in one file of JSON lines, without a bound on time. Each line says in `kind` what it is: first the
/// subscription with the names that go, then notes, changes and messages, then every usage record with the event it came in.
package struct ErasableDownload: Sendable {
    let subscription: Subscription
    let asOf: Instant
    /// What was changed, by whom and how, is in the file of those who may see the audit log.
    let seesAudit: Bool
    let context: TenantContext

    package static func prepare(_ id: SubscriptionID, _ context: TenantContext) async throws -> ErasableDownload {
        let (subscription, roles, now, _) = try await FindSubscription.byID(id, context)
        if let gone = subscription.facts.gone { throw Failure(gone) }
        let seesAudit = roles.contains { Permission.allows($0, .seeAudit, in: subscription.accountKind) }
        return ErasableDownload(subscription: subscription, asOf: now, seesAudit: seesAudit, context: context)
    }

    package func response() -> HTTPResponse {
        let name = "everything_\(subscription.id)_\(subscription.zone.date(at: asOf).iso).jsonl"
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "application/jsonl; charset=utf-8", "Content-Disposition": "attachment; filename=\"\(name)\"",
                "Cache-Control": "no-store",
            ],
            body: .stream { writer in
                try await writer.write(opening + [UInt8(ascii: "\n")])
                for statement in statements {
                    try await context.dependencies.database.reports.stream(
                        scope: context.tenant.id.uuid, statement, batchSize: UsageDownload.rowsAtOnce
                    ) { rows in
                        var bytes: [UInt8] = []
                        for row in rows {
                            bytes.append(contentsOf: try row.get(0, as: String.self).utf8)
                            bytes.append(UInt8(ascii: "\n"))
                        }
                        try await writer.write(bytes)
                    }
                }
            })
    }

    /// What is named, and what will name nothing any more.
    private var opening: [UInt8] {
        jsonObject { json in
            json.field("kind", "subscription")
            json.field("subscription_id", subscription.id)
            json.field("account_id", subscription.accountID)
            json.field("order_id", subscription.orderID)
            json.field("as_of", asOf)
            json.field("delete_at", subscription.facts.deleteAt)
            json.field("name", subscription.name)
            json.field("service_administrator", subscription.serviceAdministrator)
            if let partner = subscription.partner {
                json.field(
                    "partner",
                    object: {
                        $0.field("code", partner.code)
                        $0.field("company_name", partner.companyName)
                    })
            } else {
                json.nullField("partner")
            }
        }
    }

    /// Each gives one column of JSON text. Numbers are text, as everywhere; `to_char` keeps the times in UTC to the microsecond.
    private var statements: [SQL] {
        let (tenant, id) = (context.tenant.id, subscription.id)
        func time(_ column: String) -> SQL {
            "to_char(\(unsafeSQL: column) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        }
        let notes: SQL = """
            select json_build_object('kind', 'note', 'at', \(time("at")), 'event', type, 'note', note)::text from transition_events \
            where tenant_id = \(tenant) and subscription_id = \(id) and note is not null order by sequence
            """
        let changes: [SQL] = [
            """
            select json_build_object('kind', 'change', 'at', \(time("e.at")), 'action', e.action, 'before', d.before, 'after', d.after)::text \
            from audit_details d join audit_events e on e.tenant_id = d.tenant_id and e.id = d.audit_event_id \
            where d.tenant_id = \(tenant) and d.object_id = \(id) order by e.at, e.id
            """,
            """
            select json_build_object('kind', 'message', 'at', \(time("occurred_at")), 'type', type, 'payload', payload)::text from outbox_events \
            where tenant_id = \(tenant) and object_id = \(id) and payload is not null order by sequence
            """,
        ]
        let usage: SQL = """
            select json_build_object('kind', 'usage', 'occurred_at', \(time("r.occurred_at")), 'product', r.product, 'meter', r.meter, \
            'resource', r.resource, 'quantity', r.quantity::text, 'unit', r.unit, 'cost', r.cost::text, 'currency', r.currency, \
            'source', e.source, 'event_id', e.event_id, 'received_at', \(time("e.received_at")))::text \
            from usage_records r left join usage_events e on e.tenant_id = r.tenant_id and e.subscription_id = r.subscription_id and e.record_id = r.id \
            where r.tenant_id = \(tenant) and r.subscription_id = \(id) order by r.occurred_at, r.id
            """
        return [notes] + (seesAudit ? changes : []) + [usage]
    }
}
