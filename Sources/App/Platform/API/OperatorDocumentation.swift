/// What the document says of the operator's desk.
extension EndpointDocumentation {
    static let search = EndpointDocumentation.read(
        "search", "Whatever an ID, a number, an e-mail address or the beginning of a name leads to.", .list("SearchHit"),
        query: [
            .init(
                "q", .text(min: 1, max: Search.longest),
                "An ID, an order, an e-mail address, a partner's code, an agreement's number, the beginning of a name.")
        ])
    static let getAccountTimeline = EndpointDocumentation.read(
        "accounts", "Everything that happened to an account, newest first, with the credit after it.", .list("TimelineEntry"),
        query: EndpointDocumentation.page, who: .administrators)
    static let listAccountNotes = EndpointDocumentation.read(
        "operator", "The operators' notes on an account.", .list("AccountNote"), query: EndpointDocumentation.page,
        who: .operators)
    static let addAccountNote = EndpointDocumentation.create(
        "operator", "Add a note that only operators read.", "AccountNote", Input.accountNote, who: .operators)
    static let getAccountNote = EndpointDocumentation.read("operator", "One note.", .object(200, "AccountNote"), who: .operators)
    static let eraseAccountNote = operatorAct(
        "operator", "Erase a note's words.", "AccountNote", Input.nothing, dryRun: true)
    static let suspendAccount = operatorAct(
        "operator", "Suspend every subscription of an account; a verdict for each.", "AccountVerdicts", Input.suspend,
        dryRun: true)
    static let liftAccount = operatorAct(
        "operator", "Lift a reason from every subscription of an account; a verdict for each.", "AccountVerdicts",
        Input.reactivate, dryRun: true)
    static let updatePartner = EndpointDocumentation.patch(
        "partners", "Rename a partner's company, retire it or take it back.", "Partner", Input.updatePartner, who: .operators)
    static let listIdentityRequests = EndpointDocumentation.read(
        "identity", "Accounts that ask to be verified, the longest waiting first.", .list("IdentityRequest"),
        query: EndpointDocumentation.page, who: .operators)
    static let listAccountIdentityRequests = EndpointDocumentation.read(
        "identity", "What an account has asked, newest first.", .list("IdentityRequest"), query: EndpointDocumentation.page)
    static let requestIdentity = EndpointDocumentation.create(
        "identity", "Ask that the account's identity be verified (A13).", "IdentityRequest", Input.requestIdentity,
        who: .administrators)
    static let getIdentityRequest = EndpointDocumentation.read(
        "identity", "One request with its answer.", .object(200, "IdentityRequest"))
    static let verifyIdentity = operatorAct(
        "identity", "Say that the identity is verified, with a reason.", "IdentityRequest", Input.decideIdentity, dryRun: true)
    static let declineIdentity = operatorAct(
        "identity", "Decline, with a reason that the account reads.", "IdentityRequest", Input.decideIdentity, dryRun: true)

    static func operatorAct(_ tag: String, _ summary: String, _ object: String, _ body: Schema, dryRun: Bool) -> Self {
        Self(
            tag: tag, summary: summary, audience: .operators, body: body, answer: .object(200, object),
            refusals: [403, 409, 413, 415, 422], idempotency: .offered, dryRun: dryRun)
    }
}

extension Input {
    static let accountNote: Schema = .object([.init("body", .text(min: 1, max: 2000))])
    static let updatePartner: Schema = .object([
        .optional("company_name", name), .optional("retired", .boolean, "A retired partner is set on no further subscription."),
    ])
    static let requestIdentity: Schema = .object([
        .init("company_name", name), .init("registration_number", .text(min: 1, max: 100)),
        .optional("legal_representative", .text(max: 200)),
    ])
    static let decideIdentity: Schema = .object([.init("reason", .text(min: 1, max: 500), "The account reads it.")])
}

extension Schema {
    static let operatorComponents: [(name: String, schema: Schema)] = [
        (
            "SearchHit",
            .object([
                .init("object", .word(Search.Kind.allCases.map(\.rawValue))), .init("id", .text(max: 40)),
                .init("title", .text(max: 200)), .init("detail", .text(max: 300)), .init("account_id", .nullable(.id("acc"))),
                .init("subscription_id", .nullable(.id("sub"))), .init("state", .nullable(.text(max: 20))),
                .init("exact", .boolean, "The words name this one thing."),
            ])
        ),
        (
            "TimelineEntry",
            .object([
                .init("kind", .word(["event", "money", "usage"])), .init("at", instant), .init("action", .text(max: 100)),
                .init(
                    "actor",
                    .nullable(.object([.init("kind", .text(max: 20)), .init("id", .nullable(.text(max: 40)))]))),
                .init("object", .object([.init("kind", .text(max: 40)), .init("id", .text(max: 40))])),
                .init("reason", .nullable(.text(max: 60))), .init("from", .nullable(.text(max: 20))),
                .init("to", .nullable(.text(max: 20))), .init("amount", .nullable(.named("Money"))),
                .init("balance", .nullable(.named("Money")), "The credit of all the account's subscriptions after it."),
            ])
        ),
        (
            "AccountNote",
            .object([
                .init("id", .id("nte")), .init("object", .word(["account_note"])), .init("account_id", .id("acc")),
                .init("author_id", .text(max: 40)), .init("body", .nullable(.text(max: 2000)), "Null once erased."),
                .init("created_at", instant), .init("erased_at", .nullable(instant)), dryRun,
            ])
        ),
        (
            "AccountVerdicts",
            .object([
                .init("object", .word(["account_verdicts"])), .init("account_id", .id("acc")),
                .init("reason", .word(suspensionReasons)),
                .init(
                    "data",
                    .list(
                        .object([
                            .init("subscription_id", .id("sub")), .init("verdict", .word(["done", "unchanged", "refused"])),
                            .init("code", .nullable(.text(max: 100))), .init("state", .text(max: 20)),
                            .init("delete_at", .nullable(instant)),
                        ]), max: 1_000)), dryRun,
            ])
        ),
        (
            "IdentityRequest",
            .object([
                .init("id", .id("idr")), .init("object", .word(["identity_request"])), .init("account_id", .id("acc")),
                .init("status", .word(["waiting", "verified", "declined"])), .init("company_name", .text(max: 200)),
                .init("registration_number", .text(max: 100)), .init("legal_representative", .text(max: 200)),
                .init("requested_at", instant), .init("decided_at", .nullable(instant)),
                .init("reason", .nullable(.text(max: 500))), dryRun,
            ])
        ),
    ]
}
