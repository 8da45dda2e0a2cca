import CPostgres
import Glibc

/// Starts programs: in a session of their own, so that a terminal's Ctrl-C reaches only us; with a small known environment; as
/// another user when we are root.
enum ChildProcess {
    /// Returns the process number. `output` receives what the program prints.
    static func spawn(_ arguments: [String], as user: SystemUser, output: Int32) throws(ClusterError) -> pid_t {
        var command = arguments
        if geteuid() == 0 && user.uid != 0 {
            guard let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].first(where: Files.isExecutable) else {
                throw ClusterError(
                    .binariesMissing, "setpriv (package util-linux) is needed to run PostgreSQL as another user than root")
            }
            // It replaces itself by the program, so the process number is the program's.
            command = [setpriv, "--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups"] + arguments
        }
        let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=/", "USER=\(user.name)"]

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // A socket or pipe of ours that lived on in the child would stay open when we are gone.
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // Our own working folder may be closed to the other user.
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var ignored = sigset_t()
        sigemptyset(&ignored)
        sigaddset(&ignored, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setflags(
            &attributes, Int16(Int32(bursar_spawn_new_session) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var process: pid_t = 0
        let result = withCStrings(command) { arguments in
            withCStrings(environment) { environment in
                // posix_spawn promises not to write to either array.
                posix_spawn(
                    &process, arguments[0]!, &actions, &attributes,
                    UnsafeMutablePointer(
                        mutating: UnsafeRawPointer(arguments).assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)),
                    UnsafeMutablePointer(
                        mutating: UnsafeRawPointer(environment).assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)))
            }
        }
        guard result == 0 else {
            throw ClusterError(.startFailed, "cannot start \(arguments[0]): \(String(cString: strerror(result)))")
        }
        return process
    }

    /// Runs a program to its end and returns its exit status (128 + signal when a signal ended it).
    static func run(_ arguments: [String], as user: SystemUser, output: Int32) throws(ClusterError) -> Int32 {
        let process = try spawn(arguments, as: user, output: output)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return 127 }
        }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// What a program prints to its standard output, up to 64 KiB; nil when it cannot be run or fails.
    static func output(of arguments: [String]) -> String? {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        defer { close(ends[0]) }
        guard let user = try? SystemUser.current, let process = try? spawn(arguments, as: user, output: ends[1]) else {
            close(ends[1])
            return nil
        }
        close(ends[1])
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 1 << 16 {
            let count = read(ends[0], &chunk, chunk.count)
            if count <= 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
