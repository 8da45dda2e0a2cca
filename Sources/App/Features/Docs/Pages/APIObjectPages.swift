import HTML
import HTTP

/// `/docs/api/objects`: what answers are made of.
package struct APIObjectsPage: Page {
    let reference: APIReference

    package func title(_ t: Localiser) -> String { t("docs.objects.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("reference")) {
            Breadcrumbs([(t("docs.title"), PageRoute.apiIndex.url())], current: title(t)).html(t)
            PageHeading(title(t), lede: .text(t("docs.objects.lede"))).html
            ul(.class("routes")) {
                for component in Schema.components {
                    li { a(.href(PageRoute.apiObject.url(component.name))) { code { component.name } } }
                }
            }
        }
    }
}

/// `/docs/api/objects/{name}`: an object's fields, where it is answered, and one as it was answered.
package struct APIObjectPage: Page {
    let name: String
    let schema: Schema
    let reference: APIReference

    package func title(_ t: Localiser) -> String { t("docs.object_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        let words = SchemaWords(reference: reference, t: t)
        let shown: Schema = if case .money = schema { Self.money } else { schema }
        return div(.class("reference")) {
            Breadcrumbs(
                [(t("docs.title"), PageRoute.apiIndex.url()), (t("docs.objects.title"), PageRoute.apiObjects.url())],
                current: name
            ).html(t)
            PageHeading(title(t)).html
            block(t("docs.fields")) { words.list(words.rows(shown)) }
            let users = Endpoint.allCases.filter { Self.answers($0, name) }
            if !users.isEmpty {
                block(t("docs.answered_by")) {
                    ul(.class("routes")) {
                        for endpoint in users {
                            li {
                                a(.href(PageRoute.apiPage.url([APIGroup.slug(of: endpoint)], fragment: "\(endpoint)"))) {
                                    code { endpoint.rawValue }
                                }
                            }
                        }
                    }
                }
            }
            if let example = Self.example(users, reference) {
                block(t("docs.example_object")) { listing(example.pretty(), name: t("docs.example_object")) }
            }
        }
    }

    private static let money: Schema = .object([.init("amount", .format("decimal")), .init("currency", .text(min: 3, max: 3))])

    private static func answers(_ endpoint: Endpoint, _ name: String) -> Bool {
        switch endpoint.documentation.answer {
        case .object(_, let answered), .list(let answered): answered == name
        case .other: false
        }
    }

    private static func example(_ users: [Endpoint], _ reference: APIReference) -> JSON? {
        for endpoint in users {
            guard let answer = reference.example(endpoint)?.answer else { continue }
            if case .list = endpoint.documentation.answer {
                if let first = answer.members?["data"]?.items?.first { return first }
            } else {
                return answer
            }
        }
        return nil
    }
}
