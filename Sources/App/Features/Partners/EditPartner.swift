import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The operator renames a partner's company, retires the partner or takes it back. A retired one keeps its subscriptions and is set on no other.
package struct EditPartner: Sendable {
    let id: PartnerID
    let companyName: String?
    let retired: Bool?
    let ifMatch: String?

    package init(id: PartnerID, companyName: String? = nil, retired: Bool? = nil, ifMatch: String? = nil) {
        self.id = id
        self.companyName = companyName
        self.retired = retired
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let rows = try await write.begin([
                "select \(Partner.columns) from partners where tenant_id = \(write.tenant.id) and id = \(id) for no key update"
            ])
            guard var partner = try rows[0].first.map(Partner.init) else { throw Failure.notFound }
            try Failure.requireMatch(ifMatch, partner.etag)
            let before = partner
            partner.companyName = companyName ?? partner.companyName
            if let retired { partner.retiredAt = retired ? partner.retiredAt ?? write.now : nil }
            guard partner.companyName != before.companyName || partner.retiredAt != before.retiredAt else {
                return partner.answer(200)
            }
            partner.version += 1
            write.enqueue(
                """
                update partners set company_name = \(partner.companyName), retired_at = \(partner.retiredAt), version = \(partner.version) \
                where tenant_id = \(write.tenant.id) and id = \(id)
                """)
            write.audit(
                Self.action(before, partner), object: ("partner", id.uuid), details: (before.editableJSON, partner.editableJSON))
            return partner.answer(200)
        }
    }

    private static func action(_ before: Partner, _ after: Partner) -> String {
        if before.retiredAt == after.retiredAt { return "partner.edited" }
        return after.retiredAt == nil ? "partner.restored" : "partner.retired"
    }
}

extension Partner {
    fileprivate var editableJSON: String {
        jsonText {
            $0.field("company_name", companyName)
            $0.field("retired_at", retiredAt)
        }
    }
}
