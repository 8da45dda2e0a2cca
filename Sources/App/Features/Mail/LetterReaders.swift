import FoundationEssentials
import Postgres
import Values

/// Who is written to about a subscription. Everybody once, whatever number of roles she has.
enum LetterReaders {
    enum Group { case accountAdministrator, finance, serviceAdministrator }

    static func of(_ subscription: Subscription, _ groups: Set<Group>, _ write: Write) async throws -> [Letter.Recipient] {
        var people = groups.contains(.accountAdministrator) ? [subscription.accountAdministrator] : []
        if groups.contains(.finance) { people += try await finance(of: subscription.accountID, write) }
        if groups.contains(.serviceAdministrator), let person = subscription.serviceAdministrator { people.append(person) }
        var seen: Set<UserID> = []
        return people.filter { seen.insert($0.id).inserted }.map { Letter.Recipient(user: $0.id, email: $0.email) }
    }

    private static func finance(of account: AccountID, _ write: Write) async throws -> [Person] {
        try await write.query(
            """
            select u.id, u.email, u.first_name, u.last_name from role_assignments r join users u on u.tenant_id = r.tenant_id and u.id = r.user_id \
            where r.tenant_id = \(write.tenant.id) and r.account_id = \(account) and r.role = 'finance' order by u.id
            """
        ).map { row in
            var column = Columns(row)
            return Person(
                id: try column.next(), email: try column.next(), firstName: try column.next(), lastName: try column.next())
        }
    }
}

extension Write {
    /// The same letter for each reader.
    func send(
        _ kind: LetterKind, to readers: [Letter.Recipient], about subscription: Subscription, facts: [String: LetterFact],
        cause: UUID,
        at occurred: Instant? = nil
    ) {
        for reader in readers {
            send(
                Letter(
                    kind, to: reader, account: subscription.accountID, subscription: subscription.id, facts: facts,
                    link: subscription.links.overview, cause: cause), at: occurred)
        }
    }
}
