/// What the document says of usage, its files and what follows from it.
extension EndpointDocumentation {
    private static let span: [Schema.Field] = [
        .optional("from", .format("date-time")), .optional("to", .format("date-time"), "Exclusive."),
        .optional("month", .format("month"), "One calendar month of the account instead: `2026-10`."),
    ]
    private static let mark = Schema.Field.optional(
        "bom", .word(["0", "1"]), "1 puts a byte-order mark first, for spreadsheets.")
    private static let csv: [Schema.Field] = [
        mark,
        .optional(
            "header", .text(min: 1, max: 40),
            "Header rows: any of `machine`, `en`, `zh-Hans`, with commas; `machine` unless said."),
    ]

    /// A file of usage; there is none once the subscription is deleted.
    private static func file(_ summary: String, _ mediaType: String, query: [Schema.Field] = []) -> Self {
        var made = read("usage", summary, .other(200, mediaType: mediaType), query: query)
        made.refusals += [409]
        return made
    }

    static let getUsage = read(
        "usage", "Cost by day, product and resource; the last ten days unless said (B9).", .object(200, "UsageReport"),
        query: span + [
            .optional(
                "group_by", .text(min: 1, max: 30),
                "Any of `day`, `product`, `resource`, with commas; `day,product` unless said.")
        ])
    static let downloadUsage = file("Every usage record of the range as CSV.", "text/csv", query: span + csv)
    static let downloadUsageJSON = file(
        "Every usage record of the range: one JSON array, a record on each line.", "application/json", query: span)
    static let downloadFOCUS = file(
        "The range in the columns of FOCUS 1.2: usage, credit bought, credit expired.", "text/csv", query: span + [mark])
    static let downloadErasable = file(
        "Everything that deletion will erase (L3), as JSON lines, without a bound on time.", "application/jsonl")
    static let downloadAccountUsage = file(
        "Usage records of all the account's subscriptions as CSV.", "text/csv", query: span + csv)
    static let downloadAccountUsageJSON = file(
        "Usage records of all the account's subscriptions as a JSON array, a record on each line.", "application/json",
        query: span)
    static let downloadAccountFOCUS = file(
        "All the account's subscriptions in the columns of FOCUS 1.2.", "text/csv", query: span + [mark])
    static let downloadEnrollmentUsage = read(
        "enrollments", "Usage records of all the agreement's subscriptions as CSV, account by account.",
        .other(200, mediaType: "text/csv"), query: span + csv)
    static let downloadEnrollmentUsageJSON = read(
        "enrollments", "Usage records of all the agreement's subscriptions as a JSON array, a record on each line.",
        .other(200, mediaType: "application/json"), query: span)
    static let downloadEnrollmentFOCUS = read(
        "enrollments", "All the agreement's subscriptions in the columns of FOCUS 1.2, billed to the agreement.",
        .other(200, mediaType: "text/csv"), query: span + [mark])
    static let getBillingHistory = read(
        "usage", "A row per month from the ledger, and whether they add up to the balance.", .object(200, "BillingHistory"))
    static let downloadBillingHistory = read(
        "usage", "The months as CSV.", .other(200, mediaType: "text/csv"), query: csv)
    static let getOutlook = read(
        "usage", "Burn rate, when the credit ends at this rate, what is not billed yet. Estimates.", .object(200, "Outlook"))
}

extension Schema {
    static let usageObjects: [(name: String, schema: Schema)] = [
        (
            "UsageReport",
            .object([
                .init("object", .word(["usage_report"])), .init("subscription_id", .id("sub")), .init("from", instant),
                .init("to", instant),
                .init("as_of", instant), .init("complete", .boolean),
                .init("total", .object([.init("cost", .format("decimal")), .init("currency", .text(max: 3))])),
                .init(
                    "data",
                    .list(
                        .object([
                            .optional("date", .format("date")),
                            .optional("complete", .boolean, "Whether the day is complete: at six the next morning (B7)."),
                            .optional("product", .text(max: 300)),
                            .optional("resource", .text(max: 1000), "Empty for usage that names none."),
                            .init("cost", .format("decimal")),
                            .init("currency", .text(max: 3)), .init("records", .integer(min: 0, max: .max)),
                        ]), max: 100_000)),
            ])
        ),
        (
            "BillingHistory",
            .object([
                .init("object", .word(["billing_history"])), .init("subscription_id", .id("sub")), .init("as_of", instant),
                .init("balance", .named("Money"), "What the lots hold now."), .init("owed", .named("Money")),
                .init("adds_up", .boolean, "Whether the last month closes with that balance and that debt."),
                .init("data", .list(.named("BillingMonth"), max: 1200)),
            ])
        ),
        (
            "BillingMonth",
            .object([
                .init("month", .format("month")), .init("state", .word(["open", "final"])), .init("opening", .named("Money")),
                .init("bought", .named("Money")),
                .init("granted", .named("Money"), "The part of `bought` that was not paid for."),
                .init("used", .named("Money")), .init("expired", .named("Money"), "Unused at the end of a lot."),
                .init("forfeited", .named("Money"), "Still valid when the subscription was deleted, and gone with it."),
                .init("other", .named("Money")),
                .init("closing", .named("Money"), "opening + bought − used − expired − forfeited + other"),
                .init("beyond_credit", .named("Money"), "Usage that no credit covered."), .init("debt_paid", .named("Money")),
                .init("debt_waived", .named("Money")),
                .init("debt_written_off", .named("Money"), "Given up after the deletion."),
                .init("owed", .named("Money"), "At the month's end."),
                .init("commitment", .named("Money"), "Enterprise: charged to the commitment."),
                .init("overage", .named("Money"), "Enterprise: beyond it."),
                .init("usage", .named("Money"), "What was used in the month by its own time, however late it was posted."),
            ])
        ),
        (
            "Outlook",
            .object([
                .init("object", .word(["outlook"])), .init("subscription_id", .id("sub")), .init("as_of", instant),
                .init(
                    "burn_rate",
                    .nullable(
                        .object([
                            .init("per_day", .named("Money")), .init("cost", .named("Money")),
                            .init("days", .integer(min: 1, max: 10), "Complete days that were counted."),
                        ])), "Settled cost of a complete day, on average; null with fewer than 7 such days."),
                .init(
                    "credit_end",
                    .object([
                        .init("kind", .word(["runs_out", "expires_first", "forfeited", "too_little_history", "not_applicable"])),
                        .init("at", .nullable(instant)), .init("unused", .nullable(.named("Money"))),
                    ]),
                    "An estimate: if every day costs what the last ones did. `forfeited`: nothing runs, and so much goes with the deletion."
                ),
                .init(
                    "unbilled",
                    .object([
                        .init("since", .format("month"), "The first month that is not closed."),
                        .init("settled", .named("Money"), "Posted already: what is left of credit or commitment is less by it."),
                        .init("unsettled", .named("Money"), "Still to be posted."), .init("total", .named("Money")),
                        .init("month_to_date", .named("Money")),
                    ])),
            ])
        ),
    ]
}
