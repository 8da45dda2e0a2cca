import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A key as lists show it.
package struct ListedAPIKey: Sendable {
    let key: APIKey
    /// Keys run out and are revoked on real time.
    let realNow: Instant
    /// The last four characters of the key that was made in its place.
    var replacement: String?
    /// Nil for a key of the tenant itself.
    var accountName: String?

    var state: APIKey.State { key.state(at: realNow) }
}

extension ListedAPIKey {
    /// The keys of an account, or the tenant's, newest first; for whoever may manage members there.
    package static let list = ListDescription<ListedAPIKey>(
        name: "api-keys", endpoint: .listAPIKeys, table: "identity.api_keys k", idColumn: "k.id", id: { $0.key.id.uuid },
        place: { ask in
            """
            from (select * from identity.api_keys q where q.tenant_id = \(ask.tenant) and \(try await ask.owned())) k \
            left join identity.api_key_uses u on u.key_id = k.id
            """
        },
        select: { "select \(APIKey.columns) \($0)" },
        decode: { rows, context in
            let realNow = context.dependencies.realNow()
            return try rows.map { ListedAPIKey(key: try APIKey($0), realNow: realNow) }
        },
        enrich: { try await withNames($0, $1) },
        // Whose keys they are, and whether they may be managed, is asked of the place as a whole.
        visible: { _ in "" },
        orders: [
            .newest("created_at", "k.created_at") { $0.key.createdAt },
            .alphabetical("name", "lower(k.name) collate \"C\"") { $0.key.name },
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "Part of a key's name, its last four characters, or its ID.",
                .search(hint: "keys.search_hint")
            ) { text, _ in
                let q = text.trimmingBlankSpace()
                if let id = APIKeyID(q) { return "k.id = \(id)" }
                return "(position(lower(\(q)) in lower(k.name)) > 0 or k.hint = \(String(q.suffix(4))))"
            },
            ListFilter(
                "state", label: "keys.column.state", .word(APIKey.State.allCases.map(\.rawValue)), "",
                .words(APIKey.State.allCases.map(\.rawValue)) { $1("keys.state.\($0)") }
            ) { value, ask in
                let now = ask.context.dependencies.realNow()
                return switch APIKey.State(rawValue: value) {
                case .revoked: "k.revoked_at <= \(now)"
                case .expired: "(k.revoked_at is null or k.revoked_at > \(now)) and k.expires_at <= \(now)"
                default:
                    "(k.revoked_at is null or k.revoked_at > \(now)) and (k.expires_at is null or k.expires_at > \(now))"
                }
            },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { _, _ in "true" },
        ] + ListFilter.created("k.created_at"),
        columns: shownColumns + furtherColumns, write: { row, _, json in row.key.write(to: &json, at: row.realNow) })

    /// What stands in whose place, and whose they are.
    private static func withNames(_ rows: [ListedAPIKey], _ context: TenantContext) async throws -> [ListedAPIKey] {
        guard !rows.isEmpty else { return rows }
        let (tenant, ids) = (context.tenant.id, rows.map(\.key.id))
        let found = try await context.read([
            """
            select distinct on (rotated_from) rotated_from, hint from identity.api_keys where tenant_id = \(tenant) \
            and rotated_from = any(\(ids)) order by rotated_from, created_at desc
            """,
            "select id, name from accounts where tenant_id = \(tenant) and id = any(\(rows.compactMap(\.key.account)))",
        ]).rows
        var (hints, names): ([APIKeyID: String], [AccountID: String]) = ([:], [:])
        for row in found[0] { hints[try row.get(0)] = try row.get(1) }
        for row in found[1] { names[try row.get(0)] = try row.get(1) }
        return rows.map { row in
            var row = row
            row.replacement = hints[row.key.id]
            row.accountName = row.key.account.flatMap { names[$0] }
            return row
        }
    }

    /// At the operator's desk stand the keys of every account.
    static var columnsOfTenant: [String] { shownColumns.map(\.name) + ["account"] }

    // MARK: Columns

    private static let shownColumns: [ListColumn<ListedAPIKey>] = [
        ListColumn(
            "name", "keys.column.name", order: "name",
            cell: { row, reader in
                group {
                    row.key.name
                    span(.class("sub")) { identifier(row.key.shownAs) }
                    if let limit = row.key.rateLimit {
                        span(.class("sub")) { reader.t("keys.per_minute", ["count": reader.t.number(limit)]) }
                    }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.key.id.description) },
                FileColumn("name", "keys.column.name") { row, _ in .text(row.key.name) },
                FileColumn("hint", "keys.column.hint") { row, _ in .text(row.key.shownAs) },
            ]),
        ListColumn(
            "state", "keys.column.state", cell: { row, reader in row.standing(reader.t) },
            file: [
                FileColumn(
                    "state", "keys.column.state", code: { $0.state.rawValue },
                    words: { $1.t("keys.state.\($0.state.rawValue)") }),
                FileColumn("replaced_by", "keys.column.replaced_by") { row, _ in .text(row.replacement.map { "…\($0)" }) },
            ]),
        .ownerAccount { ($0.key.account, $0.accountName) },
        ListColumn(
            "role", "keys.column.role", cell: { row, reader in .text(reader.t.word(row.key.role)) },
            file: [FileColumn("role", "keys.column.role", code: { $0.key.role.rawValue }, words: { $1.t.word($0.key.role) })]),
        ListColumn(
            "scopes", "keys.column.scopes",
            cell: { row, reader in row.key.scopes.map(codes) ?? .text(reader.t("keys.everything")) },
            file: [FileColumn("scopes", "keys.column.scopes") { row, _ in .text(row.key.scopes?.joined(separator: " ")) }]),
        ListColumn(
            "allowed_addresses", "keys.column.addresses",
            cell: { row, reader in row.key.allowedAddresses.map(codes) ?? .text(reader.t("keys.anywhere")) },
            file: [
                FileColumn("allowed_addresses", "keys.column.addresses") { row, _ in
                    .text(row.key.allowedAddresses?.joined(separator: " "))
                }
            ]),
        ListColumn(
            "last_used_at", "keys.column.last_used",
            cell: { row, reader in
                guard let at = row.key.lastUsedAt else { return .text(reader.t("keys.never_used")) }
                return group {
                    reader.t.realTimeElement(at)
                    if let address = row.key.lastUsedAddress { span(.class("sub")) { address } }
                }
            },
            file: [FileColumn("last_used_at", "keys.column.last_used") { row, _ in .instant(row.key.lastUsedAt) }]),
        ListColumn(
            "expires_at", "keys.column.expires",
            cell: { row, reader in row.key.expiresAt.map(reader.t.realTimeElement) ?? .text(reader.t("keys.never")) },
            file: [FileColumn("expires_at", "keys.column.expires") { row, _ in .instant(row.key.expiresAt) }]),
        ListColumn("actions", "keys.column.actions", cell: { row, reader in row.actions(reader) }, file: []),
    ]

    /// For whoever asks for it.
    private static let furtherColumns: [ListColumn<ListedAPIKey>] = [
        ListColumn(
            "created_at", "keys.column.created", order: "created_at", isShownFirst: false,
            cell: { row, reader in reader.t.realTimeElement(row.key.createdAt) },
            file: [FileColumn("created_at", "keys.column.created") { row, _ in .instant(row.key.createdAt) }])
    ]

    /// A key that was replaced goes on for a while beside its successor, which has its name: it says so, and until when.
    private func standing(_ t: Localiser) -> HTML {
        group {
            Self.pill(state, t).html
            if let replacement {
                span(.class("sub")) {
                    t("keys.replaced_by", ["hint": replacement])
                    if state == .active, let ends = key.expiresAt {
                        " "
                        t.html("keys.replaced_until", ["time": t.realTimeElement(ends)])
                    }
                }
            }
        }
    }

    /// At the operator's desk every key is looked after there; beside an account, there.
    private func actions(_ reader: ListReader) -> HTML {
        guard state == .active, let page = reader.page else { return reader.t.nothing }
        let links = page.string.hasPrefix("/accounts/") ? key.account.map(APIKeyLinks.of) ?? .ofTenant : .ofTenant
        return group {
            // One that was replaced ends by itself; its successor is the one to change.
            if replacement == nil {
                a(.href(links.edit(key.id))) { reader.t("keys.edit") }
                " "
            }
            a(.href(links.rotate(key.id))) { reader.t("keys.rotate") }
            " "
            a(.href(links.revoke(key.id))) { reader.t("keys.revoke") }
        }
    }

    private static func codes(_ words: [String]) -> HTML {
        group { for word in words { span(.class("sub")) { identifier(word) } } }
    }

    private static func pill(_ state: APIKey.State, _ t: Localiser) -> StatePill {
        switch state {
        case .active: StatePill(t("keys.state.active"), .good, .disc)
        case .expired: StatePill(t("keys.state.expired"), .quiet, .ring)
        case .revoked: StatePill(t("keys.state.revoked"), .quiet, .cross)
        }
    }
}

extension APIKeyLinks {
    static func of(_ account: AccountID) -> APIKeyLinks {
        let id = account.description
        return APIKeyLinks(
            list: PageRoute.keys.url(id), new: PageRoute.keyForm.url(id),
            edit: { PageRoute.editKeyForm.url(id, $0.description) },
            rotate: { PageRoute.rotateKeyForm.url(id, $0.description) },
            revoke: { PageRoute.revokeKeyForm.url(id, $0.description) })
    }

    static var ofTenant: APIKeyLinks {
        APIKeyLinks(
            list: PageRoute.operatorKeys.url(), new: PageRoute.operatorKeyForm.url(),
            edit: { PageRoute.operatorEditKeyForm.url($0.description) },
            rotate: { PageRoute.operatorRotateKeyForm.url($0.description) },
            revoke: { PageRoute.operatorRevokeKeyForm.url($0.description) })
    }
}
