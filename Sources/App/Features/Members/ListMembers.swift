import Billing
import FoundationEssentials
import Postgres
import Values

/// What the list of members is narrowed to.
package struct MemberFilter: Sendable, Equatable {
    package var account: AccountID?
    package var enrollment: EnrollmentID?
    package var role: Role?
    package var state: Member.State?

    package init() {}
}

/// The people of an account or an agreement with their roles, by when they were named.
package enum ListMembers {
    package static func run(_ filter: MemberFilter, _ page: PageRequest, _ context: TenantContext) async throws -> ListPage<
        Member
    > {
        let tenant = context.tenant.id
        guard let within = try await place(filter, context) else {
            return ListPage<Member>([], limit: page.limit) { ($0.createdAt, $0.id.uuid) }
        }
        var condition: SQL = "true"
        if let role = filter.role { condition = "\(condition) and m.role = \(role.rawValue)" }
        if let state = filter.state {
            condition = "\(condition) and \(stateCondition(state, at: context.dependencies.realNow()))"
        }
        let rows = try await context.read(
            """
            select \(Member.columns) \(MemberQueries.source(tenant, within)) where \(condition) \(page.tail(at: "m.created_at", id: "m.id"))
            """
        ).rows
        return ListPage(try rows.map(Member.init), limit: page.limit) { ($0.createdAt, $0.id.uuid) }
    }

    /// Nil for a place that is not theirs: a list shows nothing of it.
    private static func place(_ filter: MemberFilter, _ context: TenantContext) async throws -> MemberQueries.Within? {
        if let id = filter.enrollment {
            let roles = context.principal.roles(on: Belonging(enrollment: id))
            guard !roles.isEmpty else { return nil }
            try TenantContext.require(.manageMembers, of: roles, in: .enterprise)
            return .enrollment(id)
        }
        guard let id = filter.account ?? context.principal.ownAccount else {
            throw Failure.malformed(code: "required", pointer: "?account_id")
        }
        let rows = try await context.read(Account.one(context.tenant.id, id)).rows
        guard let account = try rows.first.map(Account.init) else { return nil }
        let roles = context.principal.roles(on: account.belonging)
        guard !roles.isEmpty else { return nil }
        try TenantContext.require(.manageMembers, of: roles, in: account.kind)
        return .account(id)
    }

    private static func stateCondition(_ state: Member.State, at now: Instant) -> SQL {
        let canSignIn: SQL =
            "exists (select from identity.sign_ins i where i.tenant_id = u.tenant_id and i.user_id = u.id and i.password_hash is not null)"
        return switch state {
        case .active: "m.is_granted and \(canSignIn)"
        case .invited: "not (m.is_granted and \(canSignIn)) and n.expires_at > \(now)"
        case .invitationExpired: "not (m.is_granted and \(canSignIn)) and n.expires_at <= \(now)"
        case .noSignIn: "m.is_granted and not \(canSignIn) and n.id is null"
        case .removed: "false"
        }
    }
}

extension Principal {
    /// The account that a key is bound to.
    var ownAccount: AccountID? {
        if case .key(_, let account, _, _) = self { account } else { nil }
    }
}

/// One member, for whoever may manage the place she is in.
package enum FindMember {
    package static func byID(_ id: MemberID, _ context: TenantContext) async throws -> Member {
        let (member, roles, kind) = try await visible(id, context)
        try TenantContext.require(.manageMembers, of: roles, in: kind)
        return member
    }

    static func confirmVisible(_ id: MemberID, _ context: TenantContext) async throws { _ = try await visible(id, context) }

    private static func visible(_ id: MemberID, _ context: TenantContext) async throws -> (Member, Set<Role>, AccountKind) {
        let tenant = context.tenant.id
        guard let member = try await context.read(MemberQueries.one(tenant, id)).rows.first.map(Member.init) else {
            throw Failure.notFound
        }
        guard let account = member.account else {
            let roles = context.principal.roles(on: Belonging(enrollment: member.enrollment))
            guard !roles.isEmpty else { throw Failure.notFound }
            return (member, roles, .enterprise)
        }
        guard let owner = try await context.read(Account.one(tenant, account)).rows.first.map(Account.init) else {
            throw Failure.notFound
        }
        let roles = context.principal.roles(on: owner.belonging)
        guard !roles.isEmpty else { throw Failure.notFound }
        return (member, roles, owner.kind)
    }
}
