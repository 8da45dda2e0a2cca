import Billing
import FoundationEssentials
import Postgres
import Values

package enum ListEnrollments {
    package static func run(_ page: PageRequest, _ context: TenantContext) async throws -> ListPage<Enrollment> {
        let rows = try await context.read(
            """
            select \(Enrollment.columns) from enrollments where tenant_id = \(context.tenant.id) \
            \(Visibility.ofEnrollments(to: context.principal)) \(page.tail(at: "created_at", id: "id"))
            """
        ).rows
        return ListPage(try rows.map(Enrollment.init), limit: page.limit) { ($0.createdAt, $0.id.uuid) }
    }
}
