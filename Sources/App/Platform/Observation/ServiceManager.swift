import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Tells the service manager (systemd, or whoever else named a socket in `NOTIFY_SOCKET`) how the server is: one datagram each time, and none is
/// waited for. Without that variable nothing happens.
package struct ServiceManager: Sendable {
    private let address: String?
    /// Microseconds within which a sign of life is expected; nil: nobody waits for one.
    package let watchdogMicroseconds: Int64?

    /// `process`: the watchdog may be meant for another one, `WATCHDOG_PID` says for whom.
    package init(environment: [String: String], process: Int32 = getpid()) {
        let socket = environment["NOTIFY_SOCKET"] ?? ""
        address = socket.hasPrefix("/") || socket.hasPrefix("@") ? socket : nil
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
        watchdogMicroseconds = isForUs ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } : nil
    }

    package func ready() { tell("READY=1\nSTATUS=Serving") }
    package func stopping() { tell("STOPPING=1\nSTATUS=Draining") }
    package func alive() { tell("WATCHDOG=1") }

    private func tell(_ message: String) {
        guard let address else { return }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var name = Array(address.utf8)
        // "@" stands for the zero byte that begins an abstract name.
        if name[0] == 64 { name[0] = 0 }
        let room = MemoryLayout.size(ofValue: target.sun_path)
        guard name.count < room else { return }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: name) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count + (name[0] == 0 ? 0 : 1))
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: &target) {
            sendto(
                descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL),
                UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self), length)
        }
    }
}
