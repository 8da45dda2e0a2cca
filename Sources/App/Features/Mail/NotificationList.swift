import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

extension Notification {
    /// The letters that concern the principal, newest first: her own, and those about the accounts and subscriptions that she may see; operators see those
    /// of the whole tenant.
    package static let list = ListDescription<Notification>(
        name: "notifications", endpoint: .listNotifications,
        table: "mails m left join accounts a on a.tenant_id = m.tenant_id and a.id = m.account_id", idColumn: "m.id",
        id: { $0.id.uuid }, select: { "\(Notification.select) where \($0)" },
        decode: { rows, _ in try rows.map(Notification.init) },
        visible: { Visibility.ofNotifications(to: $0.principal) },
        footholds: { try await Visibility.footholdsOfNotifications($0.context) },
        orders: [.newest("occurred_at", "m.occurred_at") { $0.occurredAt }],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200),
                "An exact e-mail address, notification ID or subscription ID.",
                .search(hint: "notifications.search_hint")
            ) { text, ask in
                let q = text.trimmingBlankSpace()
                if let id = MailID(q) { return "m.id = \(id)" }
                if let id = SubscriptionID(q) { return about(id, ask.tenant) }
                return "m.email = \(q.lowercased())"
            },
            ListFilter(
                "status", label: "notifications.status", .word(statuses + ["unsent"]),
                "`unsent`: erased before it could leave; `failed` leaves those out.",
                .words(statuses + ["unsent"]) { $1("notifications.status_\($0)") }
            ) { value, _ in
                switch value {
                case "unsent": "m.status = 'failed' and m.erased_at is not null"
                case "failed": "m.status = 'failed' and m.erased_at is null"
                default: "m.status = \(value)"
                }
            },
            ListFilter(
                "kind", label: "notifications.kind", .word(LetterKind.allCases.map(\.rawValue)), "",
                .words(LetterKind.allCases.map(\.rawValue)) { $1("mail.\($0).name") }
            ) { value, _ in "m.kind = \(value)" },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { value, _ in
                "m.account_id = \(AccountID(value) ?? AccountID(.zero))"
            },
            ListFilter("subscription_id", label: "subscriptions.name", .id("sub")) { value, ask in
                about(SubscriptionID(value) ?? SubscriptionID(.zero), ask.tenant)
            },
        ],
        columns: listColumns, write: { row, _, json in row.write(to: &json) })

    /// Where it is read: beside its account, at the operator's desk, or among a person's own.
    func page(_ principal: Principal) -> URLPath {
        if principal.isOperator { return PageRoute.operatorMail.url(id.description) }
        guard let account, isOfAccount(seenBy: principal) else { return PageRoute.ownNotification.url(id.description) }
        return PageRoute.notification.url(account.id.description, id.description)
    }

    func name(_ t: Localiser) -> String { LetterKind(rawValue: kind).map { t("mail.\($0.rawValue).name") } ?? kind }

    private var isUnsent: Bool { erasedAt != nil && status == "failed" }
    private func stateWord(_ t: Localiser) -> String { t("notifications.status_\(isUnsent ? "unsent" : status)") }

    func pill(_ t: Localiser) -> StatePill {
        // What was erased before it could leave did not fail.
        let word = stateWord(t)
        if isUnsent { return StatePill(word, .quiet, .ring) }
        return switch status {
        case "sent": StatePill(word, .good, .disc)
        case "waiting": StatePill(word, .info, .ring)
        case "refused": StatePill(word, .bad, .cross)
        default: StatePill(word, .bad, .triangle)
        }
    }

    private static let listColumns: [ListColumn<Notification>] = [
        ListColumn(
            "kind", "notifications.kind",
            cell: { row, reader in
                group {
                    a(.class("row-link"), .href(row.page(reader.principal))) { row.name(reader.t) }
                    if let subject = row.subject ?? row.erasedAt.map({ _ in reader.t("notifications.erased_short") }) {
                        span(.class("sub")) { subject }
                    }
                    // Erased, its subject names nothing any more.
                    if row.erasedAt != nil, let id = row.subscription { span(.class("sub mono")) { id.description } }
                }
            },
            file: [
                FileColumn("id", "list.id") { row, _ in .text(row.id.description) },
                FileColumn("kind", "notifications.kind", code: { $0.kind }, words: { $0.name($1.t) }),
                FileColumn("subject", "notifications.subject") { row, _ in .text(row.subject) },
            ]),
        ListColumn(
            "status", "notifications.status", cell: { row, reader in row.pill(reader.t).html },
            file: [
                FileColumn("status", "notifications.status", code: { $0.status }, words: { $0.stateWord($1.t) })
            ]),
        ListColumn(
            "email", "notifications.to", cell: { row, reader in row.email.map { .text($0) } ?? reader.t.nothing },
            file: [FileColumn("email", "notifications.to") { row, _ in .text(row.email) }]),
        ListColumn(
            // The subject names it nearly always; a hundred links more make the page heavier than it may be.
            "subscription", "subscriptions.name", isShownFirst: false,
            cell: { row, reader in
                guard let account = row.account?.id, let id = row.subscription, row.isOfSubscription(seenBy: reader.principal)
                else {
                    return reader.t.nothing
                }
                return group {
                    a(.href(SubscriptionLinks(account: account, id: id).overview)) {
                        reader.t.shownName(row.subscriptionName, isLapsed: row.isLapsed)
                    }
                    if row.subscriptionName == nil { span(.class("sub mono")) { id.description } }
                }
            },
            file: [
                FileColumn("subscription_id", "notifications.subscription_id") { row, _ in .text(row.subscription?.description) },
                FileColumn("account_id", "notifications.account_id") { row, _ in .text(row.account?.id.description) },
            ]),
        ListColumn(
            "occurred_at", "notifications.occurred", order: "occurred_at",
            cell: { row, reader in reader.t.timeElement(row.occurredAt) },
            file: [FileColumn("occurred_at", "notifications.occurred") { row, _ in .instant(row.occurredAt) }]),
        ListColumn(
            "sent_at", "notifications.sent", isShownFirst: false,
            cell: { row, reader in row.sentAt.map(reader.t.realTimeElement) ?? reader.t.nothing },
            file: [FileColumn("sent_at", "notifications.sent") { row, _ in .instant(row.sentAt) }]),
        ListColumn(
            "smtp_reply", "notifications.reply", isShownFirst: false,
            cell: { row, reader in row.reply.map { .text($0) } ?? reader.t.nothing },
            file: [FileColumn("smtp_reply", "notifications.reply") { row, _ in .text(row.reply) }]),
    ]
}

// MARK: What the API's document says

extension EndpointDocumentation {
    static let listNotifications = read(
        "notifications", "Mails about the accounts that the key can see, newest first.", .list("Notification"),
        query: Notification.list.query)
    static let getNotification = read(
        "notifications", "One mail with its body as it was sent, but for one-time links.", .object(200, "Notification"))
    static let resendNotification = EndpointDocumentation(
        tag: "notifications",
        summary: "Send a mail again: at once where it never arrived, as a copy where it was sent.", audience: .finance,
        body: Input.nothing, answer: .object(200, "Notification"), refusals: [403, 409, 413, 415, 422], idempotency: .offered,
        dryRun: true)
}

extension Schema {
    static let notificationComponents: [(name: String, schema: Schema)] = [
        (
            "Notification",
            .object([
                .init("id", .id("mai")), .init("object", .word(["notification"])), .init("kind", .text(max: 100)),
                .init("status", .word(Notification.statuses)), .init("account_id", .nullable(.id("acc"))),
                .init("subscription_id", .nullable(.id("sub"))), .init("email", .nullable(.text(max: 254))),
                .init("subject", .nullable(.text(max: 1_000)), "Null until it is written, and once it is erased (L3)."),
                .init("language", .nullable(.text(max: 10))),
                .init("occurred_at", instant, "When what it tells happened, by the tenant's clock."), .init("queued_at", instant),
                .init("sent_at", .nullable(instant)), .init("next_attempt_at", .nullable(instant)),
                .init("erased_at", .nullable(instant)),
                .init("attempts", .integer(min: 0, max: 1_000)),
                .init("smtp_reply", .nullable(.text(max: 300)), "The mail server's last words."),
                .init("message_id", .nullable(.text(max: 400))), .init("copy_of", .nullable(.id("mai"))),
                .optional("text", .nullable(.text(max: 1_000_000))), .optional("html", .nullable(.text(max: 1_000_000))), dryRun,
            ])
        )
    ]
}

extension APIHandler {
    func notification(_ request: APIRequest) async throws -> HTTPResponse {
        let found = try await FindNotification.byID(try request.pathID(), request.context)
        let strings = localisation[request.language]
        return object(found, request) { $0.write(to: &$1, withBody: true, strings) }
    }
}
