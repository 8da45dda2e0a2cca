import Billing
import FoundationEssentials
import HTML
import Values

/// L2, L3: that a subscription is deleted, told to the account's administrator, its finance members and whoever served it; to each once. Bound to the
/// account alone: nothing of the subscription but its ID is in it.
enum DeletionLetter {
    /// Whoever served it, unless she is told as one of the account's people. Asked for in the deletion itself: after it nobody knows her (L3).
    static func formerAdministrator(of subscription: Subscription, _ write: Write) async throws -> Letter.Recipient? {
        guard let person = subscription.serviceAdministrator, person.id != subscription.accountAdministrator.id else {
            return nil
        }
        let told = try await LetterReaders.of(subscription, ofAccount, write)
        return told.contains { $0.user == person.id } ? nil : Letter.Recipient(user: person.id, email: person.email)
    }

    static let ofAccount: Set<LetterReaders.Group> = [.accountAdministrator, .finance]

    /// `link`: to the certificate, for those who may open it.
    static func send(
        to readers: [Letter.Recipient], of subscription: Subscription, rule: String, digest: String, forfeited: Money?,
        at deletedAt: Instant, link: URLPath?, _ write: Write
    ) {
        var facts: [String: LetterFact] = [
            "at": .instant(deletedAt), "rule": .text(rule), "subscription_id": .text(subscription.id.description),
            "digest": .text(digest),
        ]
        if let forfeited { facts["forfeited"] = .money(forfeited) }
        // M6: what nobody can pay any more. Where it has been written off before the letter is made, the letter about that says so.
        if subscription.outstanding.isPositive { facts["owed"] = .money(subscription.outstanding) }
        // A subscription is deleted once: whoever is told twice of it gets one letter.
        let cause = UUID(naming: "deleted \(subscription.id)")
        for reader in readers {
            write.send(
                Letter(.deleted, to: reader, account: subscription.accountID, facts: facts, link: link, cause: cause),
                at: deletedAt)
        }
    }
}
