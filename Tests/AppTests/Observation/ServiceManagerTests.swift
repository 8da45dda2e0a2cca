import App
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct `The service manager` {
    /// A datagram socket that hears what is said; `path` nil: an abstract one.
    private final class Ear {
        let descriptor: Int32
        let name: String
        private let path: String?

        init(isAbstract: Bool) throws {
            let unique = "bursar-ear-\(UUID().uuidString.prefix(13))"
            path = isAbstract ? nil : FileManager.default.temporaryDirectory.appending(path: unique).path
            name = path ?? "@\(unique)"
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var bytes = Array(name.utf8)
            if isAbstract { bytes[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
            let bound = withUnsafePointer(to: &address) {
                bind(descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self), length)
            }
            guard bound == 0 else { throw TestFault("no socket: \(errno)") }
        }

        /// The next datagram that is already there; "" when there is none.
        func hear() -> String {
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
        }

        deinit {
            close(descriptor)
            if let path { unlink(path) }
        }
    }

    @Test(arguments: [false, true])
    func `is told each thing in one datagram, at a path or an abstract name`(isAbstract: Bool) throws {
        let ear = try Ear(isAbstract: isAbstract)
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": ear.name])
        manager.ready()
        #expect(ear.hear().split(separator: "\n").first == "READY=1")
        manager.alive()
        #expect(ear.hear() == "WATCHDOG=1")
        manager.stopping()
        #expect(ear.hear().split(separator: "\n").first == "STOPPING=1")
        #expect(ear.hear() == "")
    }

    @Test func `is not there: nothing happens`() {
        for environment in [
            [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "relative"], ["NOTIFY_SOCKET": "/no/such/socket"],
            ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 300)],
        ] as [[String: String]] {
            ServiceManager(environment: environment).ready()
        }
    }

    @Test func `has its watchdog heard only where it is meant for this process`() {
        #expect(ServiceManager(environment: ["WATCHDOG_USEC": "30000000"]).watchdogMicroseconds == 30_000_000)
        #expect(
            ServiceManager(environment: ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], process: 7).watchdogMicroseconds
                != nil)
        #expect(
            ServiceManager(environment: ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], process: 7).watchdogMicroseconds
                == nil)
        #expect(ServiceManager(environment: ["WATCHDOG_USEC": "soon"]).watchdogMicroseconds == nil)
        #expect(ServiceManager(environment: [:]).watchdogMicroseconds == nil)
    }
}
