import Billing
import HTML
import HTTP
import Values

/// People and roles (experience page 22).
extension PageHandler {
    func roles(_ visit: Visit) throws -> HTTPResponse {
        _ = try visit.member()
        return visit.page(RolesPage(), Frame(current: PageRoute.roles.url()))
    }
}
