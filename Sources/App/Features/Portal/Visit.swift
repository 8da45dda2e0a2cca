import Billing
import Crypto
import FoundationEssentials
import HTML
import HTTP
import Values

/// One page request on its way: what is asked, by whom, in which language.
struct Visit: Sendable {
    let handler: PageHandler
    let request: HTTPRequest
    /// Nil where no page is at the address.
    let route: PageRoute?
    let parameters: [String]
    let requestID: String
    let startedAt: Instant
    let strings: Strings
    let theme: Shell.Theme
    /// Cookies that the answer sets whatever page it is: a chosen language, a chosen theme.
    let preferences: [String]
    let signedIn: Authenticator.SignedIn?
    /// What the shell shows of the person's world; nil when nobody is signed in or it could not be read.
    let surroundings: Surroundings?

    var cookies: PageCookies { handler.cookies }
    var dependencies: Dependencies { handler.dependencies }

    /// - Throws: `Failure.unauthenticated` when nobody is signed in.
    func member() throws -> (Authenticator.SignedIn, Surroundings) {
        guard let signedIn, let surroundings else { throw Failure.unauthenticated(code: "session_required") }
        return (signedIn, surroundings)
    }

    func context() throws -> TenantContext {
        let (signedIn, _) = try member()
        return TenantContext(tenant: signedIn.tenant, principal: signedIn.principal, dependencies: dependencies)
    }

    /// What a session that begins with this request remembers of it.
    func sessionStart(isAuthenticated: Bool, returnURL: String? = nil, id: SessionID? = nil) -> SessionStart {
        SessionStart(
            device: request.headers["user-agent"] ?? "", address: request.remoteAddress, isAuthenticated: isAuthenticated,
            returnURL: returnURL, id: id)
    }

    /// What changes who may get in or who may do what asks for the password, or a code, once more: at most five minutes ago (G20).
    ///
    /// Use: the first line of the GET that shows the form **and** of the POST that acts, before anything else:
    /// ```swift
    /// func handOverForm(_ visit: Visit) async throws -> HTTPResponse {
    ///     try visit.requireRecentAuthentication()
    /// ```
    /// When it is too long ago the answer is a redirect to `/re-authenticate`, which asks, and returns to this page (a POST's: to its
    /// form; nothing of it was done). Whoever came by a link of the provider's has never said a password and is asked too.
    func requireRecentAuthentication() throws {
        let (signedIn, _) = try member()
        guard let at = signedIn.session.authenticatedAt,
            at.microseconds(until: dependencies.realNow()) <= Authenticator.recentSeconds * 1_000_000
        else { throw RecentAuthenticationNeeded() }
    }

    // MARK: The address

    subscript(name: String) -> String? { request.query.first { $0.name == name }?.value }

    /// The n-th ID of the path. One that is none names nothing: not found.
    func pathID<Tag>(_ index: Int, as type: ID<Tag>.Type = ID<Tag>.self) throws -> ID<Tag> {
        guard index < parameters.count, let id = ID<Tag>(parameters[index]) else { throw Failure.notFound }
        return id
    }

    /// This address with the query that lists and switches carry on; what was only a switch is left out.
    func here(changing changes: [(String, String?)] = []) -> URLPath {
        let dropped = ["lang", "theme"] + changes.map(\.0)
        var query = request.query.filter { !dropped.contains($0.name) && !$0.value.isEmpty }.map { ($0.name, $0.value) }
        for (name, value) in changes { if let value { query.append((name, value)) } }
        let shown = route?.isPost == true ? shownInstead : request.pathSegments
        return URLPath(
            shown, query: route?.isPost == true ? changes.compactMap { name, value in value.map { (name, $0) } } : query)
    }

    /// A posted page is not asked for again: its form is, or the start page where the form has none of its own.
    private var shownInstead: [String] {
        guard let route else { return [] }
        let hasForm = PageRoute.allCases.contains { $0.template == route.template && !$0.isPost }
        return hasForm ? request.pathSegments : []
    }

    // MARK: Forms

    /// What a form shown now carries; every showing has a key of its own (G17), unless its address names one.
    func tokens(etag: String? = nil, keyed: Bool = true) -> FormTokens {
        FormTokens(
            csrf: signedIn?.formToken ?? "", idempotencyKey: keyed ? once ?? SecureRandom.token(bytes: 18) : nil, etag: etag)
    }

    private static let onceField = "once"

    private var once: String? {
        guard let text = self[Self.onceField], text.utf8.count == 24,
            text.utf8.allSatisfy({ (0x30...0x7a).contains($0) || $0 == 0x2d })
        else { return nil }
        return text
    }

    /// The way to the same page under an address that names the key of its form: whoever comes Back to it after she has paid finds the key that she has
    /// paid with, and what she presses again shows what it did. Nil when the address names one already.
    func namingKey() -> HTTPResponse? {
        guard once == nil else { return nil }
        let query = request.query.filter { $0.name != Self.onceField } + [(Self.onceField, SecureRandom.token(bytes: 18))]
        return redirect(URLPath(request.pathSegments, query: query.map { ($0.name, $0.value) }))
    }

    /// The key that the address names, as the form on its page sends it.
    func namedKey() throws -> IdempotencyKey? {
        try once.map {
            IdempotencyKey(text: PageForm.keyText($0), principal: try member().0.principal.id, requestHash: [])
        }
    }

    /// For forms on pages that are open to everybody (`PageRoute.isOpen`): the token for the form's `csrf` field, and the cookie that goes
    /// with the page. A browser that was not shown the form does not have it.
    func openForm() -> (csrf: String, cookie: String) {
        let known = request.cookie(cookies.signInToken).flatMap { $0.utf8.count == 43 ? $0 : nil }
        let token = known ?? SecureRandom.token()
        return (token, cookies.line(cookies.signInToken, token, seconds: 3_600))
    }

    func form() throws -> PageForm { try PageForm(request) }

    func options(_ form: PageForm) throws -> CommandOptions {
        let (signedIn, _) = try member()
        return CommandOptions(
            key: try form.idempotencyKey(request, principal: signedIn.principal), requestID: requestID,
            remoteAddress: request.remoteAddress)
    }

    /// What was left to say by the request before.
    var flash: Flash? { request.cookie(cookies.flash).flatMap { Flash(rawValue: $0) } }

    // MARK: Answers

    func localiser(_ zone: TimeZoneRule? = nil) -> Localiser {
        let ownZone = signedIn.flatMap { $0.preferences.zone ?? TimeZoneRule(identifier: $0.tenant.timeZone) }
        var t = Localiser(strings: strings, zone: zone ?? ownZone ?? .utc, now: surroundings?.now ?? dependencies.realNow())
        t.isSandbox = signedIn?.tenant.isSandbox ?? false
        return t
    }

    func redirect(_ url: URLPath, flash: Flash? = nil, cookies lines: [String] = []) -> HTTPResponse {
        var response = HTTPResponse(status: 303, headers: ["Location": url.string, "Cache-Control": "private, no-store"])
        for line in lines + preferences { response.headers.add("Set-Cookie", line) }
        if let flash { response.headers.add("Set-Cookie", cookies.line(cookies.flash, flash.rawValue, seconds: 60)) }
        return response
    }

    /// A whole page in the shell that `frame` asks for.
    func page(_ page: some Page, _ frame: Frame = Frame(), status: Int = 200, cookies lines: [String] = []) -> HTTPResponse {
        let made = dependencies.realNow()
        var shell = shell(frame)
        shell.flash = frame.banner ?? deskBanner
        let bytes = shell.document(page, localiser(frame.zone))
        var response = HTTPResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Content-Language": strings.language.tag,
                "Vary": "Cookie, Accept-Language",
                "Cache-Control": "private, no-store",
                "Server-Timing":
                    "read;dur=\(milliseconds(startedAt, made)), render;dur=\(milliseconds(made, dependencies.realNow()))",
            ], body: .bytes(bytes))
        for line in lines + preferences { response.headers.add("Set-Cookie", line) }
        if request.cookie(cookies.flash) != nil { response.headers.add("Set-Cookie", cookies.taken(cookies.flash)) }
        return response
    }

    private func milliseconds(_ from: Instant, _ to: Instant) -> String {
        let microseconds = max(0, from.microseconds(until: to))
        return "\(microseconds / 1_000).\(String(1_000 + microseconds % 1_000).dropFirst())"
    }
}

/// Thrown by `Visit.requireRecentAuthentication`; answered with the way to `/re-authenticate`.
struct RecentAuthenticationNeeded: Error {}

/// What one page asks of the shell around it.
struct Frame: Sendable {
    /// The account's zone on its pages; the tenant's elsewhere.
    var zone: TimeZoneRule?
    var account: (id: AccountID, name: String)?
    var enrollment: (id: EnrollmentID, name: String)?
    /// The entry of the navigation that this page belongs to.
    var current: URLPath?
    var banner: Banner?
}

extension Visit {
    /// A parameter that says something.
    func filled(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Every value of a parameter that may come more than once.
    func all(_ name: String) -> [String] { request.query.filter { $0.name == name }.map(\.value) }
}
