import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// An account as lists show it.
package struct ListedAccount: Sendable {
    package let account: Account
    /// How many of its subscriptions run and how many are suspended; counted for pages and files.
    package var running = 0
    package var suspended = 0
    /// Without the deleted and the lapsed ones: there is no end to them, and telling the two apart takes the table's own rows, where these counts come
    /// out of an index alone.
    package var subscriptions = 0
    /// Where it stands in its agreement.
    package var departmentName: String?
}

extension Account {
    /// The accounts that the principal may see, newest first.
    package static let list = ListDescription<ListedAccount>(
        name: "accounts", endpoint: .listAccounts, table: "accounts a", idColumn: "a.id", id: { $0.account.id.uuid },
        select: { "select \(Account.columns) \(Account.source) where \($0)" },
        decode: { rows, _ in try rows.map { ListedAccount(account: try Account($0)) } }, enrich: { try await withCounts($0, $1) },
        enrichesObjects: true,
        visible: { Visibility.ofAccounts(to: $0.principal) },
        orders: [
            .newest("created_at", "a.created_at") { $0.account.createdAt },
            .alphabetical("name", "a.name_key") { $0.account.name },
        ],
        orderOfNames: "name",
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200),
                "Part of the name (its beginning where there are more than \(ListSearch.searchedThrough) accounts), the beginning of the administrator's e-mail, first or last name, or an exact account ID. Where there are more than \(AccountSearch.lookedThrough) accounts, the first \(AccountSearch.persons) persons that begin so are looked up by e-mail and by name, with \(AccountSearch.accounts) accounts of theirs: type more of it. A whole e-mail finds all of hers.",
                .search(hint: "accounts.search_hint"), ways: AccountSearch.ways),
            ListFilter(
                "kind", label: "accounts.kind", .word(AccountKind.allCases.map(\.rawValue)), "",
                .words(AccountKind.allCases.map(\.rawValue)) { value, t in
                    AccountKind(rawValue: value).map { t.word($0) } ?? value
                }
            ) { value, _ in "a.kind = \(value)" },
            ListFilter("enrollment_id", label: "shell.enrollment", .id("enr")) { value, _ in
                "a.enrollment_id = \(EnrollmentID(value) ?? EnrollmentID(.zero))"
            },
            ListFilter("department_id", label: "subscriptions.department", .id("dep"), "", .choices) { value, _ in
                "a.department_id = \(DepartmentID(value) ?? DepartmentID(.zero))"
            },
        ] + ListFilter.created("a.created_at"),
        columns: listColumns, write: { row, _, json in row.account.write(to: &json, listed: row) })

    private static let listColumns: [ListColumn<ListedAccount>] = [
        ListColumn(
            "name", "accounts.name", order: "name",
            cell: { row, _ in
                group {
                    a(.class("row-link"), .href(PageRoute.account.url(row.account.id.description))) { row.account.name }
                    span(.class("sub mono")) { row.account.id.description }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.account.id.description) },
                FileColumn("name", "accounts.name") { row, _ in .text(row.account.name) },
            ]),
        ListColumn(
            "kind", "accounts.kind", cell: { row, reader in .text(reader.t.word(row.account.kind)) },
            file: [
                FileColumn("kind", "accounts.kind", code: { $0.account.kind.rawValue }, words: { $1.t.word($0.account.kind) })
            ]),
        ListColumn(
            "administrator", "accounts.administrator",
            cell: { row, _ in twoLines(row.account.administrator.name, row.account.administrator.email) },
            file: [
                FileColumn("administrator", "accounts.administrator") { row, _ in .text(row.account.administrator.name) },
                FileColumn("administrator_email", "list.email") { row, _ in .text(row.account.administrator.email) },
                FileColumn("administrator_id", "accounts.administrator_id") { row, _ in
                    .text(row.account.administrator.id.description)
                },
            ]),
        ListColumn(
            "currency", "accounts.currency", cell: { row, _ in .text(row.account.currency.code) },
            file: [FileColumn("currency", "accounts.currency") { row, _ in .text(row.account.currency.code) }]),
        ListColumn(
            "created_at", "accounts.created", order: "created_at",
            cell: { row, reader in reader.t.dateElement(row.account.createdAt) },
            file: [FileColumn("created_at", "accounts.created") { row, _ in .instant(row.account.createdAt) }]),
        ListColumn(
            "running", "accounts.running", isNumber: true, cell: { row, reader in .text(reader.t.number(row.running)) },
            file: [FileColumn("running", "accounts.running") { row, _ in .number(row.running) }]),
        ListColumn(
            "suspended", "accounts.suspended", isNumber: true,
            cell: { row, reader in
                row.suspended == 0 ? .text("0") : span(.class("attention")) { reader.t.number(row.suspended) }
            },
            file: [FileColumn("suspended", "accounts.suspended") { row, _ in .number(row.suspended) }]),
        ListColumn(
            "department", "enrollment.department", isShownFirst: false, cell: { departmentCell($0, $1) },
            file: [
                FileColumn("department_id", "list.department_id") { row, _ in .text(row.account.department?.description) },
                FileColumn("department", "enrollment.department") { row, _ in .text(row.departmentName) },
            ]),
        ListColumn(
            "subscriptions", "subscriptions.title", isNumber: true, isShownFirst: false,
            cell: { row, reader in .text(reader.t.number(row.subscriptions)) },
            file: [FileColumn("subscriptions", "subscriptions.title") { row, _ in .number(row.subscriptions) }]),
        ListColumn(
            "time_zone", "accounts.time_zone", isShownFirst: false, cell: { row, _ in .text(row.account.zone.identifier) },
            file: [FileColumn("time_zone", "accounts.time_zone") { row, _ in .text(row.account.zone.identifier) }]),
        ListColumn(
            "enrollment_id", "accounts.enrollment_id", isShownFirst: false,
            cell: { row, reader in row.account.enrollment.map { identifier($0.description) } ?? reader.t.nothing },
            file: [
                FileColumn("enrollment_id", "accounts.enrollment_id") { row, _ in .text(row.account.enrollment?.description) }
            ]),
        ListColumn(
            "locale", "accounts.language", isShownFirst: false,
            cell: { row, reader in .text(reader.t("accounts.language_of.\(row.account.locale)")) },
            file: [FileColumn("locale", "accounts.language") { row, _ in .text(row.account.locale) }]),
        ListColumn(
            "updated_at", "accounts.updated", isShownFirst: false,
            cell: { row, reader in reader.t.dateElement(row.account.updatedAt) },
            file: [FileColumn("updated_at", "accounts.updated") { row, _ in .instant(row.account.updatedAt) }]),
        ListColumn(
            "identity_verified", "accounts.verified", isShownFirst: false,
            cell: { row, reader in .text(reader.t(row.account.identityVerified ? "common.yes" : "common.no")) },
            file: [
                FileColumn(
                    "identity_verified", "accounts.verified", code: { String($0.account.identityVerified) },
                    words: { $1.t($0.account.identityVerified ? "common.yes" : "common.no") })
            ]),
    ]

    /// The department with the way to another one, for those who run the agreement (A14).
    private static func departmentCell(_ row: ListedAccount, _ reader: ListReader) -> HTML {
        let (account, t) = (row.account, reader.t)
        guard let enrollment = account.enrollment else { return t.nothing }
        let roles = reader.principal.roles(on: Belonging(enrollment: enrollment))
        guard roles.contains(where: { Permission.allows($0, .createEnterprise, in: account.kind) }) else {
            return .text(row.departmentName ?? t("enrollment.no_department"))
        }
        return group {
            if let department = account.department {
                a(.href(PageRoute.department.url(enrollment.description, department.description))) { row.departmentName ?? "" }
            } else {
                t("enrollment.no_department")
            }
            span(.class("sub")) {
                a(
                    .href(PageRoute.moveAccountForm.url(enrollment.description, account.id.description)),
                    .ariaLabel(t("enrollment.move_name", ["name": account.name]))
                ) { t("enrollment.move") }
            }
        }
    }

    private static func withCounts(_ rows: [ListedAccount], _ context: TenantContext) async throws -> [ListedAccount] {
        let ids = rows.map(\.account.id)
        guard !ids.isEmpty else { return rows }
        let (tenant, departments) = (context.tenant.id, rows.compactMap(\.account.department))
        let read = try await context.read([
            """
            select account_id, count(*) filter (where state in ('active', 'past_due')), count(*) filter (where state = 'suspended'), \
            count(*) filter (where state <> 'deleted') \
            from subscriptions where tenant_id = \(tenant) and account_id = any(\(ids)) group by account_id
            """,
            "select id, name from departments where tenant_id = \(tenant) and id = any(\(departments))",
        ]).rows
        var counts: [AccountID: [Int]] = [:]
        for row in read[0] { counts[try row.get(0)] = try (1...3).map { Int(try row.get($0, as: Int64.self)) } }
        var names: [DepartmentID: String] = [:]
        for row in read[1] { names[try row.get(0)] = try row.get(1, as: String.self) }
        return rows.map { row in
            var row = row
            if let found = counts[row.account.id] {
                (row.running, row.suspended, row.subscriptions) = (found[0], found[1], found[2])
            }
            row.departmentName = row.account.department.flatMap { names[$0] }
            return row
        }
    }
}
