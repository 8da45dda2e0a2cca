import App
import Client
import FoundationEssentials
import HTTP
import Loop
import Values

/// What the program says about itself: its contract, its version, its settings, the words for Tab, and the work that waits.
extension Invocation {
    func printVersion() {
        guard options["--json"] != nil else { return FileHandle.standardOutputText("bursar \(Version.text)\n") }
        var json = JSONWriter()
        json.object {
            $0.field("name", "bursar")
            $0.field("version", Version.text)
            $0.field("api", "v1")
            $0.field("schema", try? Migrations.newest(Folders().sql))
        }
        FileHandle.standardOutputText(String(decoding: json.bytes, as: UTF8.self) + "\n")
    }

    func printOpenAPI() throws {
        let document = OpenAPI.document(try APIReference(folder: Folders().web.appending(path: "api")))
        FileHandle.standardOutputText(String(decoding: document, as: UTF8.self) + "\n")
    }

    func printCompletion() throws {
        guard words.count == 1, let script = Completion.script(words[0]) else {
            throw WrongUse(text: "Say `bursar completion \(Completion.shells.joined(separator: "|"))`.")
        }
        FileHandle.standardOutputText(script)
    }

    /// Every setting with its value and where that comes from; secrets are masked.
    func printConfiguration() throws {
        guard words == ["print"] else { throw WrongUse(text: "Say `bursar config print`, or with --json.") }
        let lines = Configuration.settings.map { setting in
            (setting.variable, given[setting.variable] ?? ("", "default"), setting)
        }
        guard options["--json"] == nil else {
            var json = JSONWriter()
            json.array { json in
                for (name, (value, source), setting) in lines {
                    json.object {
                        $0.field("variable", name)
                        $0.field("value", source == "default" ? nil : setting.masked(value))
                        $0.field("source", source)
                        $0.field("default", setting.fallback)
                    }
                }
            }
            return FileHandle.standardOutputText(String(decoding: json.bytes, as: UTF8.self) + "\n")
        }
        for (name, (value, source), setting) in lines {
            FileHandle.standardOutputText(
                "\(name)\t\(source == "default" ? setting.fallback : setting.masked(value))\t\(source)\n")
        }
    }

    /// The tenant's work that waits, is late or has failed, and another try of a piece of it.
    func jobs() async throws {
        let usage =
            "Say `bursar jobs list --tenant SLUG [--state failing|overdue|waiting]` or `bursar jobs retry JOB --tenant SLUG`."
        switch words.first {
        case "list" where words.count == 1:
            guard let state = Job.State(rawValue: options["--state"] ?? "failing") else { throw WrongUse(text: usage) }
            try await withTenant(try required("--tenant")) { instance, context in
                for job in try await instance.loop.run({ try await ListJobs.run(state, limit: 100, context) }) {
                    let name = job.subscription.map { "\($0)" } ?? "–"
                    FileHandle.standardOutputText(
                        "\(job.name.text)\t\(name)\t\(job.dueAt.rfc3339)\t\(job.attempts)\t\(job.lastError ?? "")\n")
                }
            }
        case "retry" where words.count == 2:
            guard let name = JobName(words[1]) else { throw WrongUse(text: usage) }
            try await withTenant(try required("--tenant")) { instance, context in
                do {
                    _ = try await instance.loop.run { try await RetryJob(name: name).run(context, CommandOptions()) }
                } catch let failure as Failure {
                    throw Problem(code: failure.code)
                }
                FileHandle.standardOutputText("retried\t\(name.text)\n")
            }
        default: throw WrongUse(text: usage)
        }
    }

    /// A refusal in its code: words would need a reader's language.
    private struct Problem: Error, CustomStringConvertible {
        let code: String
        var description: String { code == "not_found" ? "There is no such job." : code }
    }
}
