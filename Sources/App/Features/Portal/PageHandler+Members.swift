import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The addresses of the members of one place: an account or an agreement.
struct MemberLinks: Sendable {
    let account: AccountID?
    let enrollment: EnrollmentID?

    private func url(_ ofAccount: PageRoute, _ ofEnrollment: PageRoute, _ more: [String] = []) -> URLPath {
        account.map { ofAccount.url([$0.description] + more) } ?? ofEnrollment.url([enrollment?.description ?? ""] + more)
    }
    var list: URLPath { url(.members, .enrollmentMembers) }
    var invite: URLPath { url(.inviteForm, .enrollmentInviteForm) }
    func role(_ id: MemberID) -> URLPath { url(.memberForm, .enrollmentMembers, [id.description]) }
    func remove(_ id: MemberID) -> URLPath { url(.removeMemberForm, .enrollmentRemoveMemberForm, [id.description]) }
    func resend(_ id: MemberID) -> URLPath { url(.resendInvitation, .enrollmentResendInvitation, [id.description]) }
}

/// The place whose members a page is about, for somebody who may manage them.
struct MembersView: Sendable {
    let context: TenantContext
    let name: String
    let zone: TimeZoneRule?
    let kind: AccountKind
    let roles: Set<Role>
    let place: MemberPlace
    let invitationPlace: InviteMember.Place
    let links: MemberLinks
    var frame: Frame

    var realNow: Instant { context.dependencies.realNow() }

    func crumbs(_ t: Localiser, _ current: String) -> Breadcrumbs {
        Breadcrumbs([(label: t("members.title"), url: links.list)], current: current)
    }
}

/// People and roles (experience page 22).
extension PageHandler {
    func roles(_ visit: Visit) throws -> HTTPResponse {
        _ = try visit.member()
        return visit.page(RolesPage(), Frame(current: PageRoute.roles.url()))
    }

    /// Of the account or the agreement that the address names first.
    func membersView(_ visit: Visit) async throws -> MembersView {
        let context = try visit.context()
        if let id = visit.parameters.first.flatMap({ EnrollmentID($0) }) {
            let enrollment = try await FindEnrollment.byID(id, context)
            let roles = context.principal.roles(on: Belonging(enrollment: id))
            try TenantContext.require(.manageMembers, of: roles, in: .enterprise)
            let links = MemberLinks(account: nil, enrollment: id)
            return MembersView(
                context: context, name: enrollment.name, zone: nil, kind: .enterprise, roles: roles, place: .enrollment,
                invitationPlace: .enrollment(id), links: links,
                frame: Frame(enrollment: (id, enrollment.name), current: links.list))
        }
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        let roles = context.principal.roles(on: account.belonging)
        try TenantContext.require(.manageMembers, of: roles, in: account.kind)
        let links = MemberLinks(account: account.id, enrollment: nil)
        return MembersView(
            context: context, name: account.name, zone: account.zone, kind: account.kind, roles: roles, place: .account,
            invitationPlace: .account(account.id), links: links,
            frame: Frame(zone: account.zone, account: (account.id, account.name), current: links.list))
    }

    func members(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await membersView(visit)
        let (window, t) = (ListWindow(visit, ascendingFirst: true), visit.localiser(view.zone))
        var filter = MemberFilter()
        filter.account = view.links.account
        filter.enrollment = view.links.enrollment
        filter.role = visit["role"].flatMap { Role(rawValue: $0) }
        filter.state = visit["state"].flatMap { Member.State(rawValue: $0) }
        let asked = filter
        let shown = try await window.load(key: { ($0.createdAt, $0.id.uuid) }) { page in
            try await ListMembers.run(asked, page, view.context)
        }
        var actions = [ActionLink(t("members.invite"), view.links.invite, .primary)]
        if let account = view.links.account,
            view.roles.contains(where: { Permission.allows($0, .handOverAccount, in: view.kind) })
        {
            actions.append(ActionLink(t("members.hand_over"), PageRoute.handoverForm.url(account.description)))
        }
        actions.append(ActionLink(t("members.roles"), PageRoute.roles.url()))
        var rows: [MembersPage.Row] = []
        for member in shown.items {
            let isLast = try await EnterpriseAdministrators.isLast(member, view.context)
            rows.append(memberRow(member, isLast: isLast, view, visit, t))
        }
        let page = MembersPage(
            ownerName: view.name, wholeScope: t(view.place == .account ? "members.whole_account" : "members.whole_enrollment"),
            filters: memberFilters(filter, visit, window, view.place, t), rows: rows,
            pager: window.pager(shown, visit), actions: actions)
        var frame = view.frame
        frame.banner = visit.flash.flatMap { memberBanner($0, t) }
        return visit.page(page, frame)
    }

    private func memberRow(_ member: Member, isLast: Bool, _ view: MembersView, _ visit: Visit, _ t: Localiser)
        -> MembersPage.Row
    {
        let state = member.state(at: view.realNow)
        var row = MembersPage.Row(
            id: member.id.description, name: member.person.name, email: member.person.email, role: member.role, state: state,
            hasSecondFactor: member.hasSecondFactor, seenAt: member.seenAt)
        if let id = member.subscription, let account = member.account {
            let links = SubscriptionLinks(account: account, id: id)
            row.subscription = NavigationItem(member.placeName ?? id.description, links.overview)
            row.actions = [ActionLink(t("members.change"), links(.editForm))]
        } else if member.role != .accountAdministrator {
            if view.place == .account { row.actions.append(ActionLink(t("members.change"), view.links.role(member.id))) }
            row.actions.append(
                ActionLink(
                    t(member.isGranted ? "members.remove" : "members.withdraw"), view.links.remove(member.id),
                    unavailableBecause: isLast ? t("error.last_enterprise_administrator.detail") : nil))
        }
        if state == .invited || state == .invitationExpired { row.invitedUntil = member.invitation?.expiresAt }
        if state != .active {
            row.resend = ActionForm(
                t(member.invitation == nil ? "members.send_first" : "members.send_again"), action: view.links.resend(member.id),
                tokens: visit.tokens())
        }
        return row
    }

    private func memberFilters(_ filter: MemberFilter, _ visit: Visit, _ window: ListWindow, _ place: MemberPlace, _ t: Localiser)
        -> FilterBar
    {
        func without(_ name: String) -> URLPath {
            visit.here(changing: [(name, nil), ("cursor", nil), ("before", nil), ("row", nil)])
        }
        let roles: [Role] =
            place == .account ? [.accountAdministrator, .finance, .reader, .serviceAdministrator] : [.enterpriseAdministrator]
        let states: [Member.State] = [.active, .invited, .invitationExpired, .noSignIn]
        var chips: [FilterBar.Chip] = []
        if let role = filter.role { chips.append(.init(labelled("members.role", t.word(role), t), without: without("role"))) }
        if let state = filter.state {
            chips.append(.init(labelled("members.state", t("members.state_\(state.rawValue)"), t), without: without("state")))
        }
        return FilterBar(
            action: URLPath(visit.request.pathSegments),
            fields: [
                .choice(
                    name: "role", label: t("members.role"), all: t("list.all"),
                    choices: roles.map { .init($0.rawValue, t.word($0)) }, selected: filter.role?.rawValue),
                .choice(
                    name: "state", label: t("members.state"), all: t("list.all"),
                    choices: states.map { .init($0.rawValue, t("members.state_\($0.rawValue)")) },
                    selected: filter.state?.rawValue),
            ], chips: chips, kept: window.kept)
    }

    private func memberBanner(_ flash: Flash, _ t: Localiser) -> Banner? {
        switch flash {
        case .memberInvited: Banner(.good, title: t("members.sent"))
        case .invitationSentAgain: Banner(.good, title: t("members.sent_again"))
        case .roleChanged: Banner(.good, title: t("members.role_saved"))
        case .memberRemoved: Banner(.good, title: t("members.was_removed"))
        case .invitationWithdrawn: Banner(.good, title: t("members.was_withdrawn"))
        case .handoverStarted: Banner(.good, title: t("handover.started"))
        case .handoverCancelled: Banner(.good, title: t("handover.cancelled"))
        default: nil
        }
    }
}
