import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Money that has arrived at the tenant's bank, as the operator wrote it down.
package struct Remittance: Sendable {
    package enum Status: String, PostgresWord, Sendable, CaseIterable {
        /// Belongs to no payment.
        case unmatched
        /// A payment took its part; the rest waits to be applied or returned.
        case surplus
        case matched
        /// What no payment took went back.
        case returned
    }
    package struct Part: Sendable {
        package let payment: PaymentID
        package let account: AccountID
        package let amount: Money
        package let matchedAt: Instant
        package let releasedAt: Instant?
    }

    package let id: RemittanceID
    package let bankAccount: BankAccountID
    /// The bank's own number of the movement; unique.
    package let bankNumber: String
    package let amount: Money
    package var unallocated: Money
    package var status: Status
    package let payer: String?
    /// What the sender wrote on it.
    package let words: String?
    package let note: String?
    package let receivedAt: Instant
    package var returned: Money
    package var returnedAt: Instant?
    package var version: Int64
    package let createdAt: Instant
    package var parts: [Part] = []

    static let columns: SQL = """
        r.id, r.bank_account_id, r.bank_number, r.currency, r.amount_minor, r.unallocated_minor, r.status, r.payer, r.words, r.note, \
        r.received_at, r.returned_minor, r.returned_at, r.version, r.created_at
        """

    static func one(_ tenant: TenantID, _ id: RemittanceID, locked: Bool = false) -> [SQL] {
        [
            "select \(columns) from remittances r where r.tenant_id = \(tenant) and r.id = \(id)\(locked ? " for no key update" as SQL : "")",
            parts(tenant, [id]),
        ]
    }

    static func parts(_ tenant: TenantID, _ ids: [RemittanceID]) -> SQL {
        """
        select a.remittance_id, a.payment_id, i.account_id, i.currency, a.amount_minor, a.matched_at, a.released_at from remittance_allocations a \
        join payment_intents i on i.tenant_id = a.tenant_id and i.id = a.payment_id \
        where a.tenant_id = \(tenant) and a.remittance_id = any(\(ids)) order by a.matched_at, a.id
        """
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        bankAccount = try column.next()
        bankNumber = try column.next()
        let currency: Currency = try column.next()
        amount = Money(minor: try column.next(), currency: currency)
        unallocated = Money(minor: try column.next(), currency: currency)
        status = try column.next()
        payer = try column.next()
        words = try column.next()
        note = try column.next()
        receivedAt = try column.next()
        returned = Money(minor: try column.next(), currency: currency)
        returnedAt = try column.next()
        version = try column.next()
        createdAt = try column.next()
    }

    static func decode(_ rows: Rows, parts: Rows) throws -> [Remittance] {
        var byOwner: [RemittanceID: [Part]] = [:]
        for row in parts {
            var column = Columns(row)
            let owner: RemittanceID = try column.next()
            let (payment, account): (PaymentID, AccountID) = (try column.next(), try column.next())
            let currency: Currency = try column.next()
            byOwner[owner, default: []].append(
                Part(
                    payment: payment, account: account, amount: Money(minor: try column.next(), currency: currency),
                    matchedAt: try column.next(), releasedAt: try column.next()))
        }
        return try rows.map { row in
            var remittance = try Remittance(row)
            remittance.parts = byOwner[remittance.id] ?? []
            return remittance
        }
    }

    package var etag: String { "\"\(version)\"" }
    /// The reference that its words carry.
    package var reference: PaymentReference? { words.flatMap { PaymentReference.find(in: $0) } }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("object", "remittance")
            json.field("status", status.rawValue)
            json.field("bank_number", bankNumber)
            json.field("amount", amount)
            json.field("unallocated", unallocated)
            json.field("returned", returned)
            json.field("payer", payer)
            json.field("reference_text", words)
            json.field("reference", reference?.text)
            json.field("note", note)
            json.field(
                "allocations",
                array: { json in
                    for part in parts {
                        json.object {
                            $0.field("payment_id", part.payment)
                            $0.field("account_id", part.account)
                            $0.field("amount", part.amount)
                            $0.field("matched_at", part.matchedAt)
                            $0.field("released_at", part.releasedAt)
                        }
                    }
                })
            json.field("received_at", receivedAt)
            json.field("returned_at", returnedAt)
            json.field("created_at", createdAt)
        }
    }

    func answer(_ status: Int = 200) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? Endpoint.getRemittance.path(id.description) : nil,
            etag: etag,
            objectID: id.uuid)
    }
}

/// A payment that a remittance may be meant for, and why.
package struct RemittanceSuggestion: Sendable {
    package enum Ground: String, Sendable { case reference, amount }
    package let payment: ShownPayment
    package let ground: Ground
}

package enum FindRemittance {
    package static func byID(_ id: RemittanceID, _ context: TenantContext) async throws -> Remittance {
        try context.require(.operate)
        let rows = try await context.read(Remittance.one(context.tenant.id, id)).rows
        guard let remittance = try Remittance.decode(rows[0], parts: rows[1]).first else { throw Failure.notFound }
        return remittance
    }

    /// Whose reference it carries comes first, then payments that still wait for exactly this much.
    package static func suggestions(for remittance: Remittance, _ context: TenantContext) async throws -> [RemittanceSuggestion] {
        guard remittance.unallocated.isPositive else { return [] }
        let (tenant, reference) = (context.tenant.id, remittance.reference?.text ?? "")
        // What is paid or given up takes nothing more.
        let waiting: SQL = "and i.status in ('pending', 'expired') and i.method = 'bank_transfer'"
        let rows = try await context.read([
            "\(ShownPayment.select) where i.tenant_id = \(tenant) and i.reference = \(reference) \(waiting)",
            """
            \(ShownPayment.select) where i.tenant_id = \(tenant) and i.currency = \(remittance.amount.currency) \
            and i.amount_minor = \(remittance.unallocated.minor) \(waiting) \
            order by i.created_at desc, i.id desc limit 10
            """,
        ]).rows
        let named = try rows[0].map { RemittanceSuggestion(payment: try ShownPayment($0), ground: .reference) }
        let equal = try rows[1].map { RemittanceSuggestion(payment: try ShownPayment($0), ground: .amount) }
        return named + equal.filter { other in !named.contains { $0.payment.intent.id == other.payment.intent.id } }
    }
}
