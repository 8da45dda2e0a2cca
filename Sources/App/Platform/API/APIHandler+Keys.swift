import Billing
import HTTP
import Values

/// Keys made and ended by programs.
extension APIHandler {
    func apiKeys(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        let now = context.dependencies.realNow()
        switch request.endpoint {
        case .listAPIKeys: return try await list(request, ListedAPIKey.list)
        case .createAPIKey:
            let body = try request.body()
            let useCase = CreateAPIKey(
                account: body["account_id"]?.text.flatMap { AccountID($0) },
                role: body["role"]?.text.flatMap { Role(rawValue: $0) } ?? .reader,
                terms: APIKeyTerms(
                    name: body["name"]?.text ?? "", scopes: words(body["scopes"]), expiresAt: instant(body["expires_at"]),
                    allowedAddresses: words(body["allowed_addresses"]), rateLimit: number(body["rate_limit"])))
            return response(try await useCase.run(context, try request.options()), request)
        case .updateAPIKey:
            let body = try request.body()
            var changes = EditAPIKey.Changes()
            changes.name = body["name"]?.text
            if let scopes = body["scopes"] { changes.scopes = .some(words(scopes)) }
            if let expiry = body["expires_at"] { changes.expiresAt = .some(instant(expiry)) }
            if let addresses = body["allowed_addresses"] { changes.allowedAddresses = .some(words(addresses)) }
            if let rateLimit = body["rate_limit"] { changes.rateLimit = .some(number(rateLimit)) }
            let useCase = EditAPIKey(id: try request.pathID(), changes: changes, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .revokeAPIKey:
            let useCase = RevokeAPIKey(id: try request.pathID(), ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .rotateAPIKey:
            let body = try request.body()
            var overlap: Int64?
            if case .number(let text)? = body["overlap_seconds"] { overlap = Int64(text) }
            let useCase = RotateAPIKey(id: try request.pathID(), overlapSeconds: overlap)
            return response(try await useCase.run(context, try request.options()), request)
        default:
            return response(try await FindAPIKey.byID(try request.pathID(), context).answer(at: now), request)
        }
    }

    private func words(_ json: JSON?) -> [String]? { json?.items?.compactMap(\.text) }
    private func number(_ json: JSON?) -> Int? { if case .number(let text)? = json { Int(text) } else { nil } }
    private func instant(_ json: JSON?) -> Instant? { json?.text.flatMap { Instant(rfc3339: $0) } }
}

extension Endpoint {
    /// The documentation of the keys' own endpoints.
    var apiKeyDocumentation: EndpointDocumentation {
        let tag = "api keys"
        switch self {
        case .listAPIKeys:
            return .read(
                tag, "Keys of an account, or the tenant's, newest first.", .list("APIKey"),
                query: ListedAPIKey.list.query, who: .administrators)
        case .createAPIKey:
            return EndpointDocumentation(
                tag: tag,
                summary: "Make a key. This answer holds it; it is stored as a hash and never shown again.",
                audience: .administrators, body: Input.createAPIKey, answer: .object(201, "APIKey"),
                refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true
            ).noted(
                """
                A key with scopes, an end, addresses or a limit of its own makes no keys: what it made could be wider than itself (403 `scope_missing` or \
                `bound_key_manages_none`).
                """)
        case .updateAPIKey:
            return EndpointDocumentation(
                tag: tag, summary: "Rename a key or narrow it differently; null takes a limit away.", audience: .administrators,
                body: Input.updateAPIKey, answer: .object(200, "APIKey"), refusals: [403, 409, 412, 413, 415, 422],
                dryRun: true, hasETag: true
            ).noted(
                """
                No key changes its own scopes, end, addresses or limit (403 `key_cannot_change_itself`), and one that has any of them changes no key at all \
                (403 `scope_missing` or `bound_key_manages_none`). What was revoked, has expired or was replaced stays as it is (409).
                """)
        case .revokeAPIKey:
            return EndpointDocumentation(
                tag: tag, summary: "End a key for good, on every server within a second.", audience: .administrators,
                answer: .object(200, "APIKey"), refusals: [403, 409, 412], dryRun: true, hasETag: true
            ).noted(
                """
                A key may end itself whatever its scopes, if its role manages keys: who holds one that has leaked needs no other. With scopes it ends no other key \
                (403 `scope_missing`).
                """)
        case .rotateAPIKey:
            return EndpointDocumentation(
                tag: tag, summary: "A new key of the same terms; the old one goes on for the overlap.",
                audience: .administrators, body: Input.rotateAPIKey, answer: .object(201, "APIKey"),
                refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true
            ).noted(
                """
                A key may replace itself whatever binds it, if its role manages keys: the new one has the same scopes, addresses and limit and ends no later. With \
                any of these it replaces no other key (403 `scope_missing` or `bound_key_manages_none`).
                """)
        default: return .read(tag, "One key.", .object(200, "APIKey"), who: .administrators).tagged()
        }
    }
}
