import Billing

/// The bodies that the API reads. The reader validates against these, the document prints these.
enum Input {
    static let money: Schema = .named("Money")
    static let email: Schema = .format("email")
    static let name: Schema = .line(min: 1, max: 200)
    static let payment: Schema = .object([
        .init("method", .word(PaymentMethod.allCases.map(\.rawValue)), "How it is paid."), .init("amount", money),
    ])
    static let administrator: Schema = .object([
        .init("email", email), .optional("first_name", .line(max: 100)), .optional("last_name", .line(max: 100)),
    ])
    static let note: Schema.Field = .optional("note", .text(max: 1000), "Kept in the history; erased with the subscription.")

    static let createAccount: Schema = .object([
        .init("kind", .word(["standard", "enterprise"])), .init("name", name),
        .init("currency", .text(min: 3, max: 3), "ISO 4217."),
        .init("time_zone", .text(min: 1, max: 64), "IANA name, for example `Asia/Shanghai`."),
        .init("locale", .word(["en", "zh-Hans"])), .init("administrator", administrator),
        .optional("enrollment_id", .id("enr"), "Needed for an enterprise account."), .optional("department_id", .id("dep")),
    ])
    static let updateAccount: Schema = .object([
        .optional("name", name), .optional("time_zone", .text(min: 1, max: 64)), .optional("locale", .word(["en", "zh-Hans"])),
        .optional("identity_verified", .boolean, "Only the operator may say so."),
    ])
    static let createSubscription: Schema = .object([
        .init("account_id", .id("acc")), .init("offer", .word(["trial", "prepaid", "enterprise"])), .init("name", name),
        .optional("payment", payment, "The first payment; without it the subscription waits as `pending` (L11)."),
        .optional("service_administrator_email", email, "Default: the account administrator."),
        .optional("department_id", .id("dep"), "Of the account's enrollment; enterprise only."),
        .optional("partner_code", .text(min: 1, max: 64), "The partner's ID (A9)."),
    ])
    static let updateSubscription: Schema = .object([
        .optional("name", name), .optional("service_administrator_email", email),
    ])
    static let upgrade: Schema = .object([.init("payment", payment)])
    static let suspend: Schema = .object([.init("reason", .word(["requested", "operator", "overdue"])), note])
    static let reactivate: Schema = .object([.init("reason", .word(Schema.suspensionReasons)), note])
    static let cancel: Schema = .object([
        .optional("reason", .text(max: 1000), "In the customer's words; kept as the note in the history.")
    ])
    static let writeOff: Schema = .object([.init("reason", .text(min: 1, max: 500), "The account reads it in its audit log.")])
    static let inviteMember: Schema = .object([
        .optional("account_id", .id("acc"), "Default: the key's account."), .optional("enrollment_id", .id("enr")),
        .init("email", email), .init("role", .word(["finance", "reader", "enterprise_admin"])),
    ])
    static let changeMember: Schema = .object([.init("role", .word(["finance", "reader"]))])
    static let startHandover: Schema = .object([
        .init("email", email, "Of the new account administrator."),
        .optional("keep_role", .word(["finance", "reader"]), "What the former one stays; left out, nothing."),
    ])
    static let nothing: Schema = .object([])
    static let setPartner: Schema = .object([.init("code", .text(min: 1, max: 64))])
    static let createPartner: Schema = .object([.init("code", .text(min: 1, max: 64)), .init("company_name", name)])
    static let createEnrollment: Schema = .object([
        .init("number", .line(min: 1, max: 100)), .init("name", name), .init("currency", .text(min: 3, max: 3)),
        .init("commitment", money),
        .init("starts_on", .format("date")), .init("ends_on", .format("date"), "Exclusive: the first day after the term."),
        .optional("administrator", administrator),
    ])
    static let moveSubscription: Schema = .object([
        .init("department_id", .nullable(.id("dep")), "Of the subscription's enrollment; null takes it out of any department.")
    ])
    static let moveAccount: Schema = .object([.init("account_id", .id("acc"), "Of the department's enrollment.")])
    static let actions: Schema = .object([
        .init("action", .word(["cancel", "suspend", "reactivate"])),
        .init(
            "mode", .word(["each", "all"]),
            "`each` does what can be done; `all` does all or nothing: 422 names what stands in the way."),
        .init(
            "items",
            .list(
                .object([
                    .init("id", .id("sub")),
                    .optional("idempotency_key", .text(min: 1, max: 200), "Sent again, in whatever batch, it is done once."),
                    .optional(
                        "reason", .word(Schema.suspensionReasons),
                        "What to suspend for (`requested` unless said) or to lift (`cancelled` unless said)."),
                    note,
                ]), max: 1_000)),
        .optional("dry_run", .boolean, "As `dry_run=true` in the query: the verdicts that it would give, and nothing is done."),
    ])
    static let updateDepartment: Schema = .object([
        .optional("name", name), .optional("cost_centre", .nullable(.line(max: 100))), .optional("quota", .nullable(money)),
    ])
    static let createDepartment: Schema = .object([
        .init("name", name), .optional("cost_centre", .line(max: 100)), .optional("quota", money),
    ])
    private static let keyLimits: [Schema.Field] = [
        .optional(
            "scopes", .nullable(.list(.text(min: 1, max: 60), max: 60)),
            "Parts of the API and `read` or `write`: `subscriptions:read`. Null: everything that the role may do."),
        .optional("expires_at", .nullable(instant), "Null: never."),
        .optional(
            "allowed_addresses", .nullable(.list(.text(min: 1, max: 64), max: 50)),
            "Addresses and networks, `203.0.113.0/24`. Null: from anywhere."),
        .optional(
            "rate_limit", .nullable(.integer(min: 1, max: APIKeyTerms.rateLimitAtMost)),
            "Requests a minute on each server; only the operator says. Null: as many as every key."),
    ]
    private static let instant: Schema = .format("date-time")
    static let createAPIKey: Schema = .object(
        [
            .optional("account_id", .id("acc"), "Without it a tenant's key, which only the operator makes."),
            .init("role", .word(["operator", "account_admin", "finance", "reader"])), .init("name", name),
        ] + keyLimits)
    static let updateAPIKey: Schema = .object([.optional("name", name)] + keyLimits)
    static let rotateAPIKey: Schema = .object([
        .optional(
            "overlap_seconds", .integer(min: 0, max: RotateAPIKey.overlapLongest),
            "How long the old key goes on; a day unless said.")
    ])
    static let advance: Schema = .object([.init("to", .format("date-time"), "Not before the clock's now.")])
    /// CloudEvents may carry extension attributes, and each event has its own verdict.
    static let usageBatch: Schema = .list(usageEvent, max: 1000)
    static let usageEvent: Schema =
        .judged(
            .object([
                .init("specversion", .word(["1.0"])), .init("id", .text(min: 1, max: 300)),
                .init("source", .text(min: 1, max: 300)),
                .init("type", .text(min: 1, max: 200), "The meter, or `cost`."), .init("subject", .id("sub")),
                .init("time", .format("date-time")),
                .optional("datacontenttype", .text(max: 100)),
                .init(
                    "data",
                    .object([
                        .init("product", .text(min: 1, max: 300)), .init("quantity", .format("decimal")),
                        .init("unit", .text(min: 1, max: 100)),
                        .optional(
                            "cost", money, "Exact: up to 18 decimals. Without it the quantity is recorded and costs nothing."),
                        .optional("resource", .text(max: 1000)),
                    ])),
            ]))
}
