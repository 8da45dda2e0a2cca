import HTML
import Values

extension ListFrame {
    struct Notice: Sendable {
        /// The filter that leaves the rows that it is about.
        let filter: (name: String, value: String)
        /// With the way to those rows; nil where they are what is shown.
        let banner: @Sendable (URLPath?) -> Banner
    }
}

extension PageHandler {
    /// The notice above a list, where it is true of what the reader is shown.
    func noticed<Item>(_ view: ListView<Item>, _ context: TenantContext) async throws -> HTML? {
        guard let notice = view.frame.notice else { return nil }
        let (filter, asked) = (notice.filter, view.values)
        guard asked[filter.name] == nil || asked[filter.name] == filter.value else { return nil }
        let isProven = view.frame.isProven && !context.principal.isViewing
        let condition = try await view.description.condition(
            asked.merging([filter.name: filter.value]) { $1 }, isProven: isProven, context)
        guard !condition.isNothing, try await view.description.holds(condition, context) else { return nil }
        return notice.banner(asked[filter.name] == nil ? view.here(changing: [(filter.name, filter.value)]) : nil).html
    }
}
