import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// What the kernel says about this process. Nil or zero where it says nothing.
struct ProcessFacts {
    var residentBytes: Int64 = 0
    var virtualBytes: Int64 = 0
    /// Hundredths of a second of processor time.
    var processorHundredths: Int64 = 0
    var threads: Int64 = 0
    var openDescriptors = 0
    var descriptorsMaximum: Int64 = 0

    static func read() -> ProcessFacts {
        var facts = ProcessFacts()
        // The second field is the program's name in parentheses and may hold blanks: what counts comes behind it.
        if let data = FileManager.default.contents(atPath: "/proc/self/stat") {
            let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            func number(_ index: Int) -> Int64 { index < fields.count ? Int64(fields[index]) ?? 0 : 0 }
            let ticks = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
            facts.processorHundredths = (number(11) + number(12)) * 100 / ticks
            facts.threads = number(17)
            facts.virtualBytes = number(20)
            facts.residentBytes = number(21) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        }
        facts.openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            facts.descriptorsMaximum = Int64(clamping: limit.rlim_cur)
        }
        return facts
    }

    func write(to exposition: inout Exposition, startedSeconds: Int64) {
        let fraction = String(100 + processorHundredths % 100).dropFirst()
        exposition.add(
            "process_cpu_seconds_total", .counter, "Processor time used.", [.init("\(processorHundredths / 100).\(fraction)")])
        exposition.add("process_resident_memory_bytes", .gauge, "Memory held in RAM.", residentBytes)
        exposition.add("process_virtual_memory_bytes", .gauge, "Address space.", virtualBytes)
        exposition.add("process_threads", .gauge, "Threads.", threads)
        exposition.add("process_open_fds", .gauge, "Open files and sockets.", openDescriptors)
        exposition.add("process_max_fds", .gauge, "How many may be open.", descriptorsMaximum)
        exposition.add("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.", startedSeconds)
    }
}
