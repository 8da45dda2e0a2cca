import Billing
import FoundationEssentials
import Postgres
import Values

extension Write {
    /// A8: what follows when somebody else runs a subscription's services. The column has changed hands with it, so the former one's access ends with this
    /// transaction; the new one is invited when she has no way to sign in; both and the account's owner are told.
    func handServicesOver(of subscription: Subscription, from former: Person?) async throws {
        guard let new = subscription.serviceAdministrator else { return }
        enqueue(
            """
            update invitations set status = 'withdrawn', version = version + 1, settled_at = \(dependencies.realNow()) where tenant_id = \(tenant.id) \
            and subscription_id = \(subscription.id) and status = 'pending'
            """)
        let name = subscription.name ?? subscription.id.description
        if new.id != subscription.accountAdministrator.id {
            try await inviteUnlessKnown(
                new, as: .serviceAdministrator, account: subscription.accountID, placeName: name, subscription: subscription.id)
        }
        let cause = newID(EventID.self).uuid
        var told: Set<UserID> = []
        for person in [new, former, subscription.accountAdministrator].compactMap({ $0 }) where told.insert(person.id).inserted {
            send(
                Letter(
                    .serviceAdministratorChanged, to: .init(user: person.id, email: person.email),
                    account: subscription.accountID,
                    subscription: subscription.id,
                    facts: ["subscription": .text(name), "new": .text(new.email), "old": .text(former?.email ?? "–")],
                    link: subscription.links.overview, cause: cause))
        }
    }
}
