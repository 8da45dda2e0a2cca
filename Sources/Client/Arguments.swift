import App
import HTTP

/// What every command understands beside its own options.
struct CommonOption: Sendable {
    let name: String
    /// What stands behind it; nil for a switch.
    var value: String?
    let meaning: String

    static let all: [CommonOption] = [
        .init(name: "--url", value: "URL", meaning: "The server; also --server and BURSAR_URL."),
        .init(name: "--server", value: "URL", meaning: "The same, where a command has a --url of its own."),
        .init(name: "--key", value: "KEY", meaning: "The API key; also BURSAR_KEY."),
        .init(name: "--key-file", value: "FILE", meaning: "A file that holds it; also BURSAR_KEY_FILE."),
        .init(name: "--ca-file", value: "FILE", meaning: "Certificate authorities of a server with its own."),
        .init(name: "--format", value: "FORMAT", meaning: "-o: table, json, jsonl or csv (xlsx for lists that have it)."),
        .init(name: "--columns", value: "A,B", meaning: "The columns of a table or CSV; all for every one."),
        .init(name: "--output", value: "FILE", meaning: "Write there instead of to standard output."),
        .init(name: "--all", meaning: "Every page of a list, not only one."),
        .init(name: "--data", value: "JSON", meaning: "The body: JSON, @FILE or - for standard input; options go over it."),
        .init(name: "--dry-run", meaning: "What it would do; nothing changes."),
        .init(name: "--etag", meaning: "Of an object only its ETag, for --if-match."),
        .init(name: "--if-match", value: "ETAG", meaning: "Only if the object is still that version."),
        .init(name: "--idempotency-key", value: "KEY", meaning: "Repeat a command that may have been done: it is done once."),
        .init(name: "--no-wait", meaning: "Do not follow work that takes longer."),
        .init(name: "--yes", meaning: "-y: do not ask."),
        .init(name: "--json", meaning: "Faults as application/problem+json on standard error."),
        .init(name: "--language", value: "en|zh-Hans", meaning: "Of the server's words."),
        .init(name: "--timeout", value: "SECONDS", meaning: "For one attempt; 60 unless said."),
        .init(name: "--retries", value: "N", meaning: "Further attempts where asking again is safe; 3 unless said."),
        .init(name: "--quiet", meaning: "-q: nothing on standard error but faults."),
        .init(name: "--help", meaning: "-h: this."),
    ]
    static let short = ["-o": "--format", "-y": "--yes", "-q": "--quiet", "-h": "--help"]
}

/// An option that a command has for itself.
struct OwnOption: Sendable {
    let name: String
    var isSwitch = false
}

/// A command line read: words, options of everybody, options of the command.
struct Arguments: Sendable {
    private(set) var words: [String] = []
    private(set) var common: [String: String] = [:]
    private(set) var own: [String: [String]] = [:]

    subscript(name: String) -> String? { common[name] }
    func has(_ name: String) -> Bool { common[name] != nil }

    /// Reads `rest` for a command with these options; a name that both have is the command's. With `untilWord` it stops at the first word and gives
    /// it back: what stands before the command's own words is everybody's.
    @discardableResult
    mutating func read(_ rest: inout ArraySlice<String>, own names: [OwnOption] = [], untilWord: Bool = false) throws -> String? {
        var isPlain = false
        while let argument = rest.popFirst() {
            guard !isPlain, argument.hasPrefix("-"), argument != "-" else {
                if untilWord { return argument }
                words.append(argument)
                continue
            }
            if argument == "--" {
                isPlain = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = CommonOption.short[parts[0]] ?? parts[0]
            let ours = names.first { $0.name == name }
            let everybodys = CommonOption.all.first { $0.name == name }
            guard ours != nil || everybodys != nil else {
                let known = names.map(\.name) + CommonOption.all.map(\.name)
                throw ClientFault.usage("There is no option \(name). Did you mean \(Configuration.nearest(name, known))?")
            }
            let isSwitch = ours?.isSwitch ?? (everybodys?.value == nil)
            if isSwitch && parts.count == 2 { throw ClientFault.usage("The option \(name) takes no value.") }
            guard let value = isSwitch ? "yes" : parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw ClientFault.usage("The option \(name) needs a value.")
            }
            if ours != nil { own[name, default: []].append(value) } else { common[name] = value }
        }
        return nil
    }

    func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = common[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ClientFault.usage("\(name) is a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
