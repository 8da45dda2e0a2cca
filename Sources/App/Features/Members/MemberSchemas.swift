/// The objects of people and roles as the document names them.
extension Schema {
    static let memberComponents: [(name: String, schema: Schema)] = [
        (
            "Member",
            .object([
                .init("id", .id("mem")), .init("object", .word(["member"])), .init("user", .named("Person")),
                .init("role", .word(["account_admin", "finance", "reader", "service_admin", "enterprise_admin"])),
                .init(
                    "scope",
                    .object([
                        .init("kind", .word(["account", "enrollment", "subscription"])),
                        .init("account_id", .nullable(.id("acc"))),
                        .init("enrollment_id", .nullable(.id("enr"))), .init("subscription_id", .nullable(.id("sub"))),
                    ])),
                .init("state", .word(["active", "invited", "invitation_expired", "no_sign_in", "removed"])),
                .init("two_factor", .boolean), .init("last_seen_at", .nullable(instant)),
                .init(
                    "invitation",
                    .nullable(
                        .object([
                            .init("sent_at", instant), .init("expires_at", instant), .init("sends", .integer(min: 1, max: 10)),
                        ]))),
                .init("created_at", instant), dryRun,
            ])
        ),
        (
            "Handover",
            .object([
                .init("id", .id("hov")), .init("object", .word(["handover"])), .init("account_id", .id("acc")),
                .init("from", .named("Person")), .init("to", .named("Person")),
                .init("keeps_role", .nullable(.word(["finance", "reader"]))),
                .init("state", .word(["pending", "accepted", "cancelled", "expired"])), .init("expires_at", instant),
                .init("created_at", instant), dryRun,
            ])
        ),
    ]
}
