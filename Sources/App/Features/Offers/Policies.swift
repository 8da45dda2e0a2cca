import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// One published version of an offer's numbers in one currency (L10). It never changes; the newest is the one that is sold.
package struct PublishedPolicy: Sendable {
    package let policy: OfferPolicy
    package let publishedAt: Instant
    /// Nil for what the tenant began with.
    package let publishedBy: UUID?
    private let publisherIsKey: Bool
    package let publisher: String?
    package let note: String?
    package let isNewest: Bool

    init(_ row: Row, _ offer: Offer, _ currency: Currency, isNewest: Bool) throws {
        var column = Columns(row)
        policy = try column.policy(offer, currency)
        publishedAt = try column.next()
        publishedBy = try column.next()
        publisherIsKey = try column.next()
        note = try column.next()
        publisher = try column.next()
        self.isNewest = isNewest
    }

    static func chain(_ tenant: TenantID, _ offer: Offer, _ currency: Currency) -> SQL {
        """
        select \(SubscriptionQueries.policyColumns), o.created_at, o.published_by, u.id is null, o.note, \
        \(Person.shownName(of: "u")) from offer_policies o \
        left join users u on u.tenant_id = o.tenant_id and u.id = o.published_by \
        where o.tenant_id = \(tenant) and o.offer = \(offer) and o.currency = \(currency) order by o.version desc limit 200
        """
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("object", "offer_policy")
            $0.field("offer", policy.offer.rawValue)
            $0.field("currency", policy.currency.code)
            $0.field("version", policy.version)
            $0.field("status", isNewest ? "published" : "superseded")
            $0.field("published_at", publishedAt)
            $0.field("published_by", publishedBy.map { KnownActor.operatorID($0, isKey: publisherIsKey) })
            $0.field("note", note)
            $0.numbers(policy)
        }
    }
}

extension JSONWriter {
    mutating func numbers(_ policy: OfferPolicy) {
        for number in PolicyNumber.allCases {
            switch policy.value(number) {
            case .money(let money): field(number.rawValue, money)
            case .months(let count), .days(let count): field(number.rawValue, count)
            }
        }
    }
}

/// The next version while it is written: it is no version, nothing is sold under it, and there is at most one of a chain.
package struct PolicyDraft: Sendable {
    package let id: PolicyDraftID
    package var policy: OfferPolicy
    /// The version it was copied from; 0 where the offer is new in its currency.
    package let basedOn: Int
    package var status: String
    package var version: Int64
    package let createdAt: Instant
    package var updatedAt: Instant

    static let columns: SQL = """
        d.id, d.offer, d.currency, d.based_on, d.status, d.version, d.created_at, d.updated_at, \
        d.based_on + 1, d.minimum_payment_minor, d.largest_payment_minor, d.validity_months, d.retention_days, d.trial_price_minor, \
        d.trial_credit_minor, d.trial_months, d.grace_days, d.pending_lapse_days
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        let offer: Offer = try column.next()
        let currency: Currency = try column.next()
        basedOn = Int(try column.next(Int32.self))
        status = try column.next()
        version = try column.next()
        createdAt = try column.next()
        updatedAt = try column.next()
        policy = try column.policy(offer, currency)
    }

    init(id: PolicyDraftID, policy: OfferPolicy, basedOn: Int, at now: Instant) {
        self.id = id
        self.policy = policy
        self.basedOn = basedOn
        status = "open"
        version = 1
        createdAt = now
        updatedAt = now
    }

    package var etag: String { "\"\(version)\"" }

    func answer(_ code: Int) -> Answer {
        let body = jsonObject {
            $0.field("id", id)
            $0.field("object", "policy_draft")
            $0.field("offer", policy.offer.rawValue)
            $0.field("currency", policy.currency.code)
            $0.field("based_on", basedOn)
            $0.field("status", status)
            $0.numbers(policy)
            $0.field("created_at", createdAt)
            $0.field("updated_at", updatedAt)
        }
        return Answer(
            status: code, body: body, location: code == 201 ? Endpoint.getPolicyDraft.path(id.description) : nil, etag: etag,
            objectID: id.uuid)
    }

    package static func find(_ id: PolicyDraftID, _ context: TenantContext) async throws -> PolicyDraft {
        try context.require(.operate)
        let rows = try await context.read(
            "select \(columns) from offer_policy_drafts d where d.tenant_id = \(context.tenant.id) and d.id = \(id)"
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try PolicyDraft(row)
    }

    package static func open(_ offer: Offer, _ currency: Currency, _ context: TenantContext) async throws -> PolicyDraft? {
        try await context.read(openOne(context.tenant.id, offer, currency)).rows.first.map { try PolicyDraft($0) }
    }

    static func openOne(_ tenant: TenantID, _ offer: Offer, _ currency: Currency) -> SQL {
        """
        select \(columns) from offer_policy_drafts d where d.tenant_id = \(tenant) and d.offer = \(offer) and d.currency = \(currency) \
        and d.status = 'open'
        """
    }
}

/// An offer in one currency, with the version that is sold.
package struct OfferChain: Sendable {
    package let offer: Offer
    package let currency: Currency
    package let version: Int
    package let publishedAt: Instant?
    package let draft: PolicyDraftID?

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("object", "offer")
            $0.field("offer", offer.rawValue)
            $0.field("currency", currency.code)
            $0.field("version", version)
            $0.field("published_at", publishedAt)
            $0.field("draft_id", draft)
        }
    }
}

package enum ListOffers {
    /// Every offer in every currency; what is only being drafted stands at version 0.
    package static func run(_ context: TenantContext) async throws -> [OfferChain] {
        try context.require(.operate)
        let tenant = context.tenant.id
        let rows = try await context.read(
            """
            select coalesce(o.offer, d.offer), coalesce(o.currency, d.currency), coalesce(o.version, 0), o.created_at, d.id from \
            (select distinct on (offer, currency) offer, currency, version, created_at from offer_policies where tenant_id = \(tenant) \
            order by offer, currency, version desc) o \
            full join (select id, offer, currency from offer_policy_drafts where tenant_id = \(tenant) and status = 'open') d \
            on d.offer = o.offer and d.currency = o.currency order by 1 desc, 2
            """
        ).rows
        return try rows.map { row in
            OfferChain(
                offer: try row.get(0), currency: try row.get(1), version: Int(try row.get(2, as: Int32.self)),
                publishedAt: try row.get(3), draft: try row.get(4))
        }
    }

    /// The enterprise offer has numbers in every currency from the start; those that nobody has touched or sells beside are left out.
    package static func inUse(_ all: [OfferChain]) -> [OfferChain] {
        let sold = Set(all.filter { $0.offer != .enterprise }.map(\.currency))
        return all.filter { $0.offer != .enterprise || $0.version > 1 || $0.draft != nil || sold.contains($0.currency) }
    }

    /// The versions of one offer in one currency, the newest first.
    package static func policies(_ offer: Offer, _ currency: Currency, _ context: TenantContext) async throws -> [PublishedPolicy]
    {
        try context.require(.operate)
        let rows = try await context.read(PublishedPolicy.chain(context.tenant.id, offer, currency)).rows
        return try rows.enumerated().map { try PublishedPolicy($1, offer, currency, isNewest: $0 == 0) }
    }
}
