import Billing
import FoundationEssentials
import HTTP
import Values

/// Members, invitations and hand-overs in the JSON API.
extension APIHandler {
    func members(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        let realNow = context.dependencies.realNow()
        switch request.endpoint {
        case .listMembers: return try await list(request, ListedMember.list)
        case .inviteMember: return response(try await invitation(request).run(context, try request.options()), request)
        case .getMember:
            return response(try await FindMember.byID(try request.pathID(), context).answer(200, at: realNow), request)
        case .changeMember:
            let id: MemberID = try request.pathID()
            let role = try role(try request.body()["role"]?.text, at: "/role")
            let useCase = ChangeMemberRole(id: id, role: role, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .removeMember:
            let useCase = RemoveMember(id: try request.pathID(), ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .resendInvitation:
            _ = try request.body()
            return response(try await ResendInvitation(id: try request.pathID()).run(context, try request.options()), request)
        case .getHandover:
            guard let handover = try await FindHandover.latest(of: try request.pathID(), context) else { throw Failure.notFound }
            return response(handover.answer(200, at: realNow), request)
        case .startHandover:
            let account: AccountID = try request.pathID()
            let body = try request.body()
            let keeps = try body["keep_role"]?.text.map { try self.role($0, at: "/keep_role") }
            let useCase = StartHandover(account: account, email: body["email"]?.text ?? "", keeps: keeps)
            return response(try await useCase.run(context, try request.options()), request)
        case .cancelHandover:
            let useCase = CancelHandover(account: try request.pathID(), ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        default: throw Failure.notFound
        }
    }

    private func role(_ text: String?, at pointer: String) throws -> Role {
        guard let role = text.flatMap({ Role(rawValue: $0) }) else { throw Failure.invalid([FieldError(pointer, "required")]) }
        return role
    }

    /// A key of an account invites to its account; the operator says where.
    private func invitation(_ request: APIRequest) throws -> InviteMember {
        let body = try request.body()
        let enrollment = body["enrollment_id"]?.text.flatMap { EnrollmentID($0) }
        let account =
            body["account_id"]?.text.flatMap { AccountID($0) } ?? (enrollment == nil ? request.context.principal.ownAccount : nil)
        let place: InviteMember.Place
        switch (account, enrollment) {
        case (let account?, nil): place = .account(account)
        case (nil, let enrollment?): place = .enrollment(enrollment)
        default: throw Failure.invalid([FieldError("/account_id", "required")])
        }
        return InviteMember(place: place, email: body["email"]?.text ?? "", role: try role(body["role"]?.text, at: "/role"))
    }
}
