import Crypto
import FoundationEssentials
import HTTP

/// Who is at the page: in which language and look, whether a form is hers, and what somebody who looks in her stead may not.
extension PageHandler {
    // MARK: Who may post

    /// A form counts only when this site showed it, to this session.
    func confirmOwnForm(_ visit: Visit) throws {
        let headers = visit.request.headers
        if let site = headers["sec-fetch-site"], site != "same-origin", site != "none" {
            throw Failure.forbidden(code: "form_expired")
        }
        if let origin = headers["origin"], !isOurs(origin, headers["host"]) { throw Failure.forbidden(code: "form_expired") }
        // A form for everybody belongs to the browser; whoever is signed in may have it from her session, too.
        let tokens = [visit.signedIn?.formToken, visit.route?.isOpen == true ? visit.request.cookie(cookies.signInToken) : nil]
        let sent = try visit.form().exact(PageForm.csrfField)
        guard tokens.contains(where: { token in token.map { !$0.isEmpty && ConstantTime.equals(sent, $0) } ?? false }) else {
            throw Failure.forbidden(code: "form_expired")
        }
    }

    /// Whoever looks in somebody's stead can end that, and sign out; nothing else that a form does. What is the person's own is not looked at.
    func refuseWhileViewing(_ visit: Visit) throws {
        guard let route = visit.route, visit.signedIn?.principal.viewing != nil, route != .endViewAs, route != .signOut else {
            return
        }
        if route.isPost { throw Failure.forbidden(code: "view_as_read_only") }
        if route.isPersonal { throw Failure.forbidden(code: "view_as_personal") }
    }

    private func isOurs(_ origin: String, _ host: String?) -> Bool {
        if let own = dependencies.configuration.publicURL { return origin.lowercased() == own.lowercased() }
        guard let host else { return false }
        return origin.lowercased() == "http://\(host.lowercased())" || origin.lowercased() == "https://\(host.lowercased())"
    }

    func returnTo(_ request: HTTPRequest) -> [(String, String)] {
        request.path == "/" ? [] : [("return_to", request.rawTarget)]
    }

    // MARK: Language and look

    func visit(
        _ request: HTTPRequest, _ route: PageRoute?, _ parameters: [String], _ requestID: String,
        _ signedIn: Authenticator.SignedIn?,
        _ surroundings: Surroundings?
    ) -> Visit {
        let asked = { (name: String) in request.query.first { $0.name == name }?.value }
        var changed: [String] = []
        let chosenLanguage = asked("lang").flatMap { Language(tag: $0) }
        if let chosenLanguage {
            changed.append(cookies.preference(cookies.language, chosenLanguage.tag, of: signedIn?.session.id))
        }
        // Hers before the browser's; but what she switched in this very session stays switched (G11, G28).
        let language =
            chosenLanguage
            ?? preference(
                request.cookie(cookies.language), own: signedIn?.preferences.language, signedIn
            ) { Language(tag: $0) }
            ?? request.headers["accept-language"].flatMap { Language(acceptLanguage: $0) }
            ?? signedIn.flatMap { Language(tag: $0.tenant.locale) } ?? .en
        let chosenTheme = asked("theme").flatMap { Shell.Theme(rawValue: $0) }
        if let chosenTheme {
            changed.append(cookies.preference(cookies.theme, chosenTheme.rawValue, of: signedIn?.session.id))
        }
        let theme =
            chosenTheme
            ?? preference(
                request.cookie(cookies.theme), own: signedIn?.preferences.theme.flatMap { Shell.Theme(rawValue: $0) }, signedIn
            ) { Shell.Theme(rawValue: $0) } ?? .automatic
        return Visit(
            handler: self, request: request, route: route, parameters: parameters, requestID: requestID,
            startedAt: dependencies.realNow(),
            strings: localisation[language], theme: theme, preferences: changed, signedIn: signedIn,
            surroundings: surroundings)
    }

    private func preference<Value>(
        _ cookie: String?, own: Value?, _ signedIn: Authenticator.SignedIn?, _ read: (String) -> Value?
    ) -> Value? {
        let parts = (cookie ?? "").split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = read(parts[0])
        let isOfThisSession = parts.count == 2 && signedIn.map { PageCookies.mark(of: $0.session.id) == parts[1] } ?? false
        return isOfThisSession ? value ?? own : own ?? value
    }
}
