import App
import FoundationEssentials
import Values

#if canImport(Glibc)
    import Glibc
#endif

extension Invocation {
    /// Opens or builds the demo and serves it until it is asked to stop.
    func demo() async throws {
        let isTerminal = isatty(2) == 1
        let began = Instance.realNow()
        let demo = try await Demo.open(configuration, reset: options["--reset"] != nil) { day, days in
            if isTerminal { FileHandle.standardErrorText(ProgressBar.line(day, of: days, unit: "days")) }
        }
        let isJSON = options["--json"] != nil
        do {
            try await Serve(demo.instance).run { baseURL in
                let seconds = began.microseconds(until: Instance.realNow()) / 1_000_000
                FileHandle.standardOutputText(
                    isJSON ? demo.notes.json(baseURL: baseURL) + "\n" : demo.notes.text(baseURL: baseURL, seconds: seconds))
            }
        } catch {
            await demo.instance.close()
            throw error
        }
        await demo.instance.close()
    }
}
