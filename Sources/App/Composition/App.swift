import Billing
import Crypto
import FoundationEssentials
import HTTP
import Loop
import Postgres
import Synchronization
import Values

/// One request, one way: route, who asks, tenant, use case, answer. One place catches.
package final class App: Sendable {
    package let dependencies: Dependencies
    package let authenticator: Authenticator
    package let localisation: Localisation
    package let metrics: Metrics
    private let limits: RateLimits
    package let watch: Watch
    private let proxies: TrustedProxies
    private let assets: Assets
    private let routes: RouteTable<Endpoint>
    private let api: APIHandler
    private let pages: PageHandler
    private let openAPI: SharedBody
    private let reference: APIReference
    private let draining = Atomic(false)
    /// Of a further loop: the app of the first one.
    private let first: App?

    package init(dependencies: Dependencies, webFolder: URL) throws {
        self.dependencies = dependencies
        localisation = try Localisation(folder: webFolder.appending(path: "strings"))
        assets = try Assets(folder: webFolder)
        authenticator = Authenticator(database: dependencies.database, realNow: dependencies.realNow)
        limits = RateLimits(standardQuota: dependencies.configuration.limits.requestsPerMinute ?? LimitSettings.standardQuota)
        let invariants = try Invariant.all(in: webFolder.deletingLastPathComponent().appending(path: "SQL"))
        watch = Watch(dependencies: dependencies, authenticator: authenticator, invariants: invariants)
        metrics = Metrics(dependencies: dependencies, watch: watch)
        proxies = try TrustedProxies(dependencies.configuration.trustedProxies)
        api = APIHandler(localisation: localisation)
        reference = try APIReference(folder: webFolder.appending(path: "api"))
        openAPI = OpenAPI.body(reference)
        pages = PageHandler(
            dependencies: dependencies, authenticator: authenticator, localisation: localisation, assets: assets,
            reference: reference)
        var routes = RouteTable<Endpoint>()
        for endpoint in Endpoint.allCases { routes.add(endpoint.method, endpoint.segments, endpoint) }
        self.routes = routes
        first = nil
    }

    /// The same app for a further loop. What it remembers of keys and tenants is its own; what is counted is counted for all of them together.
    package init(beside first: App, database: Database) throws {
        var dependencies = first.dependencies
        dependencies.database = database
        self.dependencies = dependencies
        self.first = first
        localisation = first.localisation
        assets = first.assets
        authenticator = Authenticator(database: database, realNow: dependencies.realNow, uses: first.authenticator.uses)
        metrics = first.metrics
        watch = first.watch
        proxies = first.proxies
        reference = first.reference
        limits = first.limits
        api = first.api
        openAPI = first.openAPI
        routes = first.routes
        pages = PageHandler(
            dependencies: dependencies, authenticator: authenticator, localisation: localisation, assets: assets,
            reference: first.reference)
    }

    /// From now on `/readyz` says no, so that a proxy sends nothing new.
    package func startDraining() { draining.store(true, ordering: .relaxed) }

    package func handle(_ arrived: HTTPRequest) async -> HTTPResponse {
        // Readiness and figures are the process's, whichever loop is asked for them.
        if let first, arrived.path == Endpoint.readyz.template || arrived.path == Endpoint.metrics.template {
            return await first.dependencies.database.reads.loop.run { await first.handle(arrived) }
        }
        let started = dependencies.realNow()
        // From here on nobody has to know that there is a proxy: the address is the client's, as far as it can be believed.
        let request = proxies.seenThrough(arrived)
        // One look at chance for both names of the request.
        let random = dependencies.names.words()
        let requestID = requestID(of: request, at: started, random: (random[3], random[4]))
        let trace = Trace(continuing: request.headers.all("traceparent"), random: ((random[0], random[1]), random[2]))
        let facts = RequestFacts(requestID: requestID, trace: trace)
        return await RequestFacts.$current.withValue(facts) {
            var (response, route) = await answer(request, requestID, isForwarded: isForwardedByStranger(arrived))
            let isSecure = dependencies.configuration.publicURL?.hasPrefix("https://") ?? false
            SecurityHeaders.add(to: &response, isSecure: isSecure || proxies.isSecure(arrived))
            if isOfAPI(request) { response.headers.add("API-Version", APIVersion.current) }
            // No answer names itself before this.
            response.headers.add("X-Request-Id", requestID)
            response.headers.add("Traceparent", trace.header)
            let elapsed = started.microseconds(until: dependencies.realNow())
            metrics.observe(route: route, method: request.method.rawValue, status: response.status, microseconds: elapsed)
            log(request, route, status: response.status, microseconds: elapsed, trace)
            return response
        }
    }

    /// Somebody between us and the client, whom the configuration does not name.
    private func isForwardedByStranger(_ request: HTTPRequest) -> Bool {
        (request.headers.contains("x-forwarded-for") || request.headers.contains("forwarded"))
            && !proxies.trusts(request.remoteAddress)
    }

    /// What failed is an error, what was slow a warning; what changes something, or belongs to a trace that its caller records, is worth a line.
    private func log(_ request: HTTPRequest, _ route: String, status: Int, microseconds: Int64, _ trace: Trace) {
        let isRead = request.method == .get || request.method == .head
        let level: Log.Level =
            status >= 500 ? .error : microseconds > 1_000_000 ? .warning : !isRead || trace.isSampled ? .info : .debug
        guard level >= dependencies.log.level else { return }
        dependencies.log(
            level, "request",
            [
                ("route", route), ("method", request.method.rawValue), ("status", String(status)),
                ("ms", Exposition.seconds(microseconds * 1_000)),
            ])
    }

    private func answer(_ request: HTTPRequest, _ requestID: String, isForwarded: Bool) async -> (HTTPResponse, route: String) {
        switch routes.match(request.method.rawValue, request.pathSegments) {
        case .found(let endpoint, let parameters):
            if endpoint == .metrics {
                return (await measurements(request, requestID, isForwarded: isForwarded), endpoint.template)
            }
            return (await answer(request, endpoint, parameters, requestID), endpoint.template)
        case .wrongMethod(let allowed) where request.method == .options:
            return (await options(allowed, request, requestID), "other")
        case .wrongMethod(let allowed):
            return (await noSuchRoute(.methodNotAllowed(allowed), request, requestID), "other")
        case .nothing where isOfAPI(request):
            return (await noSuchRoute(.notFound, request, requestID), "other")
        case .nothing:
            if let asset = assets.response(request) { return (asset, "asset") }
            return await pages.answer(request, requestID: requestID)
        }
    }

    // MARK: The API and operations

    private func answer(_ request: HTTPRequest, _ endpoint: Endpoint, _ parameters: [String], _ requestID: String) async
        -> HTTPResponse
    {
        switch endpoint {
        case .healthz: return Self.alive
        case .readyz: return await readiness()
        case .openapi: return OpenAPI.response(openAPI)
        case .problem: return await pages.problemPage(code: parameters[0], request, requestID: requestID)
        default: return await answerAPI(request, endpoint, parameters, requestID)
        }
    }

    private static let alive = HTTPResponse(status: 200, contentType: "text/plain; charset=utf-8", text: "ok\n")

    private func measurements(_ request: HTTPRequest, _ requestID: String, isForwarded: Bool) async -> HTTPResponse {
        do {
            return try await metrics.response(for: request, isForwarded: isForwarded)
        } catch {
            return problem(failure(error, requestID), request, requestID)
        }
    }

    /// Who asks, whether there is room in their quota, the answer, and in its headers what is left.
    private func answerAPI(
        _ request: HTTPRequest, _ endpoint: Endpoint, _ parameters: [String], _ requestID: String
    ) async -> HTTPResponse {
        let now = dependencies.monotonicMilliseconds()
        var allowance: RateLimits.Allowance?
        var known: Authenticator.KnownKey?
        var response: HTTPResponse
        do {
            let key = try await key(of: request) {
                allowance = limits.spend(.address(request.remoteAddress), .unauthenticated, at: now)
                try allowance?.check()
            }
            known = key
            allowance = limits.spend(.key(key.id), endpoint.ratePolicy, own: key.limits.rateLimit, at: now)
            try allowance?.check()
            response = try await answerUnderKey(request, endpoint, parameters, key, requestID)
        } catch {
            response = problem(failure(error, requestID), request, requestID)
            // Also what is refused before the tenant is asked for anything carries its time.
            if let key = known {
                let context = TenantContext(tenant: key.tenant, principal: key.principal, dependencies: dependencies)
                response = (try? await withClock(response, context)) ?? response
            }
        }
        return await describe(allowance, in: response)
    }

    private func key(of request: HTTPRequest, stranger: () throws -> Void) async throws -> Authenticator.KnownKey {
        guard let header = request.headers["authorization"], header.lowercased().hasPrefix("bearer ") else {
            try stranger()
            throw Failure.unauthenticated(code: "api_key_required")
        }
        return try await authenticator.key(String(header.dropFirst(7)), from: request.remoteAddress, stranger: stranger)
    }

    /// No key is looked at here, so the address pays.
    private func noSuchRoute(_ told: Failure, _ request: HTTPRequest, _ requestID: String) async -> HTTPResponse {
        guard isOfAPI(request) else { return problem(told, request, requestID) }
        let allowance = limits.spend(
            .address(request.remoteAddress), .unauthenticated, at: dependencies.monotonicMilliseconds())
        do { try allowance.check() } catch {
            return await describe(allowance, in: problem(failure(error, requestID), request, requestID))
        }
        return await describe(allowance, in: problem(told, request, requestID))
    }

    /// What a path knows, to anybody: the document says the same. The address pays as for any request without a key.
    private func options(_ allowed: [String], _ request: HTTPRequest, _ requestID: String) async -> HTTPResponse {
        guard isOfAPI(request) else { return .options(allowed) }
        let allowance = limits.spend(
            .address(request.remoteAddress), .unauthenticated, at: dependencies.monotonicMilliseconds())
        do { try allowance.check() } catch {
            return await describe(allowance, in: problem(failure(error, requestID), request, requestID))
        }
        return await describe(allowance, in: .options(allowed))
    }

    private func isOfAPI(_ request: HTTPRequest) -> Bool { request.path.hasPrefix("/v1/") || request.path == "/v1" }

    /// Whoever goes on asking after having been told to wait gets each answer later; nobody waits with them.
    private func describe(_ allowance: RateLimits.Allowance?, in response: HTTPResponse) async -> HTTPResponse {
        guard let allowance else { return response }
        if let delay = allowance.delay { try? await dependencies.database.reads.loop.sleep(for: delay) }
        var response = response
        allowance.describe(in: &response.headers)
        return response
    }

    private func answerUnderKey(
        _ request: HTTPRequest, _ endpoint: Endpoint, _ parameters: [String], _ key: Authenticator.KnownKey, _ requestID: String
    ) async throws -> HTTPResponse {
        let (tenant, context) = (
            key.tenant, TenantContext(tenant: key.tenant, principal: key.principal, dependencies: dependencies)
        )
        RequestFacts.current?.belongs(to: tenant, key.principal)
        let isItself = parameters.first.flatMap { APIKeyID($0) } == key.id
        try key.limits.admit(endpoint, isItself: isItself, from: request.remoteAddress, at: dependencies.realNow())
        var response: HTTPResponse
        do {
            // English where the request names no language, as in problems.
            let language = language(of: request, nil)
            try APIVersion.confirm(request)
            let read =
                endpoint.documentation.body == nil ? request : try await PackedBody.unpacked(request, dependencies.workers)
            response = try await api.answer(
                try APIRequest(read, endpoint, parameters, context, language, requestID: requestID))
        } catch {
            var told = failure(error, requestID)
            // Not there or not theirs is said before anything of the query or the body is (api.md).
            if told.status != 404 && told.status != 503 {
                do { try await api.confirmVisible(endpoint, parameters, context) } catch { told = failure(error, requestID) }
            }
            return try await withClock(problem(told, request, requestID), context)
        }
        if tenant.isSandbox { response = try await withClock(response, context) }
        return response
    }

    /// Every answer of a sandbox tenant carries its time.
    private func withClock(_ response: HTTPResponse, _ context: TenantContext) async throws -> HTTPResponse {
        guard context.tenant.isSandbox, response.status < 500 else { return response }
        var copy = response
        copy.headers.set("Api-Clock", try await context.now().rfc3339)
        return copy
    }

    private func readiness() async -> HTTPResponse {
        let checks = await Readiness.check(dependencies, isDraining: draining.load(ordering: .relaxed))
        let isReady = checks.allSatisfy(\.isFine)
        let body = jsonObject { json in
            json.field("ready", isReady)
            json.field(
                "checks", object: { json in for check in checks { json.field(check.name, check.isFine ? "ok" : check.fault) } })
        }
        return HTTPResponse(
            status: isReady ? 200 : 503, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(body))
    }

    // MARK: Faults

    /// What is not a refusal of ours is a fault of ours: it is logged with the request's ID, and only that ID is told.
    private func failure(_ error: any Error, _ requestID: String) -> Failure {
        switch error {
        case let failure as Failure: return failure
        case let error as PostgresError:
            let failure = Failure(error)
            if failure.status >= 500 { dependencies.log(.error, "database", [("error", "\(error)")]) }
            return failure
        case let refusal as HTTPRefusal: return .malformed(code: refusal.code)
        default:
            dependencies.log(.error, "fault", [("error", "\(error)")])
            return .fault
        }
    }

    private func problem(_ failure: Failure, _ request: HTTPRequest, _ requestID: String) -> HTTPResponse {
        Problem.response(failure, localisation[language(of: request, nil)], requestID: requestID)
    }

    private func language(of request: HTTPRequest, _ tenant: Tenant?) -> Language {
        request.headers["accept-language"].flatMap { Language(acceptLanguage: $0) } ?? tenant.flatMap { Language(tag: $0.locale) }
            ?? .en
    }

    /// Requests that no handler saw get the same shape of answer, as far as their header was read: the caller's request ID, trace and language.
    package var refusal: @Sendable (HTTPRefusal, RefusedRequest) -> HTTPResponse {
        { [self] refusal, refused in
            let random = dependencies.names.words()
            var requestID = TypeIDSuffix.encode(
                UUIDv7.make(at: dependencies.realNow(), random: (random[3], random[4])), behind: "req_")
            let trace = Trace(continuing: refused.headers.all("traceparent"), random: ((random[0], random[1]), random[2]))
            var (language, isSecure) = (Language.en, dependencies.configuration.publicURL?.hasPrefix("https://") ?? false)
            if let seen = try? HTTPRequest(
                method: .get, target: "/", headers: refused.headers, remoteAddress: refused.remoteAddress)
            {
                requestID = self.requestID(of: seen, at: dependencies.realNow(), random: (random[3], random[4]))
                language = self.language(of: seen, nil)
                isSecure = isSecure || proxies.isSecure(seen)
            }
            let words = localisation[language]
            // What exactly breaks HTTP is told in English only, as the protocol is; other languages say what to do.
            var response = refusal.response(
                title: words("error.\(refusal.code).title", refusal.arguments),
                detail: language == .en ? refusal.detail : words("error.\(refusal.code).detail", refusal.arguments),
                requestID: requestID)
            SecurityHeaders.add(to: &response, isSecure: isSecure)
            response.headers.add("X-Request-Id", requestID)
            response.headers.add("Traceparent", trace.header)
            metrics.observe(route: "refused", method: "other", status: refusal.status, microseconds: 0)
            return response
        }
    }

    /// The caller's `X-Request-Id` when it is short and plain, else a new one.
    private func requestID(of request: HTTPRequest, at now: Instant, random: (UInt64, UInt64)) -> String {
        if let given = request.headers["x-request-id"], (1...64).contains(given.utf8.count),
            given.utf8.allSatisfy({
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
            })
        {
            return given
        }
        return TypeIDSuffix.encode(UUIDv7.make(at: now, random: random), behind: "req_")
    }
}
