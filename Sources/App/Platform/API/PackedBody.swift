import HTTP
import Loop

/// A body that came packed (`Content-Encoding: gzip`), unpacked before anybody reads it: schemas, idempotency and limits see what was meant.
enum PackedBody {
    /// Below this a loop unpacks faster than it hands over.
    private static let bytesOnLoop = 16 * 1_024

    /// - Throws: `unsupported_content_encoding` (415), `invalid_gzip` (400), `body_too_large` (413) for what would be longer than the same body sent plain
    ///   may be; no more than that is ever unpacked.
    static func unpacked(_ request: HTTPRequest, _ workers: LoopWorkers) async throws -> HTTPRequest {
        let codings = request.headers.all("content-encoding")
        guard let coding = codings.first?.lowercased(), codings != ["identity"] else { return request }
        guard codings.count == 1, coding == "gzip" || coding == "x-gzip" else { throw Failure.unsupportedContentEncoding }
        let (packed, bound) = (request.body, Serve.bodyLimit(of: request.path))
        var plain = request
        do {
            let isShort = packed.count <= bytesOnLoop && bound <= Serve.bodyBytes
            plain.body =
                isShort
                ? try Gunzip.unpack(packed, atMost: bound)
                : try await workers.run { try Gunzip.unpack(packed, atMost: bound) }
        } catch Gunzip.Fault.tooLong {
            throw Failure.tooLarge(limitBytes: bound)
        } catch is Gunzip.Fault {
            throw Failure.malformed(code: "invalid_gzip")
        } catch is LoopWorkers.Refusal {
            throw Failure.unavailable(code: "busy", retryAfterSeconds: 1)
        }
        return plain
    }
}
