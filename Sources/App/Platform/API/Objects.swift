/// The objects of the API as the document names them (`components/schemas`). The test `answers match the document` holds every real answer to these.
extension Schema {
    static let person: Schema = .object([
        .init("id", .id("usr")), .init("email", .format("email")), .init("name", .text(max: 201)),
    ])
    static let instant: Schema = .format("date-time")
    static let dryRun: Field = .optional("dry_run", .boolean, "True in the answer of a dry run: nothing changed.")

    package static let components: [(name: String, schema: Schema)] =
        [
            ("Money", .money),
            (
                "Person", .person
            ),
            (
                "CreditLot",
                .object([
                    .init("id", .id("lot")), .init("amount", .named("Money")), .init("remaining", .named("Money")),
                    .init("source", .word(["trial", "payment"])), .init("order_id", .id("ord")),
                    .init("effective_at", instant), .init("expires_at", instant),
                ])
            ),
            (
                "Credit",
                .object([
                    .init("remaining", .named("Money")),
                    .init("outstanding", .named("Money"), "What is owed; a payment pays it first, until the deletion (M6)."),
                    .init("written_off", .named("Money"), "What was owed at the deletion and has been given up since."),
                    .init("written_off_at", .nullable(instant)),
                    .init("expires_at", .nullable(instant), "When the last live lot expires (M6)."),
                    .init(
                        "days_left", .nullable(.integer(min: -100_000, max: 100_000)),
                        "Civil days until then in the account's zone (M13)."),
                    .init("lots", .list(.named("CreditLot"), max: 100_000)),
                ])
            ),
            (
                "Consequence",
                .object([
                    .init("at", instant), .init("event", .text(max: 100)),
                    .init("rule", .text(max: 20), "The rule of the product behind it."),
                    .init("policy_version", .integer(min: 1, max: 1_000_000)),
                    .init(
                        "forfeited", .nullable(.named("Money")),
                        "Credit that is lost then, as it stands now: of a lot that expires, or still valid at the deletion."),
                ])
            ),
            (
                "Subscription",
                .object([
                    .init("id", .id("sub")), .init("object", .word(["subscription"])), .init("account_id", .id("acc")),
                    .init("order_id", .id("ord")),
                    .init("name", .nullable(.text(min: 1, max: 200)), "Null once the subscription is deleted (L3)."),
                    .init("offer", .word(["trial", "prepaid", "enterprise"])),
                    .init("state", .word(["pending", "active", "past_due", "suspended", "deleted"])),
                    .init("suspension_reasons", .list(.word(Schema.suspensionReasons), max: 7)),
                    .init("account_administrator", .named("Person")),
                    .init("service_administrator", .nullable(.named("Person"))),
                    .init(
                        "partner", .nullable(.object([.init("code", .text(max: 64)), .init("company_name", .text(max: 200))]))),
                    .init("enrollment_id", .nullable(.id("enr"))), .init("department_id", .nullable(.id("dep"))),
                    .init("purchased_at", instant, "When it was ordered, while `activated_at` is null."),
                    .init(
                        "activated_at", .nullable(instant),
                        "Null until the first payment, and for ever where one was due and never came (L11). An enterprise subscription is active as it is created."
                    ),
                    .init("suspended_at", .nullable(instant)),
                    .init("delete_at", .nullable(instant), "The instant at which a suspended subscription's data goes (L2)."),
                    .init("deleted_at", .nullable(instant)), .init("services_configured", .boolean),
                    .init("policy_version", .integer(min: 1, max: 1_000_000)),
                    .init(
                        "credit", .nullable(.named("Credit")),
                        "Null for enterprise subscriptions: their money is the enrollment's commitment."),
                    .init(
                        "what_next", .list(.named("Consequence"), max: 100_000),
                        "What happens, and when, if nobody does anything."),
                    .init("created_at", instant), .init("updated_at", instant),
                    .optional("payment", .named("PaymentOutcome"), "What a payment in this request did."), dryRun,
                ])
            ),
            (
                "PaymentOutcome",
                .object(
                    [
                        .init("id", .id("pay")), .init("debt_paid", .named("Money"), "What went to the debt, first of all (M6)."),
                        .init("credited", .named("Money")),
                        .init("missing", .named("Money"), "The smallest further payment that leaves credit."),
                    ] + paymentOutcome)
            ),
            (
                "Account",
                .object([
                    .init("id", .id("acc")), .init("object", .word(["account"])),
                    .init("kind", .word(["standard", "enterprise"])),
                    .init("name", .text(min: 1, max: 200)), .init("currency", .text(min: 3, max: 3)),
                    .init("time_zone", .text(max: 64)),
                    .init("locale", .word(["en", "zh-Hans"])), .init("identity_verified", .boolean),
                    .init("administrator", .named("Person")),
                    .init("enrollment_id", .nullable(.id("enr"))), .init("department_id", .nullable(.id("dep"))),
                    .init("created_at", instant), .init("updated_at", instant),
                    .optional("department", .nullable(.text(max: 200)), "The department's name. In lists only."),
                    .optional("running", .integer(min: 0, max: 100_000_000), "Subscriptions that run. In lists only."),
                    .optional(
                        "suspended", .integer(min: 0, max: 100_000_000), "Subscriptions that are suspended. In lists only."),
                    .optional(
                        "subscriptions", .integer(min: 0, max: 100_000_000),
                        "All but the deleted and the lapsed, which `GET /v1/subscriptions` finds by `state`. In lists only."),
                    dryRun,
                ])
            ),
            (
                "Partner",
                .object([
                    .init("id", .id("par")), .init("object", .word(["partner"])), .init("code", .text(max: 64)),
                    .init("company_name", .text(max: 200)),
                    .init("created_at", instant), .init("retired_at", .nullable(instant), "Set on no subscription from then on."),
                    dryRun,
                ])
            ),
            (
                "Enrollment",
                .object([
                    .init("id", .id("enr")), .init("object", .word(["enrollment"])), .init("number", .text(max: 100)),
                    .init("name", .text(max: 200)),
                    .init("currency", .text(min: 3, max: 3)), .init("commitment", .named("Money")),
                    .init("commitment_remaining", .named("Money")),
                    .init("overage", .named("Money")), .init("starts_on", .format("date")), .init("ends_on", .format("date")),
                    .init("created_at", instant), dryRun,
                ])
            ),
            (
                "Department",
                .object([
                    .init("id", .id("dep")), .init("object", .word(["department"])), .init("enrollment_id", .id("enr")),
                    .init("name", .text(max: 200)), .init("cost_centre", .nullable(.text(max: 100))),
                    .init("quota", .nullable(.named("Money"))),
                    .init("created_at", instant), dryRun,
                ])
            ),
            (
                "EnrollmentBalance",
                .object([
                    .init("object", .word(["enrollment_balance"])), .init("enrollment_id", .id("enr")), .init("as_of", instant),
                    .init("currency", .text(min: 3, max: 3)), .init("commitment", .named("Money")),
                    .init("commitment_remaining", .named("Money")), .init("overage", .named("Money")),
                    .init("posted", .named("Money"), "All usage of the enrollment: commitment used and overage together."),
                    .init("this_month", .named("Money")), .init("starts_on", .format("date")),
                    .init("ends_on", .format("date"), "The first day after the term."),
                    .init("days_left", .integer(min: -1_000_000, max: 1_000_000)),
                    .init(
                        "burn_rate",
                        .nullable(
                            .object([
                                .init("per_day", .named("Money")), .init("cost", .named("Money")),
                                .init("since", instant, "The beginning of last month, or of the term if that is later."),
                            ])), "What a day has cost on average; null with less than 7 days to look back on."),
                    .init(
                        "commitment_end",
                        .object([
                            .init("kind", .word(["runs_out", "outlasts_term", "used_up", "term_over", "too_little_history"])),
                            .init("at", .nullable(instant)), .init("unused", .nullable(.named("Money"))),
                        ]),
                        "An estimate: if every day costs what the last ones did. `unused` is what would be left at the term's end."
                    ),
                    .init(
                        "departments",
                        .list(
                            .object([
                                .init("id", .nullable(.id("dep")), "Null: what stands in no department."),
                                .init("name", .nullable(.text(max: 200))), .init("cost_centre", .nullable(.text(max: 100))),
                                .init("quota", .nullable(.named("Money")), "For the whole term."),
                                .init("accounts", .integer(min: 0, max: 1_000_000_000)),
                                .init("subscriptions", .integer(min: 0, max: 1_000_000_000)),
                                .init("this_month", .named("Money")),
                                .init("last_month", .named("Money")), .init("term", .named("Money")),
                            ]), max: 100_000)),
                    .init(
                        "notices",
                        .list(
                            .object([
                                .init("kind", .word(["term_ends", "term_over", "commitment_used", "department_over_quota"])),
                                .optional("on", .format("date")), .optional("days", .integer(min: 0, max: 100)),
                                .optional("percent", .integer(min: 0, max: 100)), .optional("remaining", .named("Money")),
                                .optional("department_id", .id("dep")), .optional("over", .named("Money")),
                            ]), max: 100_000)),
                ])
            ),
            (
                "DepartmentStay",
                .object([
                    .init("object", .word(["department_stay"])),
                    .init("department_id", .nullable(.id("dep")), "Null: in no department."),
                    .init("name", .nullable(.text(max: 200))), .init("from", .nullable(instant), "Null: from its beginning."),
                    .init("to", .nullable(instant), "Exclusive; null: still."), .init("cost", .named("Money")),
                ])
            ),
            (
                "SubscriptionActions",
                .object([
                    .init("object", .word(["subscription_actions"])),
                    .init("action", .word(["cancel", "suspend", "reactivate"])),
                    .init("mode", .word(["each", "all"])), .init("done", .integer(min: 0, max: 1_000)),
                    .init("unchanged", .integer(min: 0, max: 1_000)), .init("refused", .integer(min: 0, max: 1_000)),
                    .init("replayed", .integer(min: 0, max: 1_000), "Items whose own key had its answer already."),
                    .optional("not_begun", .integer(min: 0, max: 1_000), "Of long work: items whose turn did not come."),
                    .init(
                        "results",
                        .list(
                            .object([
                                .init("id", .id("sub")), .init("idempotency_key", .nullable(.text(max: 200))),
                                .init("verdict", .word(["done", "unchanged", "refused", "not_begun"])),
                                .init("code", .nullable(.text(max: 100))),
                                .init("detail", .nullable(.text(max: 2000))), .init("state", .nullable(.text(max: 20))),
                                .init("recoverable_until", .nullable(instant)), .init("replayed", .boolean),
                            ]), max: 1_000)), dryRun,
                ])
            ),
            (
                "Order",
                .object([
                    .init("id", .id("ord")), .init("object", .word(["order"])), .init("account_id", .id("acc")),
                    .init("subscription_id", .id("sub")),
                    .init("kind", .word(["purchase", "pay_again", "upgrade"])),
                    .init("status", .word(["awaiting_payment", "completed", "cancelled"])),
                    .init("amount", .named("Money")), .init("created_at", instant), .init("completed_at", .nullable(instant)),
                ])
            ),
            (
                "TransitionEvent",
                .object([
                    .init("id", .id("trn")), .init("at", instant), .init("type", .text(max: 100)),
                    .init("actor", Schema.actor),
                    .init("reason", .nullable(.word(Schema.suspensionReasons))), .init("rule", .text(max: 20)),
                    .init("from", .nullable(.text(max: 20))), .init("to", .text(max: 20)),
                    .init("note", .nullable(.text(max: 1000))),
                    .init(
                        "amount", .nullable(.named("Money")),
                        "What was given up, of `subscription.debt_written_off`; null otherwise."),
                ])
            ),
            (
                "Entitlement",
                .object([
                    .init("subscription_id", .id("sub")), .init("entitled", .boolean), .init("state", .text(max: 20)),
                    .init("suspension_reasons", .list(.word(Schema.suspensionReasons), max: 7)),
                ])
            ),
            (
                "UsageVerdict",
                .object([
                    .init("id", .text(max: 300)), .init("verdict", .word(["accepted", "duplicate", "rejected"])),
                    .init("code", .nullable(.openWord(UsageVerdictCode.all)), "Why it was rejected."),
                    .init("detail", .nullable(.text(max: 500))),
                ])
            ),
            (
                "UsageReceipt",
                .object([
                    .init("accepted", .integer(min: 0, max: 1000)), .init("duplicate", .integer(min: 0, max: 1000)),
                    .init("rejected", .integer(min: 0, max: 1000)), .init("results", .list(.named("UsageVerdict"), max: 1000)),
                    dryRun,
                ])
            ),
            (
                "DeletionCertificate",
                .object([
                    .init("id", .id("cer")), .init("object", .word(["deletion_certificate"])),
                    .init("subscription_id", .id("sub")),
                    .init("deleted_at", instant), .init("rule", .text(max: 20)), .init("suspended_at", .nullable(instant)),
                    .init("delete_at", .nullable(instant)), .init("reasons", .list(.word(Schema.suspensionReasons), max: 7)),
                    .init("erased", .anything, "How many of each were erased."), .init("kept", .list(.text(max: 60), max: 20)),
                    .init("sha256", .text(min: 64, max: 64)),
                    .init(
                        "forfeited", .nullable(.named("Money")),
                        "Credit that was still valid and went with the deletion, from the ledger; no part of what `sha256` is made of."
                    ),
                    .init(
                        "owed", .nullable(.named("Money")),
                        "What was owed at the deletion, written off since or not; no part of what `sha256` is made of."),
                ])
            ),
            (
                "AuditEvent",
                .object([
                    .init("id", .id("aud")), .init("at", instant), .init("action", .text(max: 100)),
                    .init("actor", Schema.actor),
                    .init("object", .object([.init("kind", .text(max: 40)), .init("id", .text(max: 40))])),
                    .init("account_id", .nullable(.id("acc"))), .init("reason", .nullable(.text(max: 60))),
                    .init("from", .nullable(.text(max: 20))), .init("to", .nullable(.text(max: 20))),
                    .init("ip", .nullable(.text(max: 64)), "Where the request came from; erased with the details."),
                    .init("request_id", .nullable(.text(max: 128))),
                    .init("before", .nullable(.anything)), .init("after", .nullable(.anything)),
                ])
            ),
            (
                "RoleMatrix",
                .object([
                    .init(
                        "data",
                        .list(
                            .object([
                                .init("role", .text(max: 40)),
                                .init(
                                    "permissions",
                                    .list(
                                        .object([
                                            .init("permission", .text(max: 60)), .init("allowed", .boolean),
                                            .init(
                                                "only_in", .nullable(.word(["standard", "enterprise"])),
                                                "The kind of account that the role may do it in; null is both."),
                                        ]), max: 100)),
                            ]), max: 20))
                ])
            ),
            (
                "APIKey",
                .object([
                    .init("id", .id("key")), .init("object", .word(["api_key"])), .init("account_id", .nullable(.id("acc"))),
                    .init("role", .word(["operator", "account_admin", "finance", "reader"])),
                    .init("mode", .word(["live", "test"])),
                    .init("name", .text(max: 200)), .init("hint", .text(max: 4), "The last four characters of the key."),
                    .init("state", .word(["active", "expired", "revoked"])),
                    .init("scopes", .nullable(.list(.text(max: 60), max: 60))), .init("expires_at", .nullable(instant)),
                    .init("allowed_addresses", .nullable(.list(.text(max: 64), max: 50))),
                    .init(
                        "rate_limit", .nullable(.integer(min: 1, max: APIKeyTerms.rateLimitAtMost)),
                        "Requests a minute on each server; null: as many as every key."), .init("created_at", instant),
                    .init("created_by", .nullable(.id("usr"))), .init("rotated_from", .nullable(.id("key"))),
                    .init("revoked_at", .nullable(instant)), .init("last_used_at", .nullable(instant), "To the minute."),
                    .init("last_used_address", .nullable(.text(max: 64))),
                    .optional("key", .text(max: 100), "The key itself, in the first answer that made it and never again."),
                    dryRun,
                ])
            ),
            (
                "Me",
                .object([
                    .init("object", .word(["me"])),
                    .init(
                        "tenant",
                        .object([
                            .init("id", .id("ten")), .init("slug", .text(max: 63)), .init("name", .text(max: 200)),
                            .init("kind", .word(["live", "sandbox"])),
                        ])),
                    .init("role", .text(max: 40)),
                    .init(
                        "scope",
                        .object([.init("kind", .word(["tenant", "account"])), .init("account_id", .nullable(.id("acc")))])),
                    .init(
                        "key",
                        .object([
                            .init("id", .id("key")), .init("name", .text(max: 100)),
                            .init(
                                "scopes", .nullable(.list(.text(max: 60), max: 60)),
                                "What it is narrowed to; null: all that its role may."),
                            .init("expires_at", .nullable(instant)),
                            .init("allowed_addresses", .nullable(.list(.text(max: 64), max: 50))),
                            .init(
                                "rate_limit", .nullable(.integer(min: 1, max: APIKeyTerms.rateLimitAtMost)),
                                "Requests a minute; null: as many as every key."),
                        ])),
                    .init("clock", .object([.init("now", instant), .init("test_clock", .boolean)])),
                ])
            ),
            (
                "Problem",
                .object([
                    .init("type", .text(max: 300)), .init("title", .text(max: 300)),
                    .init("status", .integer(min: 400, max: 599)),
                    .init("detail", .text(max: 2000)), .init("code", .text(max: 100)),
                    .optional("request_id", .text(max: 128), "Absent where the request could not even be read."),
                    .optional(
                        "errors",
                        .list(
                            .object([
                                .init("pointer", .text(max: 500)), .init("code", .text(max: 100)),
                                .init("detail", .text(max: 1000)),
                            ]), max: 100)),
                    .optional("pointer", .text(max: 500)),
                    .optional(
                        "violated-policies", .list(.text(max: 40), max: 5), "Of `quota_exceeded`: the policies of `RateLimit`."),
                ])
            ),
        ] + operatorComponents + notificationComponents + usageObjects + signInComponents + paymentComponents + memberComponents
        + operationComponents + entitlementObjects + receivedEventObjects + webhookObjects + clockObjects

    static let suspensionReasons = [
        "credit_exhausted", "credit_expired", "funds_exhausted", "overdue", "cancelled", "requested", "operator",
    ]
}
