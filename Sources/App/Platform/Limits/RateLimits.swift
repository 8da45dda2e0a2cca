import Billing
import HTTP
import Synchronization
import Values

/// How often a key may ask, kept in memory by each process: nothing is written, and a request costs one look.
///
/// Two servers on one database each give the whole quota. Requests that show no key that is known are counted by
/// where they come from (`ClientNetwork`).
package final class RateLimits: Sendable {
    /// More strangers than this within a minute and those that are idle are forgotten; more busy ones than half of this and all of them begin anew.
    static let strangersAtMost = 20_000
    /// With more keys than this those that are idle are forgotten. One in use never is: there are no more of them than were given out.
    static let idleKeysAtMost = 20_000
    /// Refusals within a row that are answered at once; whoever goes on regardless waits for each answer.
    static let refusalsAnsweredAtOnce = 20
    static let refusalDelay = Duration.milliseconds(250)
    /// The quota of `metering` is this many times the key's own.
    static let meteringFactor = 10

    /// What a quota is for. The name stands in the headers.
    package enum Policy: String, Sendable, CaseIterable {
        case standard = "default"
        /// What programs ask all day: reporting usage, and whether something may be used.
        case metering
        /// Requests without a key that is known, by address.
        case unauthenticated

        func quota(_ own: Int) -> Int { self == .metering ? own * RateLimits.meteringFactor : own }
    }

    /// What the answer's headers say, and whether there is to be another answer than this one.
    package struct Allowance: Sendable {
        package let policy: Policy
        package let quota: Int
        package let verdict: RequestWindow.Verdict
        /// How many refusals in a row this is.
        fileprivate(set) package var refusals = 0

        /// - Throws: 429 when the quota is used up.
        package func check() throws {
            guard case .refused(let seconds) = verdict else { return }
            throw Failure.quotaExceeded(policy: policy.rawValue, quota: quota, retryAfterSeconds: seconds)
        }

        /// Nothing for whoever keeps to what it is told; a caller that does not is slowed down, and nobody else.
        package var delay: Duration? { refusals > RateLimits.refusalsAnsweredAtOnce ? RateLimits.refusalDelay : nil }

        /// `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 has them.
        func describe(in headers: inout HTTPHeaders) {
            let (remaining, seconds) =
                switch verdict {
                case .admitted(let remaining, let seconds): (remaining, seconds)
                case .refused(let seconds): (0, seconds)
                }
            headers.add("RateLimit-Policy", "\"\(policy.rawValue)\";q=\(quota);w=\(RequestWindow.seconds)")
            headers.add("RateLimit", "\"\(policy.rawValue)\";r=\(remaining);t=\(seconds)")
        }
    }

    package enum Caller: Sendable {
        case key(APIKeyID)
        case address(String)
    }

    private struct KeyAccount: Hashable {
        let key: APIKeyID
        let policy: Policy
    }
    private struct Spent {
        var window = RequestWindow()
        var refusals = 0

        mutating func spend(_ policy: Policy, _ quota: Int, at milliseconds: Int64) -> Allowance {
            let verdict = window.spend(of: quota, at: milliseconds)
            if case .refused = verdict { refusals += 1 } else { refusals = 0 }
            return Allowance(policy: policy, quota: quota, verdict: verdict, refusals: refusals)
        }
    }

    /// Strangers and keys apart: however many strangers come, they make no key's count begin anew.
    private struct Accounts {
        var strangers: [ClientNetwork: Spent] = [:]
        var keys: [KeyAccount: Spent] = [:]
        var keysBeforeNextLook = RateLimits.idleKeysAtMost

        mutating func makeRoomForStranger(at milliseconds: Int64) {
            guard strangers.count >= strangersAtMost else { return }
            strangers = strangers.filter { !$0.value.window.isIdle(at: milliseconds) }
            if strangers.count >= strangersAtMost / 2 { strangers.removeAll(keepingCapacity: true) }
        }

        /// Looks through all of them only when they have become twice as many as were in use at the last look.
        mutating func makeRoomForKey(at milliseconds: Int64) {
            guard keys.count >= keysBeforeNextLook else { return }
            keys = keys.filter { !$0.value.window.isIdle(at: milliseconds) }
            keysBeforeNextLook = max(idleKeysAtMost, 2 * keys.count)
        }
    }

    private let standardQuota: Int
    private let accounts = Mutex(Accounts())

    package init(standardQuota: Int) { self.standardQuota = standardQuota }

    /// Spends one request. `own` is the key's own quota; nil is everybody's. `milliseconds` of a clock that only goes forward.
    package func spend(_ caller: Caller, _ policy: Policy, own: Int? = nil, at milliseconds: Int64) -> Allowance {
        let quota = policy.quota(own ?? standardQuota)
        return accounts.withLock { accounts in
            switch caller {
            case .address(let address):
                accounts.makeRoomForStranger(at: milliseconds)
                return accounts.strangers[ClientNetwork(of: address), default: Spent()].spend(policy, quota, at: milliseconds)
            case .key(let key):
                accounts.makeRoomForKey(at: milliseconds)
                return accounts.keys[KeyAccount(key: key, policy: policy), default: Spent()].spend(
                    policy, quota, at: milliseconds)
            }
        }
    }
}

extension Endpoint {
    /// Which quota a request of this endpoint is taken from.
    package var ratePolicy: RateLimits.Policy {
        switch self {
        case .receiveUsage, .getEntitlement, .checkEntitlements: .metering
        default: .standard
        }
    }
}
