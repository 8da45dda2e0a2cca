import Billing
import HTTP

/// Everything that can go wrong on purpose. One type knows its status, its code and the words' key; one place turns it into an answer.
///
/// Words live in `Web/strings/*.json` under `error.<code>.title` and `error.<code>.detail`, so that a program and a person read the same refusal, each
/// in their language.
package enum Failure: Error, Sendable {
    /// 400: not understood at all. `pointer` where the body has one.
    case malformed(code: String, pointer: String? = nil, arguments: [String: String] = [:])
    /// 401
    case unauthenticated(code: String)
    /// 403: one's own thing, but the role or the offer's kind does not allow it.
    case forbidden(code: String, arguments: [String: String] = [:])
    /// 404: not there, or somebody else's.
    case notFound
    /// 405, with what is allowed.
    case methodNotAllowed([String])
    /// 409: the state forbids it.
    case conflict(code: String, arguments: [String: String] = [:])
    /// 412
    case stale
    /// 413, 415
    case tooLarge(limitBytes: Int)
    case unsupportedMediaType(expected: String)
    /// 415: the body is packed in a way that nobody here unpacks.
    case unsupportedContentEncoding
    /// 422
    case invalid([FieldError])
    /// 422 for one thing. `pointer` is "" where it is the request as a whole, and the name of a header.
    case unprocessable(code: String, pointer: String, arguments: [String: String] = [:])
    /// 428
    case preconditionMissing(code: String)
    /// 429
    case tooManyRequests(retryAfterSeconds: Int)
    /// 429: the key has used its quota up; which one, and how many requests a minute it is.
    case quotaExceeded(policy: String, quota: Int, retryAfterSeconds: Int)
    /// 500: a fault of ours; the request ID is all that is told.
    case fault
    /// 503
    case unavailable(code: String, retryAfterSeconds: Int)

    package var status: Int {
        switch self {
        case .malformed: 400
        case .unauthenticated: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict: 409
        case .stale: 412
        case .tooLarge: 413
        case .unsupportedMediaType, .unsupportedContentEncoding: 415
        case .invalid, .unprocessable: 422
        case .preconditionMissing: 428
        case .tooManyRequests, .quotaExceeded: 429
        case .fault: 500
        case .unavailable: 503
        }
    }

    package var code: String {
        switch self {
        case .malformed(let code, _, _), .unauthenticated(let code), .forbidden(let code, _), .conflict(let code, _),
            .unprocessable(let code, _, _), .preconditionMissing(let code), .unavailable(let code, _):
            code
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .stale: "stale"
        case .fault: "internal_error"
        case .tooLarge: "body_too_large"
        case .unsupportedMediaType: "unsupported_media_type"
        case .unsupportedContentEncoding: "unsupported_content_encoding"
        // A single fault lends its own code to the whole answer, so that a program can match on one field.
        case .invalid(let errors): errors.count == 1 ? errors[0].code : "invalid_input"
        case .tooManyRequests: "too_many_requests"
        case .quotaExceeded: "quota_exceeded"
        }
    }

    package var arguments: [String: String] {
        switch self {
        case .malformed(_, _, let arguments), .forbidden(_, let arguments), .conflict(_, let arguments),
            .unprocessable(_, _, let arguments):
            arguments
        case .tooLarge(let limit): ["limit": String(limit)]
        case .unsupportedMediaType(let expected): ["expected": expected]
        case .methodNotAllowed(let allowed): ["allowed": allowed.joined(separator: ", ")]
        case .invalid(let errors): errors.count == 1 ? errors[0].arguments : ["count": String(errors.count)]
        case .unavailable(_, let seconds), .tooManyRequests(let seconds): ["retry": String(seconds)]
        case .quotaExceeded(_, let quota, let seconds): ["quota": String(quota), "retry": String(seconds)]
        default: [:]
        }
    }

    /// What every 422 tells beside its code: what is wrong, and where.
    package var errors: [FieldError] {
        switch self {
        case .invalid(let errors): errors
        case .unprocessable(let code, let pointer, let arguments): [FieldError(pointer, code, arguments)]
        default: []
        }
    }

    package var retryAfterSeconds: Int? {
        switch self {
        case .tooManyRequests(let seconds), .unavailable(_, let seconds), .quotaExceeded(_, _, let seconds): seconds
        default: nil
        }
    }
}

extension Failure {
    /// `pointer` where the key stands elsewhere than in the request's header.
    static func idempotencyKeyReused(at pointer: String = "Idempotency-Key") -> Failure {
        .unprocessable(code: "idempotency_key_reused", pointer: pointer)
    }

    /// `If-Match`, where the caller sent one. `current`: the object's version; nil where there is no object.
    ///
    /// - Throws: `stale` when it names another version, or cannot be read.
    static func requireMatch(_ ifMatch: String?, _ current: String?) throws {
        guard let ifMatch else { return }
        guard EntityTagList(ifMatch)?.allowsChange(of: current) == true else { throw Failure.stale }
    }
}
