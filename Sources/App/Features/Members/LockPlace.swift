import Billing
import FoundationEssentials
import Postgres
import Values

/// The account or agreement whose members are about to change, locked: of two changes at once one waits for the other.
struct LockedPlace {
    let place: MemberPlace
    let account: Account?
    let enrollment: Enrollment?
    let roles: Set<Role>
    let kind: AccountKind

    /// How letters and audit events name it.
    var name: String { account?.name ?? enrollment?.name ?? "" }
}

extension Write {
    /// Begins the transaction with this lock.
    func lockAccountPlace(_ id: AccountID) async throws -> LockedPlace {
        let rows = try await begin([Account.one(tenant.id, id, locked: true)])
        guard let account = try rows[0].first.map(Account.init) else { throw Failure.notFound }
        return LockedPlace(
            place: .account, account: account, enrollment: nil, roles: principal.roles(on: account.belonging), kind: account.kind)
    }

    func lockEnrollmentPlace(_ id: EnrollmentID) async throws -> LockedPlace {
        let rows = try await begin([
            "select \(Enrollment.columns) from enrollments where tenant_id = \(tenant.id) and id = \(id) for no key update"
        ])
        guard let enrollment = try rows[0].first.map(Enrollment.init) else { throw Failure.notFound }
        return LockedPlace(
            place: .enrollment, account: nil, enrollment: enrollment, roles: principal.roles(on: Belonging(enrollment: id)),
            kind: .enterprise)
    }

    /// The member's place, locked, and the member as she is behind the lock. The place of an ID never changes, so it may be looked up before.
    func lockMember(_ seen: Member) async throws -> (LockedPlace, Member) {
        let place: LockedPlace
        if let account = seen.account {
            place = try await lockAccountPlace(account)
        } else if let enrollment = seen.enrollment {
            place = try await lockEnrollmentPlace(enrollment)
        } else {
            throw Failure.notFound
        }
        try TenantContext.require(.manageMembers, of: place.roles, in: place.kind)
        guard let member = try await query(MemberQueries.one(tenant.id, seen.id)).first.map(Member.init) else {
            throw Failure.notFound
        }
        return (place, member)
    }
}
