import Glibc

/// What a private cluster takes of the machine's memory, in MB: the quarter that PostgreSQL's manual advises for its own pages, and what it may expect
/// the kernel to keep beside them.
struct ClusterMemory {
    let sharedBuffers: Int
    let effectiveCache: Int

    private static let leastShared = 32
    /// Beyond it the page tables of a hundred sessions cost more than the kernel's own cache would.
    private static let mostShared = 8_192
    private static let leastCache = 128

    init(megabytes: Int) {
        sharedBuffers = max(Self.leastShared, min(Self.mostShared, megabytes / 4))
        effectiveCache = max(Self.leastCache, megabytes / 4 * 3)
    }

    /// What this process may use: the machine's memory, or less where its control group is held to less.
    static var megabytesHere: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        let machine = pages > 0 && size > 0 ? pages * size / 1_048_576 : 1_024
        // Without a limit the first file says "max", the second a number larger than any machine.
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            Files.read(path).flatMap { Int($0.prefix { $0.isNumber }) }.map { $0 / 1_048_576 }
        }
        return limits.filter { $0 > 0 }.reduce(machine, min)
    }
}
