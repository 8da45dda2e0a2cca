import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Operation {
    /// Long work that the principal may see, newest first; operators see the whole tenant's.
    package static let list = ListDescription<Operation>(
        name: "operations", endpoint: .listOperations,
        table: "operations o left join accounts a on a.tenant_id = o.tenant_id and a.id = o.account_id", idColumn: "o.id",
        id: { $0.id.uuid }, select: { "\(Operation.select) where \($0)" }, decode: { rows, _ in try rows.map(Operation.init) },
        visible: { visible(to: $0.principal) },
        orders: [.newest("created_at", "o.created_at") { $0.createdAt }],
        filters: [
            ListFilter(
                "state", label: "subscriptions.state", .word(State.allCases.map(\.rawValue)), "",
                .words(State.allCases.map(\.rawValue)) { $1("operations.state.\($0)") }
            ) { value, _ in "o.state = \(value)" },
            ListFilter(
                "action", label: "operations.action", .word(ActOnSubscriptions.Action.allCases.map(\.rawValue)), "",
                .words(ActOnSubscriptions.Action.allCases.map(\.rawValue)) { $1("operations.name.\($0)") }
            ) { value, _ in "o.action = \(value)" },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { value, _ in
                "o.account_id = \(AccountID(value) ?? AccountID(.zero))"
            },
            ListFilter("enrollment_id", label: "shell.enrollment", .id("enr")) { value, _ in
                "o.enrollment_id = \(EnrollmentID(value) ?? EnrollmentID(.zero))"
            },
        ] + ListFilter.created("o.created_at"),
        columns: listColumns, write: { row, _, json in row.write(to: &json) })

    /// The counterpart of `confirmVisible`.
    private static func visible(to principal: Principal) -> SQL {
        if principal.isOperator { return "" }
        switch principal {
        case .commandLine: return ""
        case .key(_, let account, _, let root):
            return "and (coalesce(k.root_id, o.principal_id) = \(root.uuid) or o.account_id = \(account ?? AccountID(.zero)))"
        case .user(let id, _, _, let grants):
            if let viewing = grants.viewing { return "and o.account_id = \(viewing.account)" }
            return """
                and (o.principal_id = \(id) or o.enrollment_id = any(\(grants.enrollments.sorted())) \
                or o.account_id = any(\(grants.accounts.keys.sorted())) or a.administrator_id = \(id))
                """
        }
    }

    func name(_ t: Localiser) -> String { t("operations.name.\(action.rawValue)") }

    func pill(_ t: Localiser) -> StatePill {
        let word = t("operations.state.\(state.rawValue)")
        return switch state {
        case .queued: StatePill(word, .info, .ring)
        case .running: StatePill(word, .info, .disc)
        case .done: StatePill(word, .good, .disc)
        case .failed: StatePill(word, .bad, .triangle)
        case .cancelled: StatePill(word, .warn, .cross)
        }
    }

    func progress(_ t: Localiser) -> String {
        t("operations.progress", ["finished": t.number(finished), "total": t.number(total)])
    }

    /// Where it is read: beside its agreement, or at the operator's desk.
    func page(_ principal: Principal) -> URLPath {
        if let enrollment, !principal.isOperator {
            return PageRoute.enrollmentOperation.url(enrollment.description, id.description)
        }
        return PageRoute.operatorOperation.url(id.description)
    }

    private static let listColumns: [ListColumn<Operation>] = [
        ListColumn(
            "action", "operations.action",
            cell: { row, reader in
                group {
                    a(.class("row-link"), .href(row.page(reader.principal))) { row.name(reader.t) }
                    span(.class("sub mono")) { row.id.description }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.id.description) },
                FileColumn("action", "operations.action", code: { $0.action.rawValue }, words: { $0.name($1.t) }),
            ]),
        ListColumn(
            "state", "subscriptions.state", cell: { row, reader in row.pill(reader.t).html },
            file: [
                FileColumn(
                    "state", "subscriptions.state", code: { $0.state.rawValue },
                    words: { $1.t("operations.state.\($0.state.rawValue)") })
            ]),
        ListColumn(
            "progress", "operations.progress_column", isNumber: true, cell: { row, reader in .text(row.progress(reader.t)) },
            file: [
                FileColumn("finished", "operations.finished") { row, _ in .number(row.finished) },
                FileColumn("total", "operations.total") { row, _ in .number(row.total) },
                FileColumn("refused", "operations.refused") { row, _ in .number(row.refused) },
            ]),
        ListColumn(
            "requested_by", "operations.by", cell: { row, reader in .text(row.asker(for: reader.principal, reader.t)) },
            file: [
                FileColumn(
                    "requested_by", "operations.by", code: { $0.asker.text }, words: { $0.asker(for: $1.principal, $1.t) })
            ]),
        ListColumn(
            "created_at", "operations.created", order: "created_at",
            cell: { row, reader in reader.t.realTimeElement(row.createdAt) },
            file: [FileColumn("created_at", "operations.created") { row, _ in .instant(row.createdAt) }]),
        ListColumn(
            "ended_at", "operations.ended", isShownFirst: false,
            cell: { row, reader in row.endedAt.map(reader.t.realTimeElement) ?? reader.t.nothing },
            file: [FileColumn("ended_at", "operations.ended") { row, _ in .instant(row.endedAt) }]),
    ]
}
