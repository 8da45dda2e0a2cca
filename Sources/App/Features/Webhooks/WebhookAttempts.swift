import Synchronization

/// What became of the webhooks that this process sent, for `/metrics`.
final class WebhookAttempts: Sendable {
    enum Outcome: String, Sendable, CaseIterable {
        case succeeded
        /// It did not arrive and is tried again.
        case retried
        /// It did not arrive and is given up.
        case failed

        init(_ status: WebhookDelivery.Status) {
            self =
                switch status {
                case .succeeded: .succeeded
                case .waiting: .retried
                case .failed: .failed
                }
        }
    }

    private let counts = Mutex<[Outcome: Int]>([:])

    func add(_ outcomes: [Outcome]) {
        counts.withLock { counts in
            for outcome in outcomes { counts[outcome, default: 0] += 1 }
        }
    }

    func count(_ outcome: Outcome) -> Int { counts.withLock { $0[outcome, default: 0] } }
}
