import Billing
import HTTP
import Values

// MARK: What the API's document says

extension EndpointDocumentation {
    static let listOperations = read(
        "subscriptions", "Long work, newest first; kept for 7 days after its end.", .list("Operation"),
        query: Operation.list.query)
    static let getOperation = read(
        "subscriptions", "How far long work is; once it has ended, a verdict for each item.", .object(200, "OperationResult"))
    static let cancelOperation = EndpointDocumentation(
        tag: "subscriptions", summary: "Stop what has not begun; what is done stays done, and the result says so.",
        audience: .administrators, body: Input.nothing, answer: .object(200, "Operation"), refusals: [403, 409, 413, 415, 422],
        idempotency: .offered, dryRun: true)
    static let actOnSubscriptions: Self = {
        var documentation = EndpointDocumentation(
            tag: "subscriptions",
            summary: "Cancel, suspend or reactivate up to 1,000 at once, with a verdict for each (A15). More than "
                + "\(ActOnSubscriptions.atOnceAtMost), or any number with `Prefer: respond-async`, are long work: 202 with an operation to ask.",
            audience: .administrators, body: Input.actions, answer: .object(200, "SubscriptionActions"),
            refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: true)
        documentation.accepted = "Operation"
        return documentation
    }()
}

extension Schema {
    private static let operationFields: [Field] = [
        .init("id", .id("opr")), .init("object", .word(["operation"])),
        .init("action", .word(ActOnSubscriptions.Action.allCases.map(\.rawValue))),
        .init("mode", .word(ActOnSubscriptions.Mode.allCases.map(\.rawValue))),
        .init("state", .word(Operation.State.allCases.map(\.rawValue))),
        .init(
            "progress",
            .object(
                ["total", "finished", "done", "unchanged", "refused", "replayed"].map {
                    .init($0, .integer(min: 0, max: Int64(ActOnSubscriptions.itemsAtMost)))
                })),
        .init("requested_by", .object([.init("kind", .word(["user", "key"])), .init("id", .text(max: 40))])),
        .init("account_id", .nullable(.id("acc")), "Where everything in it belongs to one account."),
        .init("enrollment_id", .nullable(.id("enr")), "Where everything in it belongs to one agreement."),
        .init("error_code", .nullable(.text(max: 100)), "Why it has failed."),
        .init("created_at", instant, "Real time, also where the tenant has a test clock."),
        .init("started_at", .nullable(instant)),
        .init("ended_at", .nullable(instant)), .init("expires_at", .nullable(instant), "It is not kept longer."),
    ]
    static let operationComponents: [(name: String, schema: Schema)] = [
        ("Operation", .object(operationFields + [dryRun])),
        (
            "OperationResult",
            .object(
                operationFields + [
                    .init("error_detail", .nullable(.text(max: 2_000))),
                    .init(
                        "result", .nullable(.named("SubscriptionActions")),
                        "Null until it has ended; then a verdict for each, as of work that was done at once."),
                ])
        ),
    ]
}

extension APIHandler {
    func operation(_ request: APIRequest) async throws -> HTTPResponse {
        let (operation, items) = try await FindOperation.whole(try request.pathID(), request.context)
        let words = localisation[request.language]
        var response = object(operation, request) { $0.write(to: &$1, items: items) { Problem.detail($0, words) } }
        if !operation.state.hasEnded { response.headers.set("Retry-After", "1") }
        return response
    }

    func cancelOperation(_ request: APIRequest) async throws -> HTTPResponse {
        _ = try request.body()
        return response(
            try await CancelOperation(id: try request.pathID()).run(request.context, try request.options()), request)
    }
}

extension APIRequest {
    /// `Prefer: respond-async` (RFC 7240): the caller does not want to wait. Longer than any preference: 400.
    func prefersNotToWait() throws(Failure) -> Bool {
        let values = http.headers.all("prefer")
        guard values.allSatisfy({ $0.unicodeScalars.count <= OpenAPI.preferenceMaximum }) else {
            throw .malformed(code: "too_long", pointer: "Prefer", arguments: ["max": String(OpenAPI.preferenceMaximum)])
        }
        return values.contains { value in
            value.lowercased().split { $0 == "," || $0 == ";" }.contains { $0.filter { $0 != " " } == "respond-async" }
        }
    }
}
