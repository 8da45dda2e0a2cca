import HTML

/// A page about what all endpoints have in common: paragraphs, and commands that work.
package struct APIGuidePage: Page {
    let guide: APIGuide
    let origin: String

    package func title(_ t: Localiser) -> String { t("\(guide.key).title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("reference narrow")) {
            Breadcrumbs([(t("docs.title"), PageRoute.apiIndex.url())], current: title(t)).html(t)
            PageHeading(title(t), lede: .text(t("\(guide.key).lede"))).html
            for paragraph in t.strings.paragraphs("\(guide.key).text", [:]) { p(.class("prose")) { marked(paragraph) } }
            if guide == .rules { rules(t) }
            if guide == .changes { changes(t) }
            if guide == .authentication { scopes }
            if let text = commands { listing(text, name: title(t)) }
        }
    }

    /// Made from the routes, as the scopes are.
    private var scopes: HTML {
        dl(.class("fields")) {
            for scope in Endpoint.scopes {
                div(.id(scope.replacing(":", with: "-"))) {
                    dt { code { scope } }
                    dd { for endpoint in Endpoint.allCases where endpoint.scope == scope { p { code { endpoint.rawValue } } } }
                }
            }
        }
    }

    private func changes(_ t: Localiser) -> HTML {
        group {
            for day in APIGuide.daysOfChange {
                section(.class("block"), .id(day)) {
                    h2 { day }
                    ul(.class("effects prose")) {
                        for change in t.strings.paragraphs(APIGuide.changes(on: day), [:]) { li { marked(change) } }
                    }
                }
            }
        }
    }

    private func rules(_ t: Localiser) -> HTML {
        dl(.class("fields")) {
            for rule in RuleWords.named {
                div(.id(rule)) {
                    dt { code { rule } }
                    dd { p { t("docs.rule.\(rule.lowercased())") } }
                }
            }
        }
    }

    /// The same in every language: requests and headers as they go over the wire.
    private var commands: String? {
        let key = "-H \"Authorization: Bearer $BURSAR_KEY\""
        switch guide {
        case .authentication: return "curl \(origin)/v1/me \\\n  \(key)"
        case .idempotency:
            return "curl -X POST \(origin)/v1/partners \\\n  \(key) \\\n  -H 'Idempotency-Key: partner-4711' \\\n"
                + "  -H 'Content-Type: application/json' \\\n  -d '{\"code\": \"P-4711\", \"company_name\": \"Harbour Partners\"}'"
        case .lists: return "curl '\(origin)/v1/subscriptions?state=active&limit=50&sort=-created_at' \\\n  \(key)"
        case .errors: return "curl -i \(origin)/v1/subscriptions/sub_01jhkvxm80e00800000000000z \\\n  \(key)"
        case .dryRun:
            return "curl -X POST '\(origin)/v1/partners?dry_run=true' \\\n  \(key) \\\n"
                + "  -H 'Content-Type: application/json' \\\n  -d '{\"code\": \"P-4712\", \"company_name\": \"Harbour Partners\"}'"
        case .versions: return "curl -i \(origin)/v1/tenant-switches \\\n  \(key)"
        case .limits: return "curl -i \(origin)/v1/me \\\n  \(key)"
        case .rules, .changes: return nil
        case .time: return "curl -i \(origin)/v1/test-clock \\\n  \(key)"
        }
    }
}
