import Crypto
import HTTP
/// The server's settings: flags before environment before defaults, read once, checked once.
package struct Configuration: Sendable {
    package var listenHost = "127.0.0.1"
    package var listenPort = 8080
    package var databaseURL: String?
    package var databaseOwnerURL: String?
    package var dataFolder = ".data"
    package var publicURL: String?
    /// 32 bytes that seal what is kept readable only to the server; nil: the file in the data folder.
    package var secretsKey: [UInt8]?
    package var logFormat = LogFormat.automatic
    package var logLevel = Log.Level.info
    package var readConnections = 2
    package var writeConnections = 16
    package var loops = 1
    package var drainSeconds = 5
    package var metricsAllow: [String] = ["127.0.0.1", "::1"]
    package var trustedProxies: [String] = []
    package var invariantMinutes = 60
    package var demoListensEverywhere = false
    package var mail = MailSettings()
    package var webhooks = WebhookSettings()
    package var limits = LimitSettings()
    /// How many password hashes may wait for a thread; more are told to come again. Only tests set it.
    package var waitingHashes = 64
    /// Only tests and benchmarks set it, on a database that nobody needs: no variable does.
    package var allowsLossyDatabase = false

    package enum LogFormat: String, Sendable, CaseIterable { case automatic = "auto", json, text }

    /// What can be set: the one table from which flags, environment, errors and the README's table are made.
    package struct Setting: Sendable {
        package let variable: String
        package let fallback: String
        package let meaning: String
        let apply: @Sendable (inout Configuration, String) -> Bool

        /// `BURSAR_DATABASE_URL` → `--database-url`
        package var flag: String {
            "--" + variable.dropFirst("BURSAR_".count).lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
        }

        /// Its value as it may be shown: a secret is not, and an address loses its password.
        package func masked(_ value: String) -> String {
            let isFile = variable.hasSuffix("_FILE")
            if !isFile, ["KEY", "PASSWORD", "SECRET", "TOKEN"].contains(where: variable.contains) { return "****" }
            guard let scheme = value.firstRange(of: "://"), let at = value[scheme.upperBound...].lastIndex(of: "@"),
                let colon = value[scheme.upperBound..<at].firstIndex(of: ":")
            else { return value.firstRange(of: "password=") == nil ? value : "****" }
            return "\(value[...colon])****\(value[at...])"
        }
    }

    package static let settings: [Setting] =
        [
            Setting(variable: "BURSAR_LISTEN", fallback: "127.0.0.1:8080", meaning: "Address and port to listen on.") {
                configuration, value in
                guard let (host, port) = parseListen(value) else { return false }
                (configuration.listenHost, configuration.listenPort) = (host, port)
                return true
            },
            Setting(
                variable: "BURSAR_DATABASE_URL", fallback: "a private PostgreSQL under the data folder",
                meaning: "The app role's connection, `postgresql://…`; nothing else is used when it is set."
            ) { configuration, value in
                guard isDatabaseURL(value) else { return false }
                configuration.databaseURL = value
                return true
            },
            Setting(
                variable: "BURSAR_DATABASE_OWNER_URL", fallback: "–",
                meaning: "The owner role's connection; read only by `migrate`, `tenant create` and `demo`."
            ) { configuration, value in
                guard isDatabaseURL(value) else { return false }
                configuration.databaseOwnerURL = value
                return true
            },
            Setting(
                variable: "BURSAR_DATA", fallback: ".data", meaning: "Folder of the private PostgreSQL and of the demo's notes."
            ) { configuration, value in
                guard !value.isEmpty else { return false }
                configuration.dataFolder = value
                return true
            },
            Setting(
                variable: "BURSAR_SECRETS_KEY", fallback: "a file made in the data folder",
                meaning:
                    "64 hexadecimal digits that seal the secrets of two-step sign-in; the same on every server of one database."
            ) { configuration, value in
                guard let key = Hex.decode(value.lowercased()), key.count == Sealing.keyLength else { return false }
                configuration.secretsKey = key
                return true
            },
            Setting(
                variable: "BURSAR_PUBLIC_URL", fallback: "the address listened on",
                meaning: "How people reach the server, for links; `https://…` makes cookies Secure."
            ) {
                configuration, value in
                guard value.hasPrefix("http://") || value.hasPrefix("https://") else { return false }
                configuration.publicURL = value.last == "/" ? String(value.dropLast()) : value
                return true
            },
            Setting(
                variable: "BURSAR_LOG_FORMAT", fallback: "auto",
                meaning: "`json`, `text`, or `auto`: text on a terminal, JSON lines elsewhere."
            ) { configuration, value in
                guard let format = LogFormat(rawValue: value) else { return false }
                configuration.logFormat = format
                return true
            },
            Setting(variable: "BURSAR_LOG_LEVEL", fallback: "info", meaning: "`debug`, `info`, `warning` or `error`.") {
                configuration, value in
                guard let level = Log.Level(rawValue: value) else { return false }
                configuration.logLevel = level
                return true
            },
            Setting(variable: "BURSAR_READ_CONNECTIONS", fallback: "2", meaning: "Multiplexed connections for reads.") {
                $0.readConnections.set($1, in: 1...64)
            },
            Setting(variable: "BURSAR_WRITE_CONNECTIONS", fallback: "16", meaning: "Exclusive connections for writes.") {
                $0.writeConnections.set($1, in: 1...200)
            },
            Setting(
                variable: "BURSAR_LOOPS", fallback: "1",
                meaning:
                    "Event loops, a thread each with connections of its own to the database; the connections above count for each."
            ) {
                $0.loops.set($1, in: 1...64)
            },
            Setting(
                variable: "BURSAR_DRAIN", fallback: "5", meaning: "Seconds between failing `/readyz` and closing, after SIGTERM."
            ) {
                $0.drainSeconds.set($1, in: 0...300)
            },
            Setting(
                variable: "BURSAR_METRICS_ALLOW", fallback: "127.0.0.1,::1",
                meaning: "Addresses and networks that may read `/metrics`, with commas."
            ) { configuration, value in
                configuration.metricsAllow = list(value)
                return areAddresses(configuration.metricsAllow)
            },
            Setting(
                variable: "BURSAR_TRUSTED_PROXIES", fallback: "none",
                meaning:
                    "Addresses and networks of the proxies in front, with commas: only their `X-Forwarded-For` and `-Proto` are believed."
            ) { configuration, value in
                configuration.trustedProxies = list(value)
                return areAddresses(configuration.trustedProxies)
            },
            Setting(
                variable: "BURSAR_INVARIANT_MINUTES", fallback: "60",
                meaning: "Minutes between two evaluations of the invariants for `/metrics`; 0: never."
            ) {
                $0.invariantMinutes.set($1, in: 0...10_080)
            },
            Setting(
                variable: "BURSAR_DEMO_LISTEN_EVERYWHERE", fallback: "no",
                meaning: "`yes` lets `demo` listen beyond loopback: only inside a container whose port is published on loopback."
            ) { configuration, value in
                guard value == "yes" || value == "no" else { return false }
                configuration.demoListensEverywhere = value == "yes"
                return true
            },
        ] + limitSettings + mailSettings + webhookSettings

    /// What `bursar api` reads; whoever has set them for the client may start a server all the same.
    package static let clientVariables = ["BURSAR_URL", "BURSAR_KEY", "BURSAR_KEY_FILE"]

    package struct Problem: Error, CustomStringConvertible { package let description: String }

    package init() {}

    /// Reads `flags` (already cut from the command line as name and value) over `environment`.
    ///
    /// - Throws: `Problem` naming the variable or flag, and the nearest right name when it is unknown.
    package init(environment: [String: String], flags: [(name: String, value: String)]) throws {
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("BURSAR_") && !Self.clientVariables.contains(name) {
            guard let setting = Self.settings.first(where: { $0.variable == name }) else {
                throw Problem(
                    description: "There is no setting \(name). Did you mean \(Self.nearest(name, Self.settings.map(\.variable)))?"
                )
            }
            guard setting.apply(&self, value) else {
                throw Problem(description: "The value of \(name) cannot be used. \(setting.meaning)")
            }
        }
        for (name, value) in flags {
            guard let setting = Self.settings.first(where: { $0.flag == name }) else {
                throw Problem(
                    description: "There is no option \(name). Did you mean \(Self.nearest(name, Self.settings.map(\.flag)))?")
            }
            guard setting.apply(&self, value) else {
                throw Problem(description: "The value of \(name) cannot be used. \(setting.meaning)")
            }
        }
        if let fault = mail.fault { throw Problem(description: fault) }
    }

    /// The candidate with the smallest edit distance.
    package static func nearest(_ word: String, _ candidates: [String]) -> String {
        candidates.min { distance(word, $0) < distance(word, $1) } ?? ""
    }

    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var previous = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substitution = previous + (a == b ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }

    private static func parseListen(_ value: String) -> (String, Int)? {
        guard let colon = value.lastIndex(of: ":"), let port = Int(value[value.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(value[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return host.isEmpty ? nil : (host, port)
    }

    private static func isDatabaseURL(_ value: String) -> Bool {
        value.hasPrefix("postgresql://") || value.hasPrefix("postgres://")
    }

    private static func list(_ value: String) -> [String] {
        value.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    }

    private static func areAddresses(_ entries: [String]) -> Bool { (try? TrustedProxies(entries)) != nil }

    package var isLoopback: Bool { listenHost == "localhost" || listenHost == "::1" || listenHost.hasPrefix("127.") }

    /// The README's table, between its markers; a test compares the two.
    package static var markdownTable: String {
        "| variable | option | default | meaning |\n|---|---|---|---|\n"
            + settings.map { "| `\($0.variable)` | `\($0.flag)` | \($0.fallback) | \($0.meaning) |" }.joined(separator: "\n")
    }
}

extension Int {
    /// Takes the number in `text` when it lies in `range`.
    fileprivate mutating func set(_ text: String, in range: ClosedRange<Int>) -> Bool {
        guard let value = Int(text), range.contains(value) else { return false }
        self = value
        return true
    }
}
