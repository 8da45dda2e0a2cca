import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// One step of a subscription's history, as the API and the page show it.
package struct TransitionRecord: Sendable {
    package let id: TransitionID
    package let sequence: Int64
    package let at: Instant
    package let type: String
    package let rule: String
    package let actor: KnownActor
    package let reason: String?
    package let from: String?
    package let to: String
    package let note: String?
    /// What was given up with a write-off, which is one for all (`WriteOff`).
    package let amount: Money?

    /// Of `transition_events t`.
    static let columns: SQL = """
        t.id, t.sequence, t.at, t.type, t.rule, \(KnownActor.columns(of: "t", "t.tenant_id")), t.reason, t.from_state, t.to_state, t.note, \
        \(writtenOff("written_off_minor")), \(writtenOff("currency"))
        """

    private static func writtenOff(_ column: SQL) -> SQL {
        """
        case t.type when \(TransitionType.debtWrittenOff.rawValue) then (select s.\(column) from subscriptions s \
        where s.tenant_id = t.tenant_id and s.id = t.subscription_id) end
        """
    }

    init(_ row: Row, _ context: TenantContext) throws {
        var column = Columns(row)
        id = try column.next()
        sequence = try column.next()
        at = try column.next()
        type = try column.next()
        rule = try column.next()
        actor = try column.knownActor(context)
        reason = try column.next()
        from = try column.next()
        to = try column.next()
        note = try column.next()
        let minor: Int64? = try column.next()
        let currency: Currency? = try column.next()
        amount = minor.flatMap { minor in currency.map { Money(minor: minor, currency: $0) } }
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("at", at)
            $0.field("type", type)
            $0.field("actor", actor)
            $0.field("reason", reason)
            $0.field("rule", rule)
            $0.field("from", from)
            $0.field("to", to)
            $0.field("note", note)
            if let amount { $0.field("amount", amount) } else { $0.nullField("amount") }
        }
    }
}

/// What was erased, when, under which rule (L3).
package struct DeletionCertificate: Sendable {
    package let id: CertificateID
    package let subscription: SubscriptionID
    package let deletedAt: Instant
    package let rule: String
    package let suspendedAt: Instant?
    package let deleteAt: Instant?
    package let reasons: [String]
    package let erased: [(name: String, count: Int)]
    package let kept: [String]
    package let sha256: String
    /// Credit that was still valid and went with the deletion, as the ledger has it; no part of what is hashed.
    package private(set) var forfeited: Money?
    /// What it owed when it was deleted, whether or not it has been given up since; no part of what is hashed.
    package private(set) var owed: Money?

    static let columns: SQL = "id, subscription_id, deleted_at, rule, suspended_at, delete_at, reasons, erased, kept, sha256"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        subscription = try column.next()
        deletedAt = try column.next()
        rule = try column.next()
        suspendedAt = try column.next()
        deleteAt = try column.next()
        reasons = try column.next()
        let erasedText: PostgresJSON = try column.next()
        let keptText: PostgresJSON = try column.next()
        erased = (try JSON(parsing: Array(erasedText.text.utf8)).members?.fields ?? [])
            .map { ($0.key, $0.value.integer.map(Int.init) ?? 0) }
            .sorted { $0.name < $1.name }
        kept = (try JSON(parsing: Array(keptText.text.utf8)).items ?? []).compactMap(\.text)
        sha256 = try column.next()
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "deletion_certificate")
            $0.field("subscription_id", subscription)
            $0.field("deleted_at", deletedAt)
            $0.field("rule", rule)
            $0.field("suspended_at", suspendedAt)
            $0.field("delete_at", deleteAt)
            $0.field("reasons", words: reasons)
            $0.field("erased", object: { json in for entry in erased { json.field(entry.name, entry.count) } })
            $0.field("kept", words: kept)
            $0.field("sha256", sha256)
            if let forfeited { $0.field("forfeited", forfeited) } else { $0.nullField("forfeited") }
            if let owed { $0.field("owed", owed) } else { $0.nullField("owed") }
        }
    }

    /// - Throws: `Failure.notFound` until the subscription is deleted.
    package static func find(_ id: SubscriptionID, _ context: TenantContext) async throws -> DeletionCertificate {
        let (subscription, _, _, rows) = try await FindSubscription.byID(
            id, context,
            also: [
                "select \(columns) from deletion_certificates where tenant_id = \(context.tenant.id) and subscription_id = \(id)",
                forfeits(context.tenant.id, id),
            ])
        guard let row = rows[0].first else { throw Failure.notFound }
        var certificate = try DeletionCertificate(row)
        certificate.forfeited = try forfeited(rows[1], subscription)
        let owed = try subscription.outstanding.adding(subscription.writtenOff)
        certificate.owed = owed.isPositive ? owed : nil
        return certificate
    }

    /// What the ledger took from the lots of a deleted subscription with its deletion.
    static func forfeits(_ tenant: TenantID, _ id: SubscriptionID) -> SQL {
        """
        select coalesce(sum(t.amount_minor), 0)::bigint from credit_lots l \
        join subscriptions s on s.tenant_id = l.tenant_id and s.id = l.subscription_id \
        join ledger_transfers t on t.tenant_id = l.tenant_id and t.source_kind = 'lot_expiry' and t.source_id = l.id \
        where l.tenant_id = \(tenant) and l.subscription_id = \(id) and \(EraseSubscription.wentWithDeletion)
        """
    }

    static func forfeited(_ rows: Rows, _ subscription: Subscription) throws -> Money? {
        let minor: Int64 = try rows[0].get(0)
        return minor > 0 ? subscription.money(minor) : nil
    }
}
