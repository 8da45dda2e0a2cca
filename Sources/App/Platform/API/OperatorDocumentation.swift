import Billing

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
        "operator", "The operators' notes on an account.", .list("AccountNote"),
        query: EndpointDocumentation.created + EndpointDocumentation.page,
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

    // MARK: Offers

    static let listOffers = EndpointDocumentation.read(
        "offers", "Offers by currency, with the version that is sold and the draft of the next.", .list("Offer"),
        query: [
            .optional(
                "currency", .text(min: 3, max: 3),
                "Without it the enterprise offer shows only in currencies that something else is sold in or that were changed.")
        ], who: .operators)
    static let listOfferPolicies = EndpointDocumentation.read(
        "offers", "The versions of an offer's numbers in a currency, newest first (L10).", .list("OfferPolicy"),
        query: [.init("currency", .text(min: 3, max: 3), "ISO 4217.")], who: .operators)
    static let createPolicyDraft = EndpointDocumentation.create(
        "offers", "Begin the next version as a copy of the newest; in a new currency, the first one.", "PolicyDraft",
        Input.policyDraft, who: .operators)
    static let getPolicyDraft = EndpointDocumentation.read(
        "offers", "A draft, open or not.", .object(200, "PolicyDraft"), who: .operators
    ).tagged()
    static let updatePolicyDraft = EndpointDocumentation.patch(
        "offers", "Change numbers of a draft.", "PolicyDraft", Input.policyNumbers, who: .operators)
    static let publishPolicyDraft = operatorAct(
        "offers", "The draft becomes the next version: what is sold from now on (L10).", "PolicyDraft", Input.publish,
        dryRun: true)
    static let discardPolicyDraft = operatorAct("offers", "Throw a draft away.", "PolicyDraft", Input.nothing, dryRun: true)
    static let moveSubscriptions = operatorAct(
        "offers", "Move subscriptions to another version on purpose; a verdict for each (L10).", "PolicyMove",
        Input.movePolicies, dryRun: true)

    // MARK: Jobs and switches

    static let listJobs = EndpointDocumentation.read(
        "operator", "Deadlines, settlements and letters that wait, are late or have failed.", .list("Job"),
        query: [
            .optional("state", .word(["failing", "overdue", "waiting"]), "Failing unless said."),
            .optional("limit", .integer(min: 1, max: 100)),
        ], who: .operators)
    static let retryJob = operatorAct("operator", "Try a failed job again at once.", "Job", Input.nothing, dryRun: true)
    static let getSwitches = EndpointDocumentation.read(
        "operator", "What the tenant has switched on.", .object(200, "TenantSwitches"), who: .operators
    ).tagged()
    static let updateSwitches = EndpointDocumentation.patch(
        "operator", "Switch something on or off.", "TenantSwitches", Input.switches, who: .operators)

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
    static let policyDraft: Schema = .object([.init("currency", .text(min: 3, max: 3), "ISO 4217.")])
    static let policyNumbers: Schema = .object(
        PolicyNumber.allCases.map { number in
            switch number {
            case .minimumPayment, .largestPayment, .trialPrice, .trialCredit: .optional(number.rawValue, money)
            default: .optional(number.rawValue, .integer(min: 0, max: 100_000))
            }
        })
    static let publish: Schema = .object([.optional("note", .text(max: 500), "Why; shown beside the version.")])
    static let movePolicies: Schema = .object([
        .init("currency", .text(min: 3, max: 3)), .init("to_version", .integer(min: 1, max: 1_000_000)),
        .optional("from_version", .integer(min: 1, max: 1_000_000), "Only those that have this version now."),
    ])
    static let switches: Schema = .object([
        .optional("additional_subscriptions", .boolean, "Verified accounts order further subscriptions by themselves (A13)."),
        .optional("sandbox_payments", .boolean, "The payment method that moves no money; sandbox tenants only."),
    ])
    static let requestIdentity: Schema = .object([
        .init("company_name", name), .init("registration_number", .line(min: 1, max: 100)),
        .optional("legal_representative", .line(max: 200)),
    ])
    static let decideIdentity: Schema = .object([.init("reason", .text(min: 1, max: 500), "The account reads it.")])
}

extension Schema {
    private static let numbers: [Field] = PolicyNumber.allCases.map { number in
        switch number {
        case .minimumPayment, .largestPayment, .trialPrice, .trialCredit: Field(number.rawValue, .named("Money"))
        default: Field(number.rawValue, .integer(min: 0, max: 100_000))
        }
    }

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
                .init("actor", .nullable(Schema.actor)),
                .init(
                    "object",
                    .object([
                        .init("kind", .text(max: 40)), .init("id", .text(max: 40)),
                        .init("name", .nullable(.text(max: 200)), "A subscription's name; null once it is erased (L3)."),
                    ])),
                .init("reason", .nullable(.text(max: 60))), .init("from", .nullable(.text(max: 20))),
                .init("to", .nullable(.text(max: 20))),
                .init(
                    "amount", .nullable(.named("Money")),
                    "By how much the credit changed; of `subscription.debt_written_off` what was given up."),
                .init("balance", .nullable(.named("Money")), "The credit of all the account's subscriptions after it."),
            ])
        ),
        (
            "AccountNote",
            .object([
                .init("id", .id("nte")), .init("object", .word(["account_note"])), .init("account_id", .id("acc")),
                .init("author_id", .format("object-id")), .init("body", .nullable(.text(max: 2000)), "Null once erased."),
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
                            .init(
                                "forfeited", .nullable(.named("Money")),
                                "Credit that is still valid at `delete_at` and goes with the deletion, as it stands now."),
                        ]), max: 1_000)), dryRun,
            ])
        ),
        (
            "Offer",
            .object([
                .init("object", .word(["offer"])), .init("offer", .word(["trial", "prepaid", "enterprise"])),
                .init("currency", .text(max: 3)), .init("version", .integer(min: 0, max: 1_000_000), "0: only drafted so far."),
                .init("published_at", .nullable(instant)), .init("draft_id", .nullable(.id("drf"))),
            ])
        ),
        (
            "OfferPolicy",
            .object(
                [
                    .init("object", .word(["offer_policy"])), .init("offer", .word(["trial", "prepaid", "enterprise"])),
                    .init("currency", .text(max: 3)), .init("version", .integer(min: 1, max: 1_000_000)),
                    .init("status", .word(["published", "superseded"])), .init("published_at", instant),
                    .init("published_by", .nullable(.format("object-id"))), .init("note", .nullable(.text(max: 500))),
                ] + numbers)
        ),
        (
            "PolicyDraft",
            .object(
                [
                    .init("id", .id("drf")), .init("object", .word(["policy_draft"])),
                    .init("offer", .word(["trial", "prepaid", "enterprise"])), .init("currency", .text(max: 3)),
                    .init("based_on", .integer(min: 0, max: 1_000_000)),
                    .init("status", .word(["open", "published", "discarded"])),
                ] + numbers + [.init("created_at", instant), .init("updated_at", instant), dryRun])
        ),
        (
            "PolicyMove",
            .object([
                .init("object", .word(["policy_move"])), .init("offer", .word(["trial", "prepaid", "enterprise"])),
                .init("currency", .text(max: 3)), .init("to_version", .integer(min: 1, max: 1_000_000)),
                .init(
                    "data",
                    .list(
                        .object([
                            .init("subscription_id", .id("sub")), .init("from_version", .integer(min: 1, max: 1_000_000)),
                            .init("verdict", .word(["done", "unchanged", "refused"])), .init("code", .nullable(.text(max: 100))),
                            .init("delete_at", .nullable(instant), "A deadline that runs and stays."),
                            .init("deleted_if_suspended_before", .nullable(instant)),
                            .init("deleted_if_suspended_after", .nullable(instant)),
                            .init("credit_until_before", .nullable(instant)), .init("credit_until_after", .nullable(instant)),
                        ]), max: 500)), dryRun,
            ])
        ),
        (
            "Job",
            .object([
                .init("id", .text(max: 100)), .init("object", .word(["job"])),
                .init("kind", .text(max: 60)), .init("subject_id", .text(max: 40)),
                .init("subscription_id", .nullable(.id("sub"))),
                .init("state", .word(["failing", "overdue", "waiting"])), .init("due_at", instant),
                .init("attempts", .integer(min: 0, max: 1_000_000)), .init("retry_at", .nullable(instant)),
                .init("last_error", .nullable(.text(max: 300))), dryRun,
            ])
        ),
        (
            "TenantSwitches",
            .object([
                .init("object", .word(["tenant_switches"])), .init("additional_subscriptions", .boolean),
                .init("sandbox_payments", .boolean), dryRun,
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
