import HTML

/// `/problems`: every error code, by what it says.
package struct ProblemIndexPage: Page {
    package func title(_ t: Localiser) -> String { t("docs.problems.title") }

    package func content(_ t: Localiser) -> HTML {
        let catalogue = ProblemCatalogue(t.strings)
        return div(.class("reference")) {
            Breadcrumbs([(t("docs.title"), PageRoute.apiIndex.url())], current: title(t)).html(t)
            PageHeading(title(t), lede: .text(t("docs.problems.lede"))).html
            ul(.class("routes")) {
                for code in catalogue.codes {
                    li {
                        a(.class("mono"), .href(URLPath(["problems", code]))) { code }
                        span(.class("sub")) { catalogue.title(code) }
                    }
                }
            }
        }
    }
}

/// `/problems/{code}`: where an API's refusal points to. What it means, why it comes, what to do.
package struct ProblemPage: Page {
    let code: String
    let reference: APIReference

    package func title(_ t: Localiser) -> String { ProblemCatalogue(t.strings).title(code) }

    package func content(_ t: Localiser) -> HTML {
        let catalogue = ProblemCatalogue(t.strings)
        return div(.class("reference narrow")) {
            Breadcrumbs(
                [(t("docs.title"), PageRoute.apiIndex.url()), (t("docs.problems.title"), PageRoute.problems.url())], current: code
            ).html(t)
            PageHeading(title(t), lede: identifier(code)).html
            if let detail = catalogue.detail(code) { block(t("docs.problems.says")) { p { marked(detail) } } }
            if let cause = catalogue.cause(code) { block(t("docs.problems.cause")) { p { marked(cause) } } }
            if let cure = catalogue.cure(code) { block(t("docs.problems.cure")) { p { marked(cure) } } }
            let places = ProblemCatalogue.places(code, reference)
            if !places.isEmpty {
                block(t("docs.problems.places")) {
                    ul(.class("routes")) {
                        for place in places {
                            li {
                                span(.class("mono")) { "\(place.status) " }
                                a(
                                    .class("mono"),
                                    .href(
                                        PageRoute.apiPage.url([APIGroup.slug(of: place.endpoint)], fragment: "\(place.endpoint)"))
                                ) { identifier(place.endpoint.rawValue) }
                            }
                        }
                    }
                }
            }
        }
    }
}
