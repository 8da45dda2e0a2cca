import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Remittance {
    /// What has arrived by bank transfer, newest first; for the tenant's operators.
    package static let list = ListDescription<Remittance>(
        name: "remittances", endpoint: .listRemittances, table: "remittances r", idColumn: "r.id", id: { $0.id.uuid },
        select: { "select \(Remittance.columns) from remittances r where \($0)" },
        decode: { rows, context in
            let ids: [RemittanceID] = try rows.map { try $0.get(0) }
            guard !ids.isEmpty else { return [] }
            return try Remittance.decode(rows, parts: try await context.read(Remittance.parts(context.tenant.id, ids)).rows)
        },
        visible: { context in
            try context.require(.operate)
            return ""
        },
        orders: [
            .newest("created_at", "r.created_at") { $0.createdAt }, .newest("received_at", "r.received_at") { $0.receivedAt },
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200),
                "An exact remittance ID, the bank's number, or the reference of a payment.",
                .search(hint: "remittances.search_hint")
            ) { text, ask in
                let q = text.trimmingBlankSpace()
                if let id = RemittanceID(q) { return "r.id = \(id)" }
                guard let reference = PaymentReference.find(in: q) else { return "r.bank_number = \(q)" }
                return """
                    (r.bank_number = \(q) or r.id = any(array(select p.remittance_id from remittance_allocations p \
                    join payment_intents i on i.tenant_id = p.tenant_id and i.id = p.payment_id \
                    where p.tenant_id = \(ask.tenant) and i.reference = \(reference.text))))
                    """
            },
            ListFilter(
                "status", label: "remittances.status", .word(["waiting"] + Status.allCases.map(\.rawValue)),
                "`waiting` is `unmatched` or `surplus`: what somebody has to look at.",
                .words(["waiting"] + Status.allCases.map(\.rawValue)) { $1("remittances.status_\($0)") }
            ) { value, _ in
                value == "waiting" ? "r.status in ('unmatched', 'surplus')" : "r.status = \(value)"
            },
            ListFilter(
                "from", label: "list.from", .format("date-time"), "Written down at this instant or later.", .day(.first)
            ) { value, _ in "r.created_at >= \(Instant(rfc3339: value))" },
            ListFilter("to", label: "list.to", .format("date-time"), "Written down before this instant.", .day(.last)) {
                value, _ in "r.created_at < \(Instant(rfc3339: value))"
            },
        ],
        columns: shownColumns + furtherColumns, write: { row, _, json in row.write(to: &json) })

    private static let shownColumns: [ListColumn<Remittance>] = [
        ListColumn(
            "created_at", "remittances.recorded", order: "created_at",
            cell: { row, reader in
                group {
                    a(.class("row-link"), .href(PageRoute.remittance.url(row.id.description))) {
                        reader.t.dateTime(row.createdAt)
                    }
                    span(.class("sub mono")) { row.bankNumber }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.id.description) },
                FileColumn("bank_number", "remittances.bank_number") { row, _ in .text(row.bankNumber) },
                FileColumn("created_at", "remittances.recorded") { row, _ in .instant(row.createdAt) },
            ]),
        ListColumn(
            "status", "remittances.status", cell: { row, reader in reader.t.pill(row.status).html },
            file: [
                FileColumn("status", "remittances.status", code: { $0.status.rawValue }, words: { $1.t.word($0.status) })
            ]),
        ListColumn(
            "payer", "remittances.payer", cell: { row, reader in row.payer.map { .text($0) } ?? reader.t.nothing },
            file: [FileColumn("payer", "remittances.payer") { row, _ in .text(row.payer) }]),
        ListColumn(
            "reference_text", "remittances.words", cell: { row, reader in row.words.map { .text($0) } ?? reader.t.nothing },
            file: [FileColumn("reference_text", "remittances.words") { row, _ in .text(row.words) }]),
        ListColumn(
            "amount", "remittances.amount", isNumber: true, cell: { row, reader in reader.t.moneyElement(row.amount) },
            file: [
                FileColumn("amount", "remittances.amount") { row, _ in .money(row.amount) },
                FileColumn("currency", "accounts.currency") { row, _ in .text(row.amount.currency.code) },
            ]),
        ListColumn(
            "unallocated", "remittances.unallocated", isNumber: true,
            cell: { row, reader in
                row.unallocated.isPositive ? reader.t.moneyElement(row.unallocated) : reader.t.nothing
            },
            file: [FileColumn("unallocated", "remittances.unallocated") { row, _ in .money(row.unallocated) }]),
    ]

    /// For whoever asks for them.
    private static let furtherColumns: [ListColumn<Remittance>] = [
        ListColumn(
            "received_at", "remittances.received_at", order: "received_at", isShownFirst: false,
            cell: { row, reader in reader.t.timeElement(row.receivedAt) },
            file: [FileColumn("received_at", "remittances.received_at") { row, _ in .instant(row.receivedAt) }]),
        ListColumn(
            "payments", "remittances.went_to", isShownFirst: false,
            cell: { row, reader in
                let standing = row.parts.filter { $0.releasedAt == nil }
                guard !standing.isEmpty else { return reader.t.nothing }
                return group {
                    for part in standing {
                        let url = PageRoute.payment.url(part.account.description, part.payment.description)
                        span(.class("sub mono")) { a(.href(url)) { part.payment.description } }
                    }
                }
            },
            file: [
                FileColumn("payment_ids", "remittances.went_to") { row, _ in
                    .text(row.parts.filter { $0.releasedAt == nil }.map(\.payment.description).joined(separator: " "))
                }
            ]),
        ListColumn(
            "returned", "remittances.returned", isNumber: true, isShownFirst: false,
            cell: { row, reader in row.returned.isPositive ? reader.t.moneyElement(row.returned) : reader.t.nothing },
            file: [
                FileColumn("returned", "remittances.returned") { row, _ in .money(row.returned) },
                FileColumn("returned_at", "remittances.returned_at") { row, _ in .instant(row.returnedAt) },
            ]),
    ]
}
