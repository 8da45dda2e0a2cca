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
        let t = visit.localiser(view.zone)
        let invite = ActionLink(t("members.invite"), view.links.invite, .primary)
        var frame = ListFrame(
            title: t("members.title"), lede: .text(t("members.lede", ["owner": view.name])),
            empty: .neverHad(title: t("members.alone_title"), text: t("members.alone_text"), action: invite),
            filteredTitle: t("members.filtered_title"))
        frame.actions = [invite]
        if let account = view.links.account,
            view.roles.contains(where: { Permission.allows($0, .handOverAccount, in: view.kind) })
        {
            frame.actions.append(ActionLink(t("members.hand_over"), PageRoute.handoverForm.url(account.description)))
        }
        frame.actions.append(ActionLink(t("members.roles"), PageRoute.roles.url()))
        frame.scope = view.links.account.map { [("account_id", $0.description)] } ?? []
        frame.scope += view.links.enrollment.map { [("enrollment_id", $0.description)] } ?? []
        frame.sort = "name"
        frame.alone = frame.empty
        let roles = ListedMember.roles.filter { ($0 == .enterpriseAdministrator) == (view.place == .enrollment) }
        frame.choices["role"] = roles.map { .init($0.rawValue, t.word($0)) }
        var around = view.frame
        around.banner = visit.flash.flatMap { memberBanner($0, t) }
        return try await list(visit, ListedMember.list, frame, around)
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
