import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Partner {
    /// The tenant's partners, newest first; for its operators.
    package static let list = ListDescription<Partner>(
        name: "partners", endpoint: .listPartners, table: "partners p", idColumn: "p.id", id: { $0.id.uuid },
        select: { "select \(Partner.columns) from partners p where \($0)" }, decode: { rows, _ in try rows.map(Partner.init) },
        visible: { context in
            try context.require(.operate)
            return ""
        },
        orders: [
            .newest("created_at", "p.created_at") { $0.createdAt },
            .alphabetical("name", "p.name_key") { $0.companyName },
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "Part of the company's name, or an exact partner ID.",
                .search(hint: "partners.search_hint")
            ) { text, ask in
                let q = text.trimmingBlankSpace()
                let named = try await ListSearch.named(
                    "p.name_key", q, in: "partners p where p.tenant_id = \(ask.tenant)", ask.context)
                return "(p.code = \(q) or \(named))"
            }
        ] + ListFilter.created("p.created_at"),
        columns: [
            ListColumn(
                "company_name", "partners.company", order: "name",
                cell: { row, _ in
                    a(.class("row-link"), .href(PageRoute.operatorPartner.url(row.id.description))) { row.companyName }
                },
                file: [
                    FileColumn("id", "list.id") { row, _ in .text(row.id.description) },
                    FileColumn("company_name", "partners.company") { row, _ in .text(row.companyName) },
                ]),
            ListColumn(
                "code", "partners.code", cell: { row, _ in identifier(row.code) },
                file: [FileColumn("code", "partners.code") { row, _ in .text(row.code) }]),
            ListColumn(
                "retired_at", "partners.status", cell: { row, reader in partnerPill(row, reader.t).html },
                file: [FileColumn("retired_at", "partners.retired_at") { row, _ in .instant(row.retiredAt) }]),
            ListColumn(
                "created_at", "partners.created", order: "created_at",
                cell: { row, reader in reader.t.dateElement(row.createdAt) },
                file: [FileColumn("created_at", "partners.created") { row, _ in .instant(row.createdAt) }]),
        ],
        write: { row, _, json in row.write(to: &json) })
}
