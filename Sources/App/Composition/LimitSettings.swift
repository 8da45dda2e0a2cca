/// What one caller may cost the others.
package struct LimitSettings: Sendable {
    /// Requests a minute of one key. Nil: `standardQuota`.
    package var requestsPerMinute: Int?

    package static let standardQuota = 600
    /// The demo is there to be tried with programs, all of them under a few keys.
    package static let demoQuota = 6_000

    package init() {}
}

extension Configuration {
    package static let limitSettings: [Setting] = [
        Setting(
            variable: "BURSAR_RATE_LIMIT", fallback: "600; 6000 in the demo",
            meaning:
                "Requests that one API key may make in a minute, on each server; ten times as many that report usage or ask for entitlement. The operator may give a key its own number."
        ) { configuration, value in
            guard let number = Int(value), (1...1_000_000).contains(number) else { return false }
            configuration.limits.requestsPerMinute = number
            return true
        }
    ]
}
