/// Endpoints that are documented on one page: those of one tag.
package struct APIGroup: Sendable {
    package let tag: String
    package let endpoints: [Endpoint]

    /// As in addresses and in scopes: `test-clock`.
    package var slug: String { Self.slug(tag) }
    private static func slug(_ tag: String) -> String { tag.split(separator: " ").joined(separator: "-") }
    static func slug(of endpoint: Endpoint) -> String { slug(endpoint.documentation.tag) }

    package static let all: [APIGroup] = {
        var tags: [String] = []
        for endpoint in Endpoint.allCases where !tags.contains(endpoint.documentation.tag) {
            tags.append(endpoint.documentation.tag)
        }
        // What an operations team asks for stands last.
        let ordered = tags.filter { $0 != "operations" } + tags.filter { $0 == "operations" }
        return ordered.map { tag in APIGroup(tag: tag, endpoints: Endpoint.allCases.filter { $0.documentation.tag == tag }) }
    }()

    package static func named(_ slug: String) -> APIGroup? { all.first { $0.slug == slug } }
}

/// Pages about what all endpoints have in common.
package enum APIGuide: String, CaseIterable, Sendable {
    case authentication, idempotency, lists, errors
    case dryRun = "dry-run"
    case versions, limits, time, rules, changes

    package var slug: String { rawValue }
    /// Its family of words: `docs.guide.dry_run`.
    var key: String { "docs.guide.\(rawValue.split(separator: "-").joined(separator: "_"))" }

    /// The days on which something changed for programs, the newest first. Each has its family of words, one paragraph for each change:
    /// `docs.guide.changes.on_2026_12_01`.
    package static let daysOfChange = ["2026-12-01", "2026-11-30"]
    package static func changes(on day: String) -> String {
        "\(changes.key).on_\(day.split(separator: "-").joined(separator: "_"))"
    }
}
