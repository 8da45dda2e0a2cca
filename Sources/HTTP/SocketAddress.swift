import CUV
import Glibc
import Loop

/// A numeric IPv4 or IPv6 address with a port, in the form that libuv takes.
struct SocketAddress {
    private var storage = sockaddr_storage()

    /// "localhost" is 127.0.0.1; other names are not looked up. Throws `UV_EINVAL`.
    init(host: String, port: Int) throws(LoopError) {
        guard (0...65_535).contains(port) else { throw LoopError(code: UV_EINVAL.rawValue) }
        let name = host == "localhost" ? "127.0.0.1" : host
        let result = withUnsafeMutablePointer(to: &storage) { storage -> Int32 in
            let memory = UnsafeMutableRawPointer(storage)
            let asIPv4 = uv_ip4_addr(name, Int32(port), memory.assumingMemoryBound(to: sockaddr_in.self))
            if asIPv4 >= 0 { return asIPv4 }
            return uv_ip6_addr(name, Int32(port), memory.assumingMemoryBound(to: sockaddr_in6.self))
        }
        guard result >= 0 else { throw LoopError(code: result) }
    }

    var family: Int32 { Int32(storage.ss_family) }

    func withPointer<T>(_ body: (UnsafePointer<sockaddr>) -> T) -> T {
        withUnsafePointer(to: storage) { body(UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self)) }
    }

    /// The port that a bound socket has.
    static func port(of socket: UnsafeMutablePointer<uv_tcp_t>) throws(LoopError) -> Int {
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            uv_tcp_getsockname(socket, UnsafeMutableRawPointer($0).assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result >= 0 else { throw LoopError(code: result) }
        // The port stands at the same place in both families, in network order.
        return withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) }
    }
}
