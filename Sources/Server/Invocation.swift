import App
import FoundationEssentials
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// What was asked for on the command line: a verb, its words, its own options, and the settings that every verb shares.
struct Invocation {
    let verb: String
    let words: [String]
    /// Options of the verb itself; a switch has the value "yes".
    let options: [String: String]
    let configuration: Configuration
    /// What was set, by variable: its text, and whether an option or the environment said so.
    let given: [String: (value: String, source: String)]

    /// Options that stand alone.
    private static let switches: Set<String> = ["--json", "--reset", "--sandbox", "--sandbox-payments", "--help", "-h"]
    /// Options with a value that belong to verbs and not to the configuration.
    private static let own: Set<String> = [
        "--tenant", "--slug", "--name", "--currency", "--time-zone", "--locale", "--role", "--account", "--email",
        "--operator-email", "--first-name",
        "--last-name", "--state",
    ]

    init(_ arguments: [String]) throws {
        var words: [String] = []
        var options: [String: String] = [:]
        var flags: [(name: String, value: String)] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else {
                words.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if Self.switches.contains(parts[0]) {
                options[parts[0]] = "yes"
                continue
            }
            guard Self.own.contains(parts[0]) || Configuration.settings.contains(where: { $0.flag == parts[0] }) else {
                let known = Array(Self.switches) + Array(Self.own) + Configuration.settings.map(\.flag)
                throw WrongUse(
                    text: "There is no option \(parts[0]). Did you mean \(Configuration.nearest(parts[0], known.sorted()))?")
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw WrongUse(text: "The option \(parts[0]) needs a value.")
            }
            if Self.own.contains(parts[0]) { options[parts[0]] = value } else { flags.append((parts[0], value)) }
        }
        verb = options["--help"] != nil || options["-h"] != nil ? "help" : (words.first ?? "help")
        self.words = Array(words.dropFirst())
        self.options = options
        let environment = ProcessInfo.processInfo.environment
        var given: [String: (value: String, source: String)] = [:]
        for setting in Configuration.settings {
            if let value = environment[setting.variable] { given[setting.variable] = (value, "environment") }
            if let flag = flags.last(where: { $0.name == setting.flag }) { given[setting.variable] = (flag.value, "option") }
        }
        self.given = given
        // What says something of the program answers even when the environment is wrong.
        configuration =
            ["help", "version", "openapi", "completion"].contains(verb)
            ? Configuration() : try Configuration(environment: environment, flags: flags)
    }

    static let verbs = [
        "serve", "demo", "migrate", "doctor", "import", "tenant", "key", "user", "settings", "version", "help", "api",
        "config", "jobs", "openapi", "completion",
    ]

    func run() async throws -> Int32 {
        switch verb {
        case "help", "--help": FileHandle.standardOutputText(Self.help)
        case "version": printVersion()
        case "openapi": try printOpenAPI()
        case "completion": try printCompletion()
        case "config": try printConfiguration()
        case "jobs": try await jobs()
        case "settings": FileHandle.standardOutputText(Configuration.markdownTable + "\n")
        case "serve": try await serve()
        case "demo": try await demo()
        case "migrate": try await migrate()
        case "doctor": return try await doctor()
        case "import": try await importFile()
        case "tenant": try await createTenant()
        case "key": try await createKey()
        case "user": try await setPassword()
        default: throw WrongUse(text: "There is no command \(verb). Did you mean \(Configuration.nearest(verb, Self.verbs))?")
        }
        return 0
    }

    func required(_ option: String) throws -> String {
        guard let value = options[option], !value.isEmpty else { throw WrongUse(text: "`bursar \(verb)` needs \(option).") }
        return value
    }

    static let help = """
        Bursar \(Version.text): accounts, subscriptions and money of a cloud provider's customers.

        bursar serve                     listen; without BURSAR_DATABASE_URL on a private PostgreSQL under the data folder
        bursar demo [--json] [--reset]   a lived-in demo on loopback
        bursar migrate                   bring the schema up to date, as the owner role
        bursar doctor [--json]           look over settings, schema and every invariant of the data
        bursar import focus|azure-ea FILE --tenant SLUG
        bursar tenant create --slug SLUG --name NAME [--sandbox] [--sandbox-payments] [--currency CNY]
                             [--time-zone Asia/Shanghai] [--locale zh-Hans] [--operator-email ADDRESS]
        bursar key create --tenant SLUG --role operator|account_admin|finance|reader [--account acc_…] [--name NAME]
        bursar user password --tenant SLUG --email ADDRESS [--role operator|finance|reader] [--account acc_…]
        bursar user disable-2fa --tenant SLUG --email ADDRESS    for whoever has lost phone and recovery codes
        bursar settings                  every setting as a table, as the README shows it
        bursar api …                     the JSON API from a shell: needs only a URL and a key, see `bursar api --help`
        bursar jobs list --tenant SLUG [--state failing|overdue|waiting]
        bursar jobs retry JOB --tenant SLUG
        bursar config print [--json]     what is set, and by what; secrets are masked
        bursar openapi                   the API's document, as the server gives it
        bursar completion bash|zsh|fish  the script for the shell's Tab key
        bursar version [--json] | --help

        Settings, as an option or in the environment:
        \(Configuration.settings.map { "  \($0.flag)  \($0.variable)  (\($0.fallback))\n      \($0.meaning)" }.joined(separator: "\n"))

        Exit codes: 0 done, 1 failed, 2 wrong use, 3 the input is at fault.

        """
}
