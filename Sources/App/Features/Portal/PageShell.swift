import Billing
import HTML
import Values

/// The shell of one visit: sides, navigation, switches.
extension Visit {
    func shell(_ frame: Frame) -> Shell {
        let t = localiser(frame.zone)
        let side: Shell.Side =
            signedIn == nil || surroundings == nil ? .outside : signedIn?.principal.isOperator == true ? .provider : .account
        var shell = Shell(
            side: side, assets: handler.assets.links, tenantName: signedIn?.tenant.name ?? handler.publicName,
            home: PageRoute.home.url(),
            otherLanguage: here(changing: [("lang", strings.language.other.tag)]), build: Version.text,
            realNow: dependencies.realNow())
        shell.theme = theme
        shell.footerLinks = footerLinks(t)
        guard let signedIn, let surroundings, case .user(_, _, let name, _) = signedIn.principal else { return shell }
        let frame = side == .provider ? frame : atHome(frame, surroundings)
        shell.search = (side == .provider ? PageRoute.operatorSearch : PageRoute.search).url()
        shell.isDemo = signedIn.tenant.isDemo
        if signedIn.tenant.isSandbox {
            shell.testClock = Shell.TestClockNotice(
                now: surroundings.now, page: side == .provider ? PageRoute.testClock.url() : nil)
        }
        shell.person = SignedInPerson(
            name: name, role: t.word(surroundings.widestRole(signedIn.principal)), profile: PageRoute.profile.url(),
            signOut: PageRoute.signOut.url(), csrf: signedIn.formToken)
        shell.origin = signedIn.session.returnURL.flatMap { ExternalURL(checking: $0) }
        shell.contextName = frame.account?.name ?? frame.enrollment?.name
        shell.contexts = side == .provider ? [] : contexts(frame, surroundings, t)
        shell.navigation = [
            NavigationGroup(side == .provider ? providerItems(signedIn.tenant, frame, t) : customerItems(frame, surroundings, t))
        ]
        let places = side == .provider ? [] : placesBeyond(frame, surroundings)
        if !places.isEmpty { shell.navigation.append(NavigationGroup(heading: t("shell.accounts"), places)) }
        shell.viewing = viewingNotice(signedIn, surroundings, t)
        if side == .provider { shell.navigation.append(deskItems(frame, t)) }
        let around = administrationItems(signedIn.principal, frame, surroundings, t)
        if !around.isEmpty {
            // Beside the provider's own entries of the same names, those of the customer on the page say whose they are.
            let heading = side == .provider ? shell.contextName : nil
            shell.navigation.append(NavigationGroup(heading: heading ?? t("shell.administration"), around))
        }
        return shell
    }

    /// Pages of no account's own (profile, help, errors) have the menu of the account or agreement that their path names, or of the only one that she has:
    /// it does not shrink on the way.
    private func atHome(_ frame: Frame, _ own: Surroundings) -> Frame {
        guard frame.account == nil, frame.enrollment == nil else { return frame }
        let named = Dictionary(zip(route?.parameters ?? [], parameters)) { first, _ in first }
        var frame = frame
        let account = named["account_id"].flatMap { AccountID($0) }
        let enrollment = named["enrollment_id"].flatMap { EnrollmentID($0) }
        if let found = own.accounts.first(where: { $0.id == account }) {
            frame.account = (found.id, found.name)
        } else if let found = own.enrollments.first(where: { $0.id == enrollment }) {
            frame.enrollment = (found.id, found.name)
        } else if own.ownAccounts.count + own.enrollments.count == 1, !own.servesElsewhere {
            frame.account = own.ownAccounts.first.map { ($0.id, $0.name) }
            frame.enrollment = own.enrollments.first.map { ($0.id, $0.name) }
        }
        return frame
    }

    /// What the administrators of an account or an agreement find beside it.
    private func administrationItems(_ principal: Principal, _ frame: Frame, _ own: Surroundings, _ t: Localiser)
        -> [NavigationItem]
    {
        let whose = !principal.isOperator ? nil : frame.account == nil ? "shell.of_agreement" : "shell.of_account"
        func item(_ label: String, _ url: URLPath, _ frame: Frame) -> NavigationItem {
            NavigationItem(whose.map { t($0, ["entry": label]) } ?? label, url, isCurrent: frame.current == url)
        }
        if let account = frame.account {
            // An account that she has no role on herself is seen through its agreement; an agreement elsewhere opens nothing here.
            let here = own.accounts.first { $0.id == account.id }
            let administers = here.map { $0.roles.contains(.accountAdministrator) || $0.isWithinOwnEnrollment }
            guard principal.isOperator || administers ?? !own.enrollments.isEmpty else { return [] }
            return [
                item(t("shell.members"), PageRoute.members.url(account.id.description), frame),
                item(t("shell.audit"), PageRoute.audit.url(account.id.description), frame),
                item(t("shell.identity"), PageRoute.accountIdentity.url(account.id.description), frame),
                item(t("shell.keys"), PageRoute.keys.url(account.id.description), frame),
                item(t("webhooks.title"), PageRoute.webhooks.url(account.id.description), frame),
            ]
        }
        guard let enrollment = frame.enrollment else { return [] }
        return [
            item(t("shell.members"), PageRoute.enrollmentMembers.url(enrollment.id.description), frame),
            item(t("operations.title"), PageRoute.enrollmentOperations.url(enrollment.id.description), frame),
            item(t("shell.audit"), PageRoute.enrollmentAudit.url(enrollment.id.description), frame),
        ]
    }

    private func item(_ label: String, _ url: URLPath, _ frame: Frame) -> NavigationItem {
        NavigationItem(label, url, isCurrent: frame.current == url)
    }

    private func providerItems(_ tenant: Tenant, _ frame: Frame, _ t: Localiser) -> [NavigationItem] {
        var items = [
            item(t("shell.overview"), PageRoute.operatorHome.url(), frame),
            item(t("shell.accounts"), PageRoute.operatorAccounts.url(), frame),
            item(t("shell.subscriptions"), PageRoute.operatorSubscriptions.url(), frame),
        ]
        items.append(item(t("shell.keys"), PageRoute.operatorKeys.url(), frame))
        items.append(item(t("webhooks.title"), PageRoute.operatorWebhooks.url(), frame))
        items.append(item(t("shell.audit"), PageRoute.operatorAudit.url(), frame))
        items.append(item(t("shell.remittances"), PageRoute.remittances.url(), frame))
        items.append(item(t("shell.notifications"), PageRoute.operatorMails.url(), frame))
        if tenant.isSandbox { items.append(item(t("shell.test_clock"), PageRoute.testClock.url(), frame)) }
        return items
    }

    private func customerItems(_ frame: Frame, _ own: Surroundings, _ t: Localiser) -> [NavigationItem] {
        var items: [NavigationItem] = []
        if own.enrollments.count == 1 {
            items.append(item(t("shell.enrollment"), PageRoute.enrollment.url(own.enrollments[0].id.description), frame))
        }
        if let enrollment = frame.enrollment, frame.account == nil {
            items.append(item(t("shell.subscriptions"), PageRoute.enrollmentSubscriptions.url(enrollment.id.description), frame))
            items.append(item(t("shell.usage"), PageRoute.enrollmentUsage.url(enrollment.id.description), frame))
            items.append(item(t("enrollment.departments"), PageRoute.enrollmentDepartments.url(enrollment.id.description), frame))
            items.append(item(t("enrollment.accounts"), PageRoute.enrollmentAccounts.url(enrollment.id.description), frame))
        } else if let account = frame.account {
            items.append(item(t("shell.subscriptions"), PageRoute.subscriptions.url(account.id.description), frame))
            items.append(item(t("shell.usage"), PageRoute.accountUsage.url(account.id.description), frame))
            items.append(item(t("shell.payments"), PageRoute.payments.url(account.id.description), frame))
        } else {
            items.append(item(t("shell.subscriptions"), PageRoute.mySubscriptions.url(), frame))
        }
        if let account = frame.account {
            items.append(item(t("shell.orders"), PageRoute.orders.url(account.id.description), frame))
            items.append(item(t("shell.notifications"), PageRoute.notifications.url(account.id.description), frame))
        } else {
            items.append(item(t("shell.notifications"), PageRoute.ownNotifications.url(), frame))
        }
        if own.ownAccounts.count + own.enrollments.count > 1 || own.servesElsewhere && !own.ownAccounts.isEmpty {
            items.append(item(t("shell.all_accounts"), PageRoute.home.url(), frame))
        }
        return items
    }

    /// On a page that belongs to none of them (profile, help, errors), whoever has several accounts goes on to each from the menu.
    private func placesBeyond(_ frame: Frame, _ own: Surroundings) -> [NavigationItem] {
        frame.account == nil && frame.enrollment == nil ? places(frame, own) : []
    }

    private func contexts(_ frame: Frame, _ own: Surroundings, _ t: Localiser) -> [NavigationItem] {
        own.ownAccounts.count + own.enrollments.count > 1 ? places(frame, own) : []
    }

    private func places(_ frame: Frame, _ own: Surroundings) -> [NavigationItem] {
        own.enrollments.map {
            NavigationItem(
                $0.name, PageRoute.enrollment.url($0.id.description),
                isCurrent: frame.account == nil && frame.enrollment?.id == $0.id)
        }
            + own.ownAccounts.map {
                NavigationItem($0.name, PageRoute.subscriptions.url($0.id.description), isCurrent: frame.account?.id == $0.id)
            }
    }

    private func footerLinks(_ t: Localiser) -> [NavigationItem] {
        let themes: [Shell.Theme] = [.automatic, .light, .dark]
        return [NavigationItem(t("shell.help"), PageRoute.help.url())]
            + (signedIn == nil ? [] : [NavigationItem(t("shell.roles"), PageRoute.roles.url())])
            + themes.filter { $0 != theme }.map {
                NavigationItem(t("shell.theme_\($0.rawValue)"), here(changing: [("theme", $0.rawValue)]))
            }
    }
}
