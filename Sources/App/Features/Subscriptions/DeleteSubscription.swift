import Billing
import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Values

/// L2, L3: the deadline has come. Fixes the open month's lines, erases the customer's data, leaves what the law needs, and certifies it.
struct DeleteSubscription: Sendable {
    let id: SubscriptionID

    func run(_ write: Write) async throws {
        let rows = try await write.begin(locking: id)
        guard var subscription = try SubscriptionQueries.decode(rows[0], lots: rows[1]).first else { return }
        guard (try? subscription.facts.deleting(at: write.now)) != nil else {
            if subscription.facts.state != .suspended { write.clearTimer(.subscriptionDeletion, subject: id.uuid) }
            return
        }
        try await SettleUsage.settle(&subscription, in: write)
        // Settling may have added a reason; the decision is taken on what is now.
        let decision = try subscription.facts.deleting(at: write.now)
        try await EraseSubscription.run(&subscription, decision, rule: "L2", write)
    }
}

/// What deletion erases, counts and keeps.
enum EraseSubscription {
    static let kept = ["ledger", "orders", "payments", "bill_lines", "audit_events", "transition_events", "deletion_certificate"]

    static func run(_ subscription: inout Subscription, _ decision: LifecycleDecision, rule: String, _ write: Write) async throws
    {
        let (tenant, id) = (write.tenant.id, subscription.id)
        // The outgoing event tells the provider which resources to delete there, before their names go from here.
        let resources: [String] = try await write.query(
            """
            select distinct resource from usage_records \
            where tenant_id = \(tenant) and subscription_id = \(id) and resource is not null order by resource limit 10000
            """
        ).map { try $0.get(0) }
        let bankWords = try await write.endPayments(ofDeleted: id)
        let erasing = eraseStatements(tenant, id, at: write.now)
        let rows = try await write.query(erasing.map(\.statement))
        var erased = zip(erasing, rows).map { (name: $0.name, count: $1.affected) }
        erased.append(("names", subscription.name == nil ? 0 : 1))
        erased.append(("contact_details", subscription.serviceAdministrator == nil ? 0 : 1))
        erased.append(("resources", resources.count))
        erased.append(("bank_words", bankWords))
        let suspendedAt = subscription.facts.suspendedAt
        let deleteAt = subscription.facts.deleteAt
        let reasons = subscription.facts.reasons.rawValues
        let formerAdministrator = rule == "L2" ? try await DeletionLetter.formerAdministrator(of: subscription, write) : nil
        let forfeited = deleteAt.flatMap { DeletionForfeit.amount(subscription.credit, deletedAt: $0) }
        forfeitCredit(of: &subscription, write)
        write.enqueue("delete from timers where tenant_id = \(tenant) and subscription_id = \(id)")
        write.enqueue("delete from notice_timers where tenant_id = \(tenant) and subscription_id = \(id)")
        subscription.name = nil
        subscription.serviceAdministrator = nil
        subscription.partner = nil
        write.store(
            decision, to: &subscription,
            payload: jsonText { $0.field("resources", words: resources) })
        let body = certificateBody(
            of: id, at: write.now, rule: rule, suspendedAt: suspendedAt, deleteAt: deleteAt, reasons: reasons, erased: erased)
        let digest = SHA256.hex(body)
        if let formerAdministrator {
            DeletionLetter.send(
                to: [formerAdministrator], of: subscription, rule: rule, digest: digest, forfeited: forfeited, at: write.now,
                link: nil, write
            )
        }
        write.enqueue(
            """
            insert into deletion_certificates (tenant_id, subscription_id, id, deleted_at, rule, suspended_at, delete_at, reasons, erased, kept, sha256) \
            values (\(tenant), \(id), \(write.newID(CertificateID.self)), \(write.now), \(rule), \(suspendedAt), \(deleteAt), \(reasons), \
            \(PostgresJSON(jsonText { json in for entry in erased { json.field(entry.name, entry.count) } })), \
            \(PostgresJSON(String(decoding: keptJSON, as: UTF8.self))), \(digest))
            """)
    }

    /// `DeletionForfeit` of what was posted: true of a lot `l` of a subscription `s` that went with the deletion and did not end before it.
    static let wentWithDeletion: SQL = "(s.state = 'deleted' and l.expires_at >= s.delete_at)"

    /// M6: credit that is still there goes with the subscription; the ledger says so. A timer of a lot that ends before is run before.
    private static func forfeitCredit(of subscription: inout Subscription, _ write: Write) {
        for index in subscription.lots.indices where subscription.lots[index].credit.expiredAt == nil {
            let lot = subscription.lots[index].credit
            write.enqueue(
                "update credit_lots set expired_at = \(write.now) where tenant_id = \(write.tenant.id) and id = \(lot.id)")
            write.post(
                [
                    Transfer(
                        debit: LedgerAccount(kind: .creditLot, owner: lot.id.uuid),
                        credit: LedgerAccount(kind: .forfeited, owner: subscription.accountID.uuid),
                        amountMinor: lot.remaining.minor, purpose: "forfeit")
                ], source: TransferSource(kind: .lotExpiry, id: lot.id.uuid), account: subscription.accountID,
                subscription: subscription.id,
                currency: subscription.currency, at: write.now)
            subscription.lots[index].credit.remaining = .zero(subscription.currency)
            subscription.lots[index].credit.expiredAt = write.now
        }
    }

    private static func eraseStatements(_ tenant: TenantID, _ id: SubscriptionID, at now: Instant) -> [(
        name: String, statement: SQL
    )] {
        [
            ("usage_events", "delete from usage_events where tenant_id = \(tenant) and subscription_id = \(id)"),
            ("usage_records", "delete from usage_records where tenant_id = \(tenant) and subscription_id = \(id)"),
            (
                "audit_details",
                "delete from audit_details where tenant_id = \(tenant) and object_id = \(id)"
            ),
            (
                "notes",
                "update transition_events set note = null where tenant_id = \(tenant) and subscription_id = \(id) and note is not null"
            ),
            (
                "event_payloads",
                "update outbox_events set payload = null where tenant_id = \(tenant) and object_id = \(id) and payload is not null"
            ),
            ("mails", Letter.erasing(tenant, id, at: now)),
            ("webhook_bodies", WebhookDelivery.erasing(tenant, id, at: now)),
            (
                "operation_notes",
                "update operation_items set note = null where tenant_id = \(tenant) and subscription_id = \(id) and note is not null"
            ),
            (
                "stored_answers",
                """
                update idempotency_keys set response_body = null, etag = null where tenant_id = \(tenant) and object_id = \(id) and response_body is not null
                """
            ),
            (
                "fixed_bill_lines",
                "update bill_lines set fixed_at = \(now) where tenant_id = \(tenant) and subscription_id = \(id) and fixed_at is null"
            ),
        ]
    }

    private static var keptJSON: [UInt8] {
        var json = JSONWriter()
        json.array { for word in kept { $0.value(word) } }
        return json.bytes
    }

    /// The canonical text whose SHA-256 the certificate carries: anybody who holds the certificate can compute it again.
    static func certificateBody(
        of id: SubscriptionID, at deletedAt: Instant, rule: String, suspendedAt: Instant?, deleteAt: Instant?, reasons: [String],
        erased: [(name: String, count: Int)]
    ) -> [UInt8] {
        jsonObject { json in
            json.field("subscription_id", id)
            json.field("deleted_at", deletedAt)
            json.field("rule", rule)
            json.field("suspended_at", suspendedAt)
            json.field("delete_at", deleteAt)
            json.field("reasons", words: reasons)
            json.field(
                "erased",
                object: { json in
                    for entry in erased.sorted(by: { $0.name < $1.name }) { json.field(entry.name, entry.count) }
                })
            json.field("kept", words: kept)
        }
    }
}
