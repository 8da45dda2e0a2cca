import Outgoing

/// How webhooks are sent, as the installation sets it.
package struct WebhookSettings: Sendable {
    package var policy = AddressPolicy()
    /// Seconds before each further attempt: about three days in all.
    package var pauses: [Int64] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    /// How long a receiver may take to answer.
    package var timeoutSeconds = 20

    package init() {}

    /// Longer than an attempt and what is written down after it can take.
    var leaseSeconds: Int64 { Int64(timeoutSeconds) + 10 }

    /// Milliseconds until the next attempt after so many; nil when it is over. Up to a tenth is added, so that what failed together does not come
    /// back together, and a receiver that names a later time has it.
    package func pause(afterTries tries: Int, retryAfter: Int64? = nil, random: UInt64) -> Int64? {
        guard pauses.indices.contains(tries - 1) else { return nil }
        let planned = pauses[tries - 1] * 1_000
        let jittered = planned + Int64(random % UInt64(planned / 10 + 1))
        return max(jittered, min(retryAfter ?? 0, 86_400) * 1_000)
    }
}

extension Configuration {
    static let webhookSettings: [Setting] = [
        Setting(
            variable: "BURSAR_WEBHOOK_LOOPBACK", fallback: "no",
            meaning: "`yes` lets webhooks go to this machine itself, on any port: for tests and development."
        ) { configuration, value in
            guard value == "yes" || value == "no" else { return false }
            configuration.webhooks.policy.allowsLoopback = value == "yes"
            return true
        },
        Setting(
            variable: "BURSAR_WEBHOOK_PORTS", fallback: "80,443", meaning: "Ports that webhooks may go to, with commas."
        ) { configuration, value in
            let ports = value.split(separator: ",").map { Int($0.filter { $0 != " " }) ?? 0 }
            guard !ports.isEmpty, ports.allSatisfy({ (1...65_535).contains($0) }) else { return false }
            configuration.webhooks.policy.ports = Set(ports)
            return true
        },
        Setting(
            variable: "BURSAR_WEBHOOK_RETRIES", fallback: "5,300,1800,7200,18000,36000,50400,72000,86400",
            meaning: "Seconds before each further attempt at a webhook that did not arrive, with commas."
        ) { configuration, value in
            let pauses = value.split(separator: ",").map { Int64($0.filter { $0 != " " }) ?? 0 }
            guard (1...50).contains(pauses.count), pauses.allSatisfy({ (1...604_800).contains($0) }) else { return false }
            configuration.webhooks.pauses = pauses
            return true
        },
        Setting(
            variable: "BURSAR_WEBHOOK_TIMEOUT", fallback: "20",
            meaning: "Seconds that the receiver of a webhook has to answer, 20 at most."
        ) { configuration, value in
            guard let seconds = Int(value), (1...20).contains(seconds) else { return false }
            configuration.webhooks.timeoutSeconds = seconds
            return true
        },
    ]
}
