import App
import Client
import FoundationEssentials
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// The command line. Exit codes: 0 done, 1 failed, 2 wrong use, 3 the input is at fault.
@main
struct Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The client reads no setting of the server's and has exit codes of its own.
        if arguments.first == "api" {
            exit(ClientProgram.run(Array(arguments.dropFirst()), .ofProcess(now: Instance.realNow)))
        }
        if arguments.first == "__complete" {
            let found = Completion.candidates(Array(arguments.dropFirst()), verbs: Invocation.verbs)
            FileHandle.standardOutputText(found.map { $0 + "\n" }.joined())
            exit(0)
        }
        exit(await run(arguments))
    }

    static func run(_ arguments: [String]) async -> Int32 {
        do {
            let command = try Invocation(arguments)
            return try await command.run()
        } catch let problem as WrongUse {
            say("bursar: \(problem.text)\n\nTry `bursar --help`.")
            return 2
        } catch let problem as Configuration.Problem {
            say("bursar: \(problem)")
            return 2
        } catch let fault as InputFault {
            say("bursar: \(fault)")
            return 3
        } catch {
            say("bursar: \(error)")
            return 1
        }
    }

    static func say(_ text: String) { FileHandle.standardErrorText(text + "\n") }
}

struct WrongUse: Error {
    let text: String
}

/// Standard output carries a command's result only; everything said beside it goes to standard error.
enum FileHandle {
    static func standardErrorText(_ text: String) { Log.standardError(Array(text.utf8)) }
    static func standardOutputText(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if written <= 0 { return }
            rest = rest.dropFirst(written)
        }
    }
}
