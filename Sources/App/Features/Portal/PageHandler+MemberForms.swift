import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// Inviting, sending again, another role, removing: each asks for the password once more, because it changes who gets in.
extension PageHandler {
    func inviteForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let view = try await membersView(visit)
        return visit.page(invitePage(visit, view), view.frame)
    }

    func invite(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let view = try await membersView(visit)
        let t = visit.localiser(view.zone)
        var page = invitePage(visit, view)
        page.email = form["email"]
        page.role = Role(rawValue: form["role"]).flatMap { page.roles.contains($0) ? $0 : nil }
        if !SchemaReader.isEmail(page.email) { page.problems.append(FieldProblem("email", t("form.email_malformed"))) }
        if page.role == nil { page.problems.append(FieldProblem("role", t("members.role_missing"))) }
        guard page.problems.isEmpty, let role = page.role else { return visit.page(page, view.frame, status: 422) }
        do {
            _ = try await InviteMember(place: view.invitationPlace, email: page.email, role: role).run(view.context, options)
        } catch let failure as Failure where ["already_member", "already_invited"].contains(failure.code) {
            page.problems = [FieldProblem("email", t.refusal(failure))]
            return visit.page(page, view.frame, status: failure.status)
        }
        return visit.redirect(view.links.list, flash: .memberInvited)
    }

    private func invitePage(_ visit: Visit, _ view: MembersView) -> InvitePage {
        let t = visit.localiser(view.zone)
        return InvitePage(
            crumbs: view.crumbs(t, t("members.invite_title")), action: view.links.invite, back: view.links.list,
            tokens: visit.tokens(), roles: Membership.roles(in: view.place))
    }

    func resendInvitation(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let view = try await membersView(visit)
        _ = try await ResendInvitation(id: try await ownMember(visit, view).id).run(view.context, options)
        return visit.redirect(view.links.list, flash: .invitationSentAgain)
    }

    /// The member that the address names, of the place that it names.
    private func ownMember(_ visit: Visit, _ view: MembersView) async throws -> Member {
        let member = try await FindMember.byID(try visit.pathID(1), view.context)
        guard member.account == view.links.account, member.enrollment == view.links.enrollment else { throw Failure.notFound }
        return member
    }

    // MARK: Another role

    func memberForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let view = try await membersView(visit)
        let member = try await ownMember(visit, view)
        var page = try changeRolePage(visit, view, member)
        if let asked = visit["role"] {
            page.chosen = Role(rawValue: asked).flatMap { page.roles.contains($0) ? $0 : nil }
            if page.chosen == nil || page.chosen == member.role {
                page.problems = [FieldProblem("role", visit.strings("members.same_role"))]
            }
        }
        return visit.page(page, view.frame, status: page.problems.isEmpty ? 200 : 422)
    }

    func changeMember(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let view = try await membersView(visit)
        let member = try await ownMember(visit, view)
        guard let role = Role(rawValue: form["role"]) else {
            var page = try changeRolePage(visit, view, member)
            page.problems = [FieldProblem("role", visit.strings("members.same_role"))]
            return visit.page(page, view.frame, status: 422)
        }
        _ = try await ChangeMemberRole(id: member.id, role: role, ifMatch: form.etag).run(view.context, options)
        return visit.redirect(view.links.list, flash: .roleChanged)
    }

    private func changeRolePage(_ visit: Visit, _ view: MembersView, _ member: Member) throws -> ChangeRolePage {
        // What cannot be changed here says why.
        if let refusal = Membership.refusal(changing: member.role, to: member.role, in: member.place) { throw Failure(refusal) }
        let t = visit.localiser(view.zone)
        let url = view.links.role(member.id)
        return ChangeRolePage(
            crumbs: view.crumbs(t, t("members.change_title", ["name": member.person.name])), name: member.person.name,
            current: member.role, roles: Membership.roles(in: view.place), compare: url, action: url, back: view.links.list,
            tokens: visit.tokens(etag: member.etag(at: view.realNow)))
    }

    // MARK: Removing

    func removeMemberForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let view = try await membersView(visit)
        let member = try await ownMember(visit, view)
        // What the rules refuse is said before anything is typed.
        _ = try await RemoveMember(id: member.id).run(view.context, CommandOptions(dryRun: true))
        return visit.page(removePage(visit, view, member), view.frame)
    }

    func removeMember(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        let view = try await membersView(visit)
        let member = try await ownMember(visit, view)
        if member.isGranted, form["confirm_name"] != member.person.name {
            var page = removePage(visit, view, member)
            page.typedName = form["confirm_name"]
            page.problems = [
                FieldProblem("confirm_name", visit.localiser(view.zone)("form.name_mismatch", ["name": member.person.name]))
            ]
            return visit.page(page, view.frame, status: 422)
        }
        _ = try await RemoveMember(id: member.id).run(view.context, options)
        return visit.redirect(view.links.list, flash: member.isGranted ? .memberRemoved : .invitationWithdrawn)
    }

    private func removePage(_ visit: Visit, _ view: MembersView, _ member: Member) -> RemoveMemberPage {
        let t = visit.localiser(view.zone)
        let key = member.isGranted ? "members.remove_title" : "members.withdraw_title"
        return RemoveMemberPage(
            crumbs: view.crumbs(t, t(key, ["name": member.person.name])), name: member.person.name, ownerName: view.name,
            isGranted: member.isGranted, action: view.links.remove(member.id), back: view.links.list, tokens: visit.tokens())
    }

    // MARK: Handing the account over

    func handoverForm(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let (view, page) = try await handoverPage(visit)
        return visit.page(page, view.frame)
    }

    func startHandover(_ visit: Visit) async throws -> HTTPResponse {
        try visit.requireRecentAuthentication()
        let form = try visit.form()
        let options = try visit.options(form)
        var (view, page) = try await handoverPage(visit)
        guard let account = view.links.account else { throw Failure.notFound }
        let t = visit.localiser(view.zone)
        (page.email, page.keeps, page.typedName) = (form["email"], form["keep_role"], form["confirm_name"])
        if !SchemaReader.isEmail(page.email) { page.problems.append(FieldProblem("email", t("form.email_malformed"))) }
        if page.typedName != view.name.trimmingBlankSpace() {
            page.problems.append(FieldProblem("confirm_name", t("form.name_mismatch", ["name": view.name])))
        }
        guard page.problems.isEmpty else { return visit.page(page, view.frame, status: 422) }
        do {
            let keeps = Role(rawValue: page.keeps).flatMap { Membership.roles(in: .account).contains($0) ? $0 : nil }
            _ = try await StartHandover(account: account, email: page.email, keeps: keeps).run(view.context, options)
        } catch let failure as Failure where failure.code == "handover_to_oneself" {
            page.problems = [FieldProblem("email", t("error.handover_to_oneself.detail"))]
            return visit.page(page, view.frame, status: 422)
        }
        return visit.redirect(view.links.list, flash: .handoverStarted)
    }

    func cancelHandover(_ visit: Visit) async throws -> HTTPResponse {
        let options = try visit.options(try visit.form())
        let view = try await membersView(visit)
        guard let account = view.links.account else { throw Failure.notFound }
        _ = try await CancelHandover(account: account).run(view.context, options)
        return visit.redirect(view.links.list, flash: .handoverCancelled)
    }

    private func handoverPage(_ visit: Visit) async throws -> (MembersView, HandoverPage) {
        let view = try await membersView(visit)
        guard let account = view.links.account else { throw Failure.notFound }
        let t = visit.localiser(view.zone)
        let latest = try await FindHandover.latest(of: account, view.context)
        var page = HandoverPage(
            crumbs: view.crumbs(t, t("handover.title")), accountName: view.name,
            action: PageRoute.startHandover.url(account.description), back: view.links.list, tokens: visit.tokens(),
            isForAnother: !view.roles.contains(.accountAdministrator))
        page.keeps = "finance"
        if let latest, latest.isOpen(at: view.realNow) {
            page.underWay = HandoverPage.UnderWay(
                from: latest.from.name, to: latest.to.email, since: latest.createdAt, until: latest.expiresAt,
                cancel: PageRoute.cancelHandover.url(account.description))
        }
        return (view, page)
    }
}
