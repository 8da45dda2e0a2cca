import App

/// What `-h` says, at each level, made from the catalogue.
enum Help {
    static let everything = """
        bursar api: everything that the JSON API does, from a shell. Needs a URL and a key, and nothing else of this machine.

        bursar api COMMAND … [options]
        bursar api COMMAND -h

        Examples
          export BURSAR_URL=http://127.0.0.1:8080 BURSAR_KEY=bsk_test_…
          bursar api me
          bursar api subscriptions list --state active --all -o csv --output active.csv
          bursar api subscriptions get sub_…
          bursar api subscriptions suspend sub_… --reason operator --note 'asked by phone' --dry-run
          bursar api subscriptions pay sub_… --amount 1000.00 --currency CNY
          bursar api subscriptions actions --action cancel --ids-from ids.txt --mode each --dry-run
          bursar api usage-events send events.jsonl
          bursar api listen --forward-to http://localhost:4242/hook
          bursar api request GET '/v1/orders?limit=5'

        Commands
        \(groupLines)
          request METHOD PATH    anything else
          listen                 events as they happen, handed on to a server under construction
        \(common)
        """

    static let common = """

        Options of every command
        \(CommonOption.all.map { "  \(padded("\($0.name)\($0.value.map { " \($0)" } ?? "")", 28))\($0.meaning)" }.joined(separator: "\n"))

        A table on a terminal, JSON elsewhere, unless -o says. Data goes to standard output, everything else to standard error.
        Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 key or role, 5 conflict.

        """

    private static let groupLines: String = Catalogue.groups.map { group in
        let commands = Catalogue.commands(of: group)
        let names = commands.map(\.name).filter { !$0.isEmpty }
        return names.isEmpty
            ? "  \(padded(group, 22)) \(commands[0].documentation.summary)"
            : "  \(padded(group, 22)) \(wrapped(names, indent: 25))"
    }.joined(separator: "\n")

    static func of(group: String) -> String {
        let commands = Catalogue.commands(of: group)
        let usages = commands.map { ([$0.name] + $0.places).joined(separator: " ") }
        let width = min(44, usages.reduce(0) { max($0, $1.count) } + 2)
        let lines = zip(commands, usages).map { "  \(padded($1, width)) \($0.documentation.summary)" }
        return "bursar api \(group) VERB …\n\n" + lines.joined(separator: "\n")
            + "\n\nExamples\n" + commands.prefix(3).map { "  \(example(of: $0))\n" }.joined()
            + "\n`bursar api \(group) VERB -h` shows the options of one.\n"
    }

    static func of(_ command: Command) -> String {
        var text = "bursar api \(([command.words] + command.places).joined(separator: " "))"
        if command.endpoint == .receiveUsage { text += " FILE|-" }
        text +=
            " [options]\n\n\(command.documentation.summary)\n\(command.endpoint.rawValue)\n\nExample\n  \(example(of: command))\n"
        let width = min(40, command.options.reduce(20) { max($0, $1.name.count + $1.valueName.count + 2) })
        let lines = command.options.map { option -> String in
            var meaning: [String] = []
            if option.isRequired { meaning.append(option.fallback.map { "\($0) unless said." } ?? "Required.") }
            if case .word(let words) = option.schema.resolved, words.count > 4 {
                meaning.append("One of \(words.joined(separator: ", ")).")
            }
            if !option.note.isEmpty { meaning.append(option.note) }
            if option.schema.isNullable { meaning.append("null for none.") }
            let name = "\(option.name) \(option.valueName)"
            return meaning.isEmpty ? "  \(name)" : "  \(padded(name, width)) \(meaning.joined(separator: " "))"
        }
        let further = furtherLines(command)
        if !(lines + further).isEmpty { text += "\nOptions\n" + (lines + further).joined(separator: "\n") + "\n" }
        return text + common
    }

    private static func furtherLines(_ command: Command) -> [String] {
        guard command.endpoint == .actOnSubscriptions else { return [] }
        return [
            "  \(padded("--ids-from FILE|-", 34)) An ID on each line; more than 1,000 go in batches.",
            "  \(padded("--id sub_…", 34)) One of them; may be said again.",
            "  \(padded("--reason WORD", 34)) What each is suspended for, or what is lifted.",
            "  \(padded("--note TEXT", 34)) Kept in the history of each.",
        ]
    }

    // MARK: Examples

    private static func example(of command: Command) -> String {
        switch command.endpoint {
        case .actOnSubscriptions:
            return "bursar api subscriptions actions --action cancel --ids-from ids.txt --mode each --dry-run"
        case .receiveUsage: return "bursar api usage-events send events.jsonl"
        default: break
        }
        let places = command.endpoint.parameters.map(sample)
        let options = command.options.filter {
            $0.isRequired && $0.fallback == nil || command.endpoint.method == "PATCH" && $0.name == command.options.first?.name
        }
        .map { "\($0.name) \(sample($0))" }
        let needsCurrency = command.options.contains { if case .currency = $0.place { true } else { false } }
        let money = command.options.contains { $0.isRequired && isMoney($0) } && needsCurrency ? ["--currency CNY"] : []
        return (["bursar api \(command.words)"] + places + options + money).joined(separator: " ")
    }

    private static func isMoney(_ option: CommandOption) -> Bool {
        if case .money = option.schema.resolved { true } else { false }
    }

    private static func sample(_ parameter: String) -> String {
        let known = [
            "subscription_id": "sub_…", "account_id": "acc_…", "partner_id": "par_…", "enrollment_id": "enr_…",
            "department_id": "dep_…",
            "order_id": "ord_…", "api_key_id": "key_…", "offer": "prepaid", "code": "not_found",
        ]
        return known[parameter] ?? parameter.uppercased()
    }

    private static func sample(_ option: CommandOption) -> String {
        switch option.schema.resolved {
        case .word(let words): words.first ?? "WORD"
        case .boolean: "true"
        case .integer: "10"
        case .money: "1000.00"
        case .id(let prefix): "\(prefix)_…"
        case .format("date-time"): "2026-01-31T00:00:00Z"
        case .format("date"): "2026-01-31"
        case .format("month"): "2026-01"
        case .format("email"): "mei@example.com"
        case .list, .object, .anything: "…"
        default: option.name == "--currency" ? "CNY" : "'…'"
        }
    }

    // MARK: Lines

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - DisplayWidth.of(text)))
    }

    private static func wrapped(_ words: [String], indent: Int) -> String {
        var lines = [""]
        for word in words {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = word
            } else if last.count + word.count + 2 <= 110 - indent {
                lines[lines.count - 1] += ", " + word
            } else {
                lines[lines.count - 1] += ","
                lines.append(word)
            }
        }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}
