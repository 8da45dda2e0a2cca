import HTTP
import Postgres
import Synchronization
import Values

/// What a person's or a proxy's browser is told beside every answer (G33).
enum SecurityHeaders {
    static func add(to response: inout HTTPResponse, isSecure: Bool) {
        response.headers.set(isSecure ? overTLS : fixed)
    }

    private static let fixed: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    ]
    private static let overTLS: HTTPHeaders = {
        var headers = fixed
        headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return headers
    }()
}

/// Whether the server can do its work: the database answers, and its schema is this program's.
enum Readiness {
    struct Check: Sendable {
        let name: String
        let isFine: Bool
        let fault: String
    }

    static func check(_ dependencies: Dependencies, isDraining: Bool) async -> [Check] {
        var checks = [Check(name: "draining", isFine: !isDraining, fault: "draining")]
        do {
            let rows = try await dependencies.database.reads.read(
                scope: nil, ["select max(number) from public.bursar_migrations"], timeout: .seconds(2))
            let newest: Int32? = try rows[0].first?.get(0)
            checks.append(Check(name: "database", isFine: true, fault: ""))
            let isCurrent = newest.map { Int($0) == dependencies.schemaNumber } ?? false
            checks.append(Check(name: "migrations", isFine: isCurrent, fault: "the schema is not this program's"))
        } catch {
            checks.append(Check(name: "database", isFine: false, fault: "does not answer"))
        }
        return checks
    }
}

package enum Version {
    package static let text = "0.1.0"
}

extension Assets {
    func response(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .get || request.method == .head, let asset = find(request.path) else { return nil }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": asset.contentType,
                "Cache-Control": asset.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=86400",
            ], body: .shared(asset.body))
    }
}
