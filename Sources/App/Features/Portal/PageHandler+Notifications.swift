import Billing
import HTML
import HTTP
import Values

/// Page 28: the mails about an account, and the operator's list of all of them.
extension PageHandler {
    func notifications(_ visit: Visit) async throws -> HTTPResponse {
        let id: AccountID = try visit.pathID(0)
        let account = try await FindAccount.byID(id, try visit.context())
        let t = visit.localiser(account.zone)
        var frame = try mailFrame(visit, t, lede: t("notifications.lede", ["account": account.name]))
        frame.scope = [("account_id", id.description)]
        return try await list(
            visit, Notification.list, frame,
            Frame(zone: account.zone, account: (id, account.name), current: PageRoute.notifications.url(id.description)))
    }

    /// What concerns the person herself, wherever it is from: an administrator of services or of an agreement finds no account around it.
    func ownNotifications(_ visit: Visit) async throws -> HTTPResponse {
        guard try !visit.context().principal.isOperator else { return visit.redirect(PageRoute.operatorMails.url()) }
        let t = visit.localiser()
        let frame = try mailFrame(visit, t, lede: t("notifications.own_lede"))
        return try await list(visit, Notification.list, frame, Frame(current: PageRoute.ownNotifications.url()))
    }

    func operatorMails(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let t = visit.localiser()
        let frame = try mailFrame(visit, t, lede: t("notifications.operator_lede", ["tenant": context.tenant.name]))
        return try await list(visit, Notification.list, frame, Frame(current: PageRoute.operatorMails.url()))
    }

    private func mailFrame(_ visit: Visit, _ t: Localiser, lede: String) throws -> ListFrame {
        var frame = ListFrame(
            title: t("notifications.title"), lede: .text(lede),
            empty: .neverHad(title: t("notifications.empty_title"), text: t("notifications.empty_text"), action: nil),
            filteredTitle: t("notifications.filtered_title"))
        if !hasMailServer {
            let principal = try visit.context().principal
            frame.notice = ListFrame.Notice(filter: ("status", "waiting")) { Self.mailNotice(t, principal, waiting: $0) }
        }
        for status in ["waiting", "refused", "failed"] {
            frame.done["status=\(status)"] = .allDone(title: t("notifications.done_title"), text: t("notifications.done_text"))
        }
        return frame
    }

    /// Without a mail server nothing leaves, and the page says so.
    /// The names of the settings are for those who can set them.
    private static func mailNotice(_ t: Localiser, _ principal: Principal, waiting: URLPath? = nil) -> Banner {
        let text = t(principal.isOperator ? "notifications.no_server_operator" : "notifications.no_server_text")
        return Banner(
            .warn, title: t("notifications.no_server_title"), text: .text(text),
            actions: waiting.map { [ActionLink(t("notifications.show_waiting"), $0)] } ?? [])
    }

    private var hasMailServer: Bool { dependencies.configuration.mail.server != nil }

    // MARK: One mail

    func notification(_ visit: Visit) async throws -> HTTPResponse {
        let account: AccountID = try visit.pathID(0)
        let notification = try await FindNotification.byID(try visit.pathID(1), try visit.context())
        guard let owner = notification.account, owner.id == account,
            notification.isOfAccount(seenBy: try visit.context().principal)
        else { throw Failure.notFound }
        let t = visit.localiser(owner.zone)
        let crumbs = Breadcrumbs(
            [
                (label: owner.name, url: PageRoute.subscriptions.url(account.description)),
                (label: t("notifications.title"), url: PageRoute.notifications.url(account.description)),
            ], current: notification.name(t))
        let action = PageRoute.resendNotification.url(account.description, notification.id.description)
        return try page(
            notification, crumbs, action, visit,
            Frame(zone: owner.zone, account: (account, owner.name), current: PageRoute.notifications.url(account.description)))
    }

    func ownNotification(_ visit: Visit) async throws -> HTTPResponse {
        let principal = try visit.context().principal
        let notification = try await FindNotification.byID(try visit.pathID(0), try visit.context())
        let place = notification.page(principal)
        // Where her role has a page for it, that one has the ways, too.
        guard place == PageRoute.ownNotification.url(notification.id.description) else { return visit.redirect(place) }
        let zone = notification.account?.zone
        let crumbs = Breadcrumbs(
            [(label: visit.strings("notifications.title"), url: PageRoute.ownNotifications.url())],
            current: notification.name(visit.localiser(zone)))
        return try page(
            notification, crumbs, nil, visit, Frame(zone: zone, current: PageRoute.ownNotifications.url()))
    }

    func operatorMail(_ visit: Visit) async throws -> HTTPResponse {
        let context = try visit.context()
        try requireOperator(context)
        let notification = try await FindNotification.byID(try visit.pathID(0), context)
        let t = visit.localiser(notification.account?.zone)
        let crumbs = Breadcrumbs(
            [(label: t("notifications.title"), url: PageRoute.operatorMails.url())], current: notification.name(t))
        return try page(
            notification, crumbs, PageRoute.operatorResendMail.url(notification.id.description), visit,
            Frame(zone: notification.account?.zone, current: PageRoute.operatorMails.url()))
    }

    private func page(
        _ notification: Notification, _ crumbs: Breadcrumbs, _ action: URLPath?, _ visit: Visit, _ around: Frame
    ) throws -> HTTPResponse {
        let t = visit.localiser(around.zone)
        let principal = try visit.context().principal
        let roles = notification.account.map { principal.roles(on: $0.belonging) } ?? [.operator]
        let kind = notification.account?.kind ?? .standard
        var page = NotificationPage(crumbs: crumbs, notification: notification, strings: t.strings)
        if !hasMailServer, notification.status == "waiting" {
            page.notice = Self.mailNotice(t, principal).html
        }
        page.opensSubscription = principal.isOperator || notification.isOfSubscription(seenBy: principal)
        if let action, roles.contains(where: { Permission.allows($0, .manageAlerts, in: kind) }) {
            if notification.erasedAt != nil {
                page.cannotResend = t("error.notification_erased.detail")
            } else if notification.status != "waiting", notification.hasOneTimeLink {
                page.cannotResend = t("error.notification_had_one_time_link.detail")
            } else {
                page.resend = ActionForm(
                    t(notification.status == "sent" ? "notifications.resend" : "notifications.try_now"), action: action,
                    tokens: visit.tokens())
            }
        }
        var frame = around
        if visit.flash == .mailQueued {
            frame.banner =
                hasMailServer
                ? Banner(.good, title: t("notifications.queued")) : Banner(.info, title: t("notifications.queued_waits"))
        }
        return visit.page(page, frame)
    }

    func resendNotification(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        let account: AccountID = try visit.pathID(0)
        let id: MailID = try visit.pathID(1)
        guard try await FindNotification.byID(id, context).account?.id == account else { throw Failure.notFound }
        let answer = try await ResendNotification(id: id).run(context, try visit.options(form))
        return visit.redirect(PageRoute.notification.url(account.description, Self.sent(answer, id)), flash: .mailQueued)
    }

    func operatorResendMail(_ visit: Visit) async throws -> HTTPResponse {
        let (form, context) = (try visit.form(), try visit.context())
        try requireOperator(context)
        let id: MailID = try visit.pathID(0)
        let answer = try await ResendNotification(id: id).run(context, try visit.options(form))
        return visit.redirect(PageRoute.operatorMail.url(Self.sent(answer, id)), flash: .mailQueued)
    }

    private static func sent(_ answer: Answer, _ id: MailID) -> String { (answer.objectID.map { MailID($0) } ?? id).description }
}
