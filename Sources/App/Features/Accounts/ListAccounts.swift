import FoundationEssentials
import Postgres
import Values

package enum ListAccounts {
    package static func run(_ page: PageRequest, q: String? = nil, _ context: TenantContext) async throws -> ListPage<Account> {
        let search: SQL = q.map { "and (position(lower(\($0)) in lower(a.name)) > 0 or u.email = \($0.lowercased()))" } ?? ""
        let rows = try await context.read(
            """
            select \(Account.columns) \(Account.source) where a.tenant_id = \(context.tenant.id) \(Visibility.ofAccounts(to: context.principal)) \
            \(search) \(page.tail(at: "a.created_at", id: "a.id"))
            """
        ).rows
        return ListPage(try rows.map(Account.init), limit: page.limit) { ($0.createdAt, $0.id.uuid) }
    }
}
