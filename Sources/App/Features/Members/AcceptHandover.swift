import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// The new administrator takes the account. With it go the subscriptions that the former one served for want of somebody else.
package struct AcceptHandover: Sendable {
    let handover: Handover
    let link: OneTimeLink
    let newcomer: (firstName: String, lastName: String, password: NewPassword)?

    static func find(_ link: OneTimeLink, _ tenant: Tenant, _ dependencies: Dependencies) async throws -> Handover? {
        guard let id = link.subject else { return nil }
        let context = TenantContext(tenant: tenant, principal: .commandLine, dependencies: dependencies)
        return try await context.read(Handover.query(tenant.id, where: "h.id = \(id) and h.to_user_id = \(link.user)")).rows.first
            .map(Handover.init)
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws {
        _ = try await context.command(options) { write in
            let place = try await write.lockAccountPlace(handover.account)
            guard let owner = place.account else { throw Failure.notFound }
            let tenant = write.tenant.id
            let open = try await write.query(
                """
                select 1 from handovers where tenant_id = \(tenant) and id = \(handover.id) and status = 'pending' \
                and expires_at > \(write.dependencies.realNow()) for no key update
                """)
            guard !open.isEmpty else { throw Failure(MemberRefusal.handoverNotOpen) }
            guard owner.administrator.id == handover.from.id else { throw Failure(MemberRefusal.handoverOvertaken) }
            try await link.take(in: write)
            if let newcomer { try await write.welcome(handover.to, newcomer) }
            write.settle(handover, as: "accepted")
            changeHands(owner, write)
            try await passServices(write)
            write.audit(
                "account.handed_over", object: ("account", handover.account.uuid), account: handover.account,
                details: handover.details)
            write.emit(
                .accountHandedOver, object: ("account", handover.account.uuid), account: handover.account,
                sequence: owner.version + 1)
            write.tell(.handoverDone, handover.to, of: handover)
            write.tell(.handoverDone, handover.from, of: handover)
            return Answer(status: 200, body: [])
        }
    }

    /// The new one needs no role beside the administrator's; the former one keeps what was agreed.
    private func changeHands(_ owner: Account, _ write: Write) {
        let tenant = write.tenant.id
        write.enqueue(
            """
            update accounts set administrator_id = \(handover.to.id), version = version + 1, updated_at = \(write.now) \
            where tenant_id = \(tenant) and id = \(owner.id)
            """)
        write.enqueue(
            """
            delete from role_assignments where tenant_id = \(tenant) and account_id = \(owner.id) \
            and user_id = any(\([handover.to.id, handover.from.id]))
            """)
        write.enqueue(
            """
            update invitations set status = 'withdrawn', version = version + 1, settled_at = \(write.dependencies.realNow()) where tenant_id = \(tenant) \
            and account_id = \(owner.id) and subscription_id is null and user_id = any(\([handover.to.id, handover.from.id])) and status = 'pending'
            """)
        guard let keeps = handover.keeps else { return }
        write.enqueue(
            """
            insert into role_assignments (tenant_id, id, user_id, role, account_id, created_at) \
            values (\(tenant), \(write.newID(MemberID.self)), \(handover.from.id), \(keeps.rawValue), \(owner.id), \(write.now))
            """)
    }

    private func passServices(_ write: Write) async throws {
        let tenant = write.tenant.id
        let served = try await write.query(
            """
            select id, version from subscriptions where tenant_id = \(tenant) and account_id = \(handover.account) \
            and service_administrator_id = \(handover.from.id) and state <> 'deleted' order by id for no key update
            """)
        let details = (
            jsonText { $0.field("service_administrator_email", handover.from.email) },
            jsonText { $0.field("service_administrator_email", handover.to.email) }
        )
        for row in served {
            let (id, version) = (try row.get(0, as: SubscriptionID.self), try row.get(1, as: Int64.self) + 1)
            write.enqueue(
                """
                update subscriptions set service_administrator_id = \(handover.to.id), version = \(version), updated_at = \(write.now) \
                where tenant_id = \(tenant) and id = \(id)
                """)
            write.audit("subscription.edited", object: ("subscription", id.uuid), account: handover.account, details: details)
            write.emit(.subscriptionEdited, object: ("subscription", id.uuid), account: handover.account, sequence: version)
        }
    }
}

extension Write {
    /// A first password and a name, for somebody who had no way to sign in.
    func welcome(_ person: Person, _ newcomer: (firstName: String, lastName: String, password: NewPassword)) async throws {
        let known = try await query(
            "select 1 from identity.sign_ins where tenant_id = \(tenant.id) and user_id = \(person.id) and password_hash is not null"
        )
        guard known.isEmpty else { throw Failure.conflict(code: "sign_in_exists") }
        setPassword(newcomer.password, of: person.id, email: person.email)
        enqueue(
            """
            update users set first_name = \(newcomer.firstName), last_name = \(newcomer.lastName) \
            where tenant_id = \(tenant.id) and id = \(person.id)
            """)
    }
}
