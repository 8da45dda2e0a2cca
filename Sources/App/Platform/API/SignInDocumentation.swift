/// What the document says of ways in and of profiles.
extension EndpointDocumentation {
    static let getProfile = EndpointDocumentation.read(
        "accounts", "The account's contact person: its administrator.", .object(200, "Profile")
    ).tagged()
    static let updateProfile = EndpointDocumentation.patch(
        "accounts",
        "Change the contact person's profile. A new contact address counts once the link mailed to it has been followed.",
        "Profile", Input.updateProfile, who: .administrators)
    static let createPortalSession = EndpointDocumentation(
        tag: "portal sessions",
        summary:
            "An address, valid once within five minutes, that signs a user in on one page (A2). It is in the first answer only.",
        audience: .operators, body: Input.createPortalSession, answer: .object(201, "PortalSession"),
        refusals: [403, 413, 415, 422], idempotency: .offered, dryRun: true)
}

extension Input {
    static let updateProfile: Schema = .object([
        .optional("contact_email", email, "Where letters go, once confirmed."), .optional("first_name", .text(max: 100)),
        .optional("last_name", .text(max: 100)), .optional("phone", .text(max: 40)), .optional("company", .text(max: 200)),
        .optional("locale", .nullable(.word(["en", "zh-Hans"])), "Null: as the browser says."),
        .optional("time_zone", .nullable(.text(min: 1, max: 64)), "Null: the tenant's."),
        .optional("theme", .nullable(.word(["auto", "light", "dark"])), "Null: as the browser says."),
    ])
    static let createPortalSession: Schema = .object([
        .init("user_email", email, "The name that the user signs in with."),
        .init("path", .text(min: 1, max: 2048), "A page of the portal, for example `/accounts/acc_…/subscriptions`."),
        .optional(
            "return_url", .text(min: 1, max: 2048),
            "The console's page to go back to: `https`, or plain `http` on this machine. Shown while the session lasts."),
    ])
}

extension Schema {
    static let signInComponents: [(name: String, schema: Schema)] = [
        (
            "Profile",
            .object([
                .init("object", .word(["profile"])), .init("account_id", .nullable(.id("acc"))), .init("user_id", .id("usr")),
                .init("email", .format("email"), "The name that the person signs in with."),
                .init("contact_email", .format("email"), "Where letters go; always confirmed."),
                .init("contact_email_pending", .nullable(.format("email")), "Asked for and not confirmed yet."),
                .init("first_name", .text(max: 100)), .init("last_name", .text(max: 100)), .init("phone", .text(max: 40)),
                .init("company", .text(max: 200)), .init("locale", .nullable(.word(["en", "zh-Hans"]))),
                .init("time_zone", .nullable(.text(max: 64))), .init("theme", .nullable(.word(["auto", "light", "dark"]))),
                .init("two_step_sign_in", .boolean, "Whether a code is asked for after the password."), dryRun,
            ])
        ),
        (
            "PortalSession",
            .object([
                .init("id", .id("ses"), "The session that it opens has the same."), .init("object", .word(["portal_session"])),
                .init("url", .nullable(.text(max: 4096)), "Works once. Null where the answer is given again, and of a dry run."),
                .init("user_id", .id("usr")), .init("path", .text(max: 2048)), .init("return_url", .nullable(.text(max: 2048))),
                .init("expires_at", instant, "Real time, also in a sandbox tenant."), dryRun,
            ])
        ),
    ]
}
