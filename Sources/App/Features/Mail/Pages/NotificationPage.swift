import HTML
import Values

/// One mail: what became of it, and its words exactly as they were sent.
package struct NotificationPage: Page {
    package var crumbs: Breadcrumbs
    var notification: Notification
    var strings: Strings
    /// The way to send it again, with what it would do; nil where the role may not.
    var resend: ActionForm?
    /// Why it cannot be sent again.
    var cannotResend: String?
    /// Whether the reader may look at the subscription that it is about.
    var opensSubscription = true
    /// What stands above while it waits and nothing can leave.
    var notice: HTML = .empty

    package func title(_ t: Localiser) -> String { notification.subject ?? notification.name(t) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t)).html
            notice
            DetailList(facts(t)).html
            words(t)
        }
    }

    private var again: HTML {
        group {
            if let resend { div(.class("actions")) { resend.html } }
            if let cannotResend { p(.class("soft")) { cannotResend } }
        }
    }

    private func facts(_ t: Localiser) -> [DetailList.Item] {
        let n = notification
        var items = [
            DetailList.Item(t("notifications.status"), n.pill(t).html),
            DetailList.Item(t("notifications.kind"), .text(n.name(t))),
            DetailList.Item(t("notifications.to"), n.email.map { .text($0) } ?? .text(t("notifications.erased_word"))),
            DetailList.Item(t("notifications.occurred"), t.timeElement(n.occurredAt)),
        ]
        if let at = n.sentAt { items.append(DetailList.Item(t("notifications.sent"), t.realTimeElement(at))) }
        if let reply = n.reply { items.append(DetailList.Item(t("notifications.reply"), code { reply })) }
        if n.attempts > 0 { items.append(DetailList.Item(t("notifications.attempts"), .text(t.number(n.attempts)))) }
        if n.attempts > 0, let at = n.nextAttemptAt {
            items.append(DetailList.Item(t("notifications.next_attempt"), t.realTimeElement(at)))
        }
        if let id = n.subscription, opensSubscription || n.erasedAt != nil {
            items.append(
                DetailList.Item(
                    t("subscriptions.name"),
                    group {
                        if opensSubscription, let account = n.account {
                            a(.href(SubscriptionLinks(account: account.id, id: id).overview)) {
                                t.shownName(n.subscriptionName, isLapsed: n.isLapsed)
                            }
                            " "
                        }
                        if n.subscriptionName == nil { identifier(id.description) }
                    }))
        }
        if let id = n.messageID { items.append(DetailList.Item(t("notifications.message_id"), code { id })) }
        items.append(DetailList.Item(t("list.id"), identifier(n.id.description)))
        return items
    }

    private func words(_ t: Localiser) -> HTML {
        let language = notification.language
        return block(t("notifications.words")) {
            if let text = notification.shown(notification.text, strings) {
                div(.class("letter"), .lang(language)) { text }
            } else {
                p { notification.erasedAt == nil ? t("notifications.unwritten") : t("notifications.erased") }
            }
            again
            if let html = notification.shown(notification.html, strings) {
                details {
                    summary { t("notifications.source") }
                    div(.class("letter mono"), .lang(language)) { html }
                }
            }
        }
    }
}
