import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

package struct Partner: Sendable {
    package let id: PartnerID
    package let code: String
    package var companyName: String
    package let createdAt: Instant
    /// Set on no further subscription from then on.
    package var retiredAt: Instant?
    package var version: Int64 = 1

    static let columns: SQL = "id, code, company_name, created_at, retired_at, version"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        code = try column.next()
        companyName = try column.next()
        createdAt = try column.next()
        retiredAt = try column.next()
        version = try column.next()
    }

    init(id: PartnerID, code: String, companyName: String, createdAt: Instant) {
        self.id = id
        self.code = code
        self.companyName = companyName
        self.createdAt = createdAt
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "partner")
            $0.field("code", code)
            $0.field("company_name", companyName)
            $0.field("created_at", createdAt)
            $0.field("retired_at", retiredAt)
        }
    }

    var etag: String { "\"\(version)\"" }

    func answer(_ status: Int) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        return Answer(
            status: status, body: json.bytes, location: status == 201 ? Endpoint.getPartner.path(id.description) : nil,
            etag: etag, objectID: id.uuid)
    }
}

/// The operator adds a reseller with its ID and company name.
package struct CreatePartner: Sendable {
    let code: String
    let companyName: String

    package init(code: String, companyName: String) {
        self.code = code
        self.companyName = companyName
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        guard Self.isCode(code) else { throw Failure.invalid([FieldError("/code", "invalid_partner_code")]) }
        return try await context.command(options) { write in
            _ = try await write.begin([])
            let partner = Partner(id: write.newID(), code: code, companyName: companyName, createdAt: write.now)
            let made = try await write.query(
                """
                insert into partners (tenant_id, id, code, company_name, created_at) \
                values (\(write.tenant.id), \(partner.id), \(code), \(companyName), \(write.now)) on conflict (tenant_id, code) do nothing returning id
                """)
            guard !made.isEmpty else { throw Failure.conflict(code: "partner_exists", arguments: ["code": code]) }
            write.audit("partner.created", object: ("partner", partner.id.uuid))
            return partner.answer(201)
        }
    }

    /// Letters, digits, dot, dash, underscore; begins with a letter or digit; at most 64.
    static func isCode(_ code: String) -> Bool {
        let bytes = Array(code.utf8)
        guard let first = bytes.first, bytes.count <= 64 else { return false }
        let isAlphanumeric = { (byte: UInt8) in (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isAlphanumeric(first) && bytes.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
    }
}

extension Partner {
    /// The partner of this ID that may be chosen: as it is written, or without regard to its letters' case where that leaves one.
    static func called(_ code: String, _ tenant: TenantID) -> SQL {
        """
        retired_at is null and (code = \(code) or lower(code) = lower(\(code)) and (select count(*) from partners other \
        where other.tenant_id = \(tenant) and lower(other.code) = lower(\(code)) and other.retired_at is null) = 1)
        """
    }
}

/// A9: a partner's ID is checked before it is set; the company's name comes back.
package enum FindPartner {
    /// `isCheck`: somebody asks whose this ID is, which is rationed; false where what was found before is shown once more.
    package static func byCode(_ code: String, _ context: TenantContext, isCheck: Bool = true) async throws -> Partner {
        if case .key(_, _, let role, _) = context.principal, !Permission.allows(role, .editSubscription, in: .standard) {
            throw Failure.roleForbids(.editSubscription)
        }
        if isCheck { try await context.use(.partnerCheck) }
        let rows = try await context.read(
            "select \(Partner.columns) from partners where tenant_id = \(context.tenant.id) and \(Partner.called(code, context.tenant.id))"
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try Partner(row)
    }

    package static func byID(_ id: PartnerID, _ context: TenantContext) async throws -> Partner {
        try context.require(.operate)
        let rows = try await context.read(
            "select \(Partner.columns) from partners where tenant_id = \(context.tenant.id) and id = \(id)"
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try Partner(row)
    }
}
