/// What one caller may cost the others.
package struct LimitSettings: Sendable {
    /// Requests a minute of one key. Nil: `standardQuota`.
    package var requestsPerMinute: Int?

    /// Open connections of a server, and how many of them from one address (`ClientNetwork`).
    package var connections = 4_096
    package var connectionsPerAddress = 1_024

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
        },
        Setting(variable: "BURSAR_CONNECTIONS", fallback: "4096", meaning: "Open connections; beyond them a client is told 503.")
        {
            configuration, value in
            guard let number = Int(value), (1...100_000).contains(number) else { return false }
            configuration.limits.connections = number
            return true
        },
        Setting(
            variable: "BURSAR_CONNECTIONS_PER_ADDRESS", fallback: "1024",
            meaning:
                "Of these, from one address (of IPv6 one /64); beyond them 429. Behind a proxy, give the proxy's address as many as there are."
        ) { configuration, value in
            guard let number = Int(value), (1...100_000).contains(number) else { return false }
            configuration.limits.connectionsPerAddress = number
            return true
        },
    ]
}
