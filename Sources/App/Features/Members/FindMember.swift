import Billing
import FoundationEssentials
import Postgres
import Values

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
