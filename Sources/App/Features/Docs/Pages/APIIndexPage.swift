import HTML

/// `/docs/api`: how to begin in five minutes, what all endpoints share, and every endpoint by what it is about.
package struct APIIndexPage: Page {
    let reference: APIReference
    let origin: String

    package func title(_ t: Localiser) -> String { t("docs.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(
                t("docs.title"), lede: .text(t("docs.lede")),
                actions: [ActionLink(t("docs.document"), URLPath(["openapi.json"]))]
            ).html
            block(t("docs.begin")) {
                p { t.html("docs.begin_text", ["variable": code { "BURSAR_KEY" }]) }
                listing(
                    "export BURSAR_KEY=bsk_test_…\n" + CurlCommand(.me, nil).text(origin: origin),
                    name: t("docs.begin"))
            }
            block(t("docs.guides")) {
                ul(.class("guides")) {
                    for guide in APIGuide.allCases {
                        li {
                            a(.href(PageRoute.apiPage.url(guide.slug))) { t("\(guide.key).title") }
                            span(.class("sub")) { t("\(guide.key).lede") }
                        }
                    }
                    li {
                        a(.href(PageRoute.problems.url())) { t("docs.problems.title") }
                        span(.class("sub")) { t("docs.problems.lede") }
                    }
                    li {
                        a(.href(PageRoute.apiObjects.url())) { t("docs.objects.title") }
                        span(.class("sub")) { t("docs.objects.lede") }
                    }
                }
            }
            for part in APIGroup.all { endpoints(part, t) }
        }
    }

    private func endpoints(_ part: APIGroup, _ t: Localiser) -> HTML {
        section(.class("block"), .id(part.slug)) {
            h2 { a(.href(PageRoute.apiPage.url(part.slug))) { reference.heading(part.tag, t.language) } }
            ul(.class("routes")) {
                for endpoint in part.endpoints {
                    li {
                        a(.href(PageRoute.apiPage.url([part.slug], fragment: "\(endpoint)"))) { code { endpoint.rawValue } }
                        span(.class("sub")) { marked(reference.words(endpoint.documentation.summary, t.language)) }
                    }
                }
            }
        }
    }
}
