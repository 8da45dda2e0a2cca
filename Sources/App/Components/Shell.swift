import HTML
import Values

/// Where the page's own files are: hashed, so that they may be kept for ever.
package struct AssetLinks: Sendable {
    package let stylesheet: URLPath
    package let script: URLPath

    package init(stylesheet: URLPath, script: URLPath) {
        self.stylesheet = stylesheet
        self.script = script
    }
}

package struct NavigationItem: Sendable {
    package let label: String
    package let url: URLPath
    package let isCurrent: Bool

    package init(_ label: String, _ url: URLPath, isCurrent: Bool = false) {
        self.label = label
        self.url = url
        self.isCurrent = isCurrent
    }
}

package struct NavigationGroup: Sendable {
    /// Nil for the first entries, which need no heading.
    package let heading: String?
    package let items: [NavigationItem]

    package init(heading: String? = nil, _ items: [NavigationItem]) {
        self.heading = heading
        self.items = items
    }
}

/// The person who is signed in, and the way out.
package struct SignedInPerson: Sendable {
    package let name: String
    /// In words: "Finance".
    package let role: String
    package let profile: URLPath
    package let signOut: URLPath
    package let csrf: String

    package init(name: String, role: String, profile: URLPath, signOut: URLPath, csrf: String) {
        self.name = name
        self.role = role
        self.profile = profile
        self.signOut = signOut
        self.csrf = csrf
    }
}

/// Everything around a page: who is looking, at which tenant and account, in which language, by which clock.
package struct Shell: Sendable {
    package enum Side: Sendable {
        /// A customer's portal.
        case account
        /// The provider's own people: another colour, so that nobody acts in the wrong one.
        case provider
        /// Nobody is signed in: a narrow page without navigation.
        case outside
    }

    package enum Theme: String, Sendable { case automatic = "auto", light, dark }

    package var side: Side
    package var assets: AssetLinks
    package var tenantName: String
    package var home: URLPath
    /// The account, enrollment or nothing that the navigation belongs to.
    package var contextName: String?
    /// Other accounts of this person's, to change to.
    package var contexts: [NavigationItem] = []
    package var person: SignedInPerson?
    /// Where the box in the header asks (G9); nil where nobody is signed in.
    package var search: URLPath?
    /// The provider's page that this session came from.
    package var origin: ExternalURL?
    package var navigation: [NavigationGroup] = []
    /// This page in the other language: same path, same query.
    package var otherLanguage: URLPath
    package var theme: Theme = .automatic
    package var isDemo = false
    /// Set for a tenant whose time is moved by hand.
    package var testClock: TestClockNotice?
    package var flash: Banner?
    /// Set while an operator looks at the portal in a customer's stead.
    package var viewing: ViewingNotice?
    /// `0.1.0 (f14a71e)`.
    package var build: String
    /// Real time, for the footer; the tenant's own is in the localiser.
    package var realNow: Instant
    package var footerLinks: [NavigationItem] = []

    package struct TestClockNotice: Sendable {
        package let now: Instant
        /// For those who may move it.
        package let page: URLPath?

        package init(now: Instant, page: URLPath?) {
            self.now = now
            self.page = page
        }
    }

    package struct ViewingNotice: Sendable {
        package let person: String
        package let account: String
        package let until: Instant
        package let end: ActionForm

        package init(person: String, account: String, until: Instant, end: ActionForm) {
            self.person = person
            self.account = account
            self.until = until
            self.end = end
        }
    }

    package init(
        side: Side, assets: AssetLinks, tenantName: String, home: URLPath, otherLanguage: URLPath, build: String, realNow: Instant
    ) {
        self.side = side
        self.assets = assets
        self.tenantName = tenantName
        self.home = home
        self.otherLanguage = otherLanguage
        self.build = build
        self.realNow = realNow
    }
}

extension Shell {
    /// The whole document, ready to send.
    package func document(_ page: some Page, _ t: Localiser) -> [UInt8] {
        HTML.document(
            html(.lang(t.language.tag), .class(theme == .automatic ? nil : "theme-\(theme.rawValue)")) {
                pageHead(page, t)
                body(.class(sideClass)) {
                    a(.class("skip"), .href(.anchor("main"))) { t("shell.skip") }
                    pageHeader(t)
                    frame(page, t)
                    pageFooter(t)
                    p(.class("sr"), .id("announce"), .role(.status)) {}
                }
            })
    }

    private var sideClass: String {
        switch side {
        case .account: "side-account"
        case .provider: "side-provider"
        case .outside: "side-outside"
        }
    }

    private func pageHead(_ page: some Page, _ t: Localiser) -> HTML {
        let name = "\(page.title(t)) · \(tenantName)"
        return head {
            meta(.charset("utf-8"))
            title { page.hasProblems ? t("form.error_title", ["title": name]) : name }
            meta(.name("viewport"), .content("width=device-width, initial-scale=1"))
            meta(.name("color-scheme"), .content("light dark"))
            link(.rel(.stylesheet), .href(assets.stylesheet))
            if let seconds = page.refreshSeconds { HTML.void("meta", RawAttribute.refresh(seconds), foreign: false) }
            script(.src(assets.script), .defer)
        }
    }

    private func frame(_ page: some Page, _ t: Localiser) -> HTML {
        let content = main(.id("main"), .tabindex(-1)) {
            if let flash { flash.html }
            page.content(t)
        }
        guard side != .outside, !navigation.isEmpty else { return div(.class("shell shell--bare")) { content } }
        return div(.class("shell")) {
            nav(.class("side"), .ariaLabel(t("shell.navigation"))) { navigationLists }
            content
        }
    }

    var navigationLists: HTML {
        .fragment(
            navigation.map { entries in
                group {
                    if let heading = entries.heading { p(.class("nav-heading")) { heading } }
                    ul {
                        for item in entries.items {
                            li { a(.href(item.url), .ariaCurrent(item.isCurrent ? .page : nil)) { item.label } }
                        }
                    }
                }
            })
    }
}

extension RawAttribute {
    fileprivate static func refresh(_ seconds: Int) -> [RawAttribute] {
        [RawAttribute("http-equiv", .token("refresh")), RawAttribute("content", .number(seconds))]
    }
}
