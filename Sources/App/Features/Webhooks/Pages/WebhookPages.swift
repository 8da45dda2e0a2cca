import HTML
import HTTP
import Values

/// The addresses of one owner's webhooks: an account's, or the tenant's own.
package struct WebhookLinks: Sendable {
    let account: AccountID?

    package init(account: AccountID?) { self.account = account }

    private func url(_ ofAccount: PageRoute, _ ofOperator: PageRoute, _ rest: [String]) -> URLPath {
        account.map { ofAccount.url([$0.description] + rest) } ?? ofOperator.url(rest)
    }
    package var list: URLPath { url(.webhooks, .operatorWebhooks, []) }
    package var new: URLPath { url(.webhookForm, .operatorWebhookForm, []) }
    package func one(_ id: WebhookEndpointID) -> URLPath { url(.webhook, .operatorWebhook, [id.description]) }
    package func edit(_ id: WebhookEndpointID) -> URLPath { url(.editWebhookForm, .operatorEditWebhookForm, [id.description]) }
    package func rotate(_ id: WebhookEndpointID) -> URLPath {
        url(.rotateWebhookForm, .operatorRotateWebhookForm, [id.description])
    }
    package func delete(_ id: WebhookEndpointID) -> URLPath {
        url(.deleteWebhookForm, .operatorDeleteWebhookForm, [id.description])
    }
    package func test(_ id: WebhookEndpointID) -> URLPath { url(.testWebhook, .operatorTestWebhook, [id.description]) }
    package func turn(_ id: WebhookEndpointID) -> URLPath { url(.switchWebhook, .operatorSwitchWebhook, [id.description]) }
    package func delivery(_ delivery: WebhookDelivery) -> URLPath {
        url(.webhookDelivery, .operatorWebhookDelivery, [delivery.endpoint.description, delivery.id.description])
    }
    package func resend(_ delivery: WebhookDelivery) -> URLPath {
        url(.resendWebhook, .operatorResendWebhook, [delivery.endpoint.description, delivery.id.description])
    }
}

extension Localiser {
    func pill(_ endpoint: WebhookEndpoint) -> StatePill {
        switch endpoint.state {
        case .enabled where endpoint.isFailing: StatePill(self("webhooks.state.failing"), .warn, .triangle)
        case .enabled: StatePill(self("webhooks.state.enabled"), .good, .disc)
        case .disabled: StatePill(self("webhooks.state.disabled"), .quiet, .pause)
        case .deleted: StatePill(self("webhooks.state.deleted"), .quiet, .cross)
        }
    }

    func word(_ reason: WebhookEndpoint.DisabledReason) -> String { self("webhooks.disabled_reason.\(reason.rawValue)") }

    func pill(_ status: WebhookDelivery.Status) -> StatePill {
        switch status {
        case .waiting: StatePill(self("webhooks.status.waiting"), .warn, .ring)
        case .succeeded: StatePill(self("webhooks.status.succeeded"), .good, .disc)
        case .failed: StatePill(self("webhooks.status.failed"), .bad, .cross)
        }
    }

    /// What the receiver said, in a word.
    func reply(_ delivery: WebhookDelivery) -> String {
        if let status = delivery.responseStatus { return "HTTP \(status)" }
        return delivery.error.map { self("webhooks.error.\($0)") } ?? "–"
    }

    /// The same with what is wrong about it.
    func replyInFull(_ delivery: WebhookDelivery) -> String {
        guard let status = delivery.responseStatus, let error = delivery.error else { return reply(delivery) }
        return self("webhooks.reply", ["status": "HTTP \(status)", "fault": self("webhooks.error.\(error)")])
    }

    /// How many of the last day's messages have arrived.
    func success(_ success: WebhookSuccess?) -> HTML {
        guard let success, success.tried > 0 else { return nothing }
        let figures = [
            "delivered": number(success.delivered), "tried": number(success.tried), "percent": number(success.percent),
        ]
        return .text(self("webhooks.success", figures))
    }
}

extension WebhookEndpoint {
    /// The name of the machine that is told: what is typed before an endpoint is deleted.
    package var host: String {
        let rest = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        return String(rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }
}

/// What an endpoint is to be: a new one, or one that is changed.
package struct WebhookFormPage: Page {
    package var crumbs: Breadcrumbs
    package var heading: String
    package var confirm: String
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var url = ""
    package var description = ""
    package var types: Set<String> = []
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, heading: String, confirm: String, action: URLPath, back: URLPath, tokens: FormTokens) {
        self.crumbs = crumbs
        self.heading = heading
        self.confirm = confirm
        self.action = action
        self.back = back
        self.tokens = tokens
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { heading }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(heading, lede: .text(t("webhooks.form_lede"))).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                addressField(t).html(problems, t)
                descriptionField(t).html(problems, t)
                typeFields(t)
                div(.class("actions")) {
                    submitButton(confirm)
                    a(.class("btn"), .href(back)) { t("webhooks.discard") }
                }
            }
        }
    }

    private func addressField(_ t: Localiser) -> TextField {
        var field = TextField("url", t("webhooks.column.url"), hint: t("webhooks.url_hint"), value: url)
        field.autocomplete = .off
        field.maxlength = 2_000
        return field
    }

    private func descriptionField(_ t: Localiser) -> TextField {
        var field = TextField("description", t("webhooks.description"), hint: t("webhooks.description_hint"), value: description)
        field.isRequired = false
        field.autocomplete = .off
        field.maxlength = 200
        return field
    }

    private func typeFields(_ t: Localiser) -> HTML {
        details(.open(!types.isEmpty)) {
            summary { t("webhooks.narrow") }
            div(.class("field"), .id(fieldID("event_types"))) {
                p(.class("hint")) { t("webhooks.types_hint") }
                for type in WebhookEventType.selectable {
                    label(.class("check")) {
                        input(
                            .type(.checkbox), .name("type:\(type.rawValue)"), .value("yes"),
                            .checked(types.contains(type.rawValue)))
                        " "
                        identifier(type.rawValue)
                    }
                }
            }
        }
    }
}

/// One endpoint and what may be done with it, above the list of what it was told.
package struct WebhookHead: Sendable {
    package var endpoint: WebhookEndpoint
    package var success: WebhookSuccess?
    package var links: WebhookLinks
    package var testTokens: FormTokens
    package var switchTokens: FormTokens

    func actions(_ t: Localiser) -> [ActionLink] {
        [
            ActionLink(t("webhooks.edit"), links.edit(endpoint.id)), ActionLink(t("webhooks.rotate"), links.rotate(endpoint.id)),
            ActionLink(t("webhooks.delete"), links.delete(endpoint.id), .danger),
        ]
    }

    func html(_ t: Localiser) -> HTML {
        group {
            facts(t).html
            div(.class("actions")) {
                if endpoint.state == .enabled {
                    form(.method(.post), .action(links.test(endpoint.id))) {
                        testTokens.fields
                        submitButton(t("webhooks.test"))
                    }
                }
                form(.method(.post), .action(links.turn(endpoint.id))) {
                    switchTokens.fields
                    hiddenField("enabled", endpoint.state == .enabled ? "no" : "yes")
                    submitButton(t(endpoint.state == .enabled ? "webhooks.disable" : "webhooks.enable"), .plain)
                }
            }
            div(.class("section-head")) { h2 { t("webhooks.log") } }
        }
    }

    private func facts(_ t: Localiser) -> DetailList {
        var items = [
            DetailList.Item(t("webhooks.column.state"), t.pill(endpoint).html),
            DetailList.Item(t("webhooks.column.day"), t.success(success)),
            DetailList.Item(t("webhooks.id"), copyable(endpoint.id.description, name: t("webhooks.id"), id: "webhook-id", t)),
        ]
        if !endpoint.description.isEmpty { items.append(.init(t("webhooks.description"), .text(endpoint.description))) }
        if let reason = endpoint.disabledReason {
            items.append(.init(t("webhooks.why_disabled"), .text(t.word(reason))))
        }
        if let at = endpoint.disabledAt { items.append(.init(t("webhooks.off_since"), t.realTimeElement(at))) }
        if let at = endpoint.failingSince { items.append(.init(t("webhooks.failing_since"), t.realTimeElement(at))) }
        items.append(
            .init(
                t("webhooks.column.events"),
                endpoint.eventTypes.map { types in group { for type in types { span(.class("sub")) { identifier(type) } } } }
                    ?? .text(t("webhooks.every"))))
        if let until = endpoint.previousUntil { items.append(.init(t("webhooks.old_secret_until"), t.realTimeElement(until))) }
        return DetailList(items)
    }
}

/// One event on its way to one endpoint: both bodies.
package struct WebhookDeliveryPage: Page {
    package var crumbs: Breadcrumbs
    package var delivery: WebhookDelivery
    package var links: WebhookLinks
    package var tokens: FormTokens
    package var canResend: Bool

    package func title(_ t: Localiser) -> String { t("webhooks.delivery") }

    package func content(_ t: Localiser) -> HTML {
        group {
            crumbs.html(t)
            PageHeading(t("webhooks.delivery"), lede: identifier(delivery.eventType)).html
            DetailList([
                .init(t("webhooks.column.status"), t.pill(delivery.status).html),
                .init(t("webhooks.column.reply"), .text(t.replyInFull(delivery))),
                .init(t("webhooks.column.ms"), delivery.milliseconds.map { .text(t.number($0)) } ?? t.nothing),
                .init(
                    t("webhooks.event_id"), copyable(delivery.event.description, name: t("webhooks.event_id"), id: "event-id", t)),
                .init(t("webhooks.column.attempts"), .text(String(delivery.attempts))),
                .init(t("webhooks.last_attempt"), delivery.lastAttemptAt.map(t.realTimeElement) ?? t.nothing),
                .init(t("webhooks.column.next"), delivery.nextAttemptAt.map(t.realTimeElement) ?? t.nothing),
            ]).html
            if canResend {
                form(.method(.post), .action(links.resend(delivery))) {
                    tokens.fields
                    submitButton(t("webhooks.resend"))
                }
            }
            block(t("webhooks.sent_body")) { body(delivery.body, t("webhooks.sent_body"), t) }
            block(t("webhooks.reply_body")) { body(delivery.responseBody, t("webhooks.reply_body"), t) }
        }
    }

    private func body(_ text: String?, _ name: String, _ t: Localiser) -> HTML {
        guard let text, !text.isEmpty else { return p { t("webhooks.no_body") } }
        if let json = try? JSON(parsing: Array(text.utf8)) { return listing(json.pretty(), name: name) }
        // Words are broken into lines, so that they can be read where the page is narrow.
        return pre(.class("letter")) { String(text.prefix(20_000)) }
    }
}

/// The one time that a secret is shown.
package struct WebhookSecretPage: Page {
    package var crumbs: Breadcrumbs
    /// Nil when the form was sent again: the secret was shown before.
    package var secret: String?
    package var next: URLPath

    package func title(_ t: Localiser) -> String { t(secret == nil ? "webhooks.shown_already" : "webhooks.shown") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t(secret == nil ? "webhooks.shown_already_text" : "webhooks.shown_text"))).html
            if let secret { p { copyable(secret, name: t("webhooks.secret"), id: "webhook-secret", isWhole: true, t) } }
            div(.class("actions")) { a(.class("btn btn--primary"), .href(next)) { t("webhooks.stored") } }
        }
    }
}

/// Replacing a secret or ending an endpoint: what follows, and two verbs.
package struct WebhookConfirmPage: Page {
    package enum Step: String, Sendable { case rotate, delete }

    package var crumbs: Breadcrumbs
    package var step: Step
    package var address: String
    package var form: ConfirmForm

    package var hasProblems: Bool { !form.problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("webhooks.\(step.rawValue)_title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(form.problems, t)
            PageHeading(title(t), lede: identifier(address)).html
            form.html(t)
        }
    }
}
