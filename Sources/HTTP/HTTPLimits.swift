import Loop

/// What one client may cost. Every number has a probe in the tests; beyond it the answer is the status named here, and the
/// connection closes.
package struct HTTPLimits: Sendable {
    /// Bytes of the request target; beyond: 414.
    package var targetBytes = 8 * 1_024
    /// Header fields; beyond: 431.
    package var headerCount = 100
    /// Bytes of all header lines together; beyond: 431.
    package var headerBytes = 32 * 1_024
    /// Bytes of a body, by method and path (still percent-encoded); beyond: 413, before a byte of it is read where it was
    /// announced.
    package var bodyBytes: @Sendable (_ method: HTTPMethod, _ path: String) -> Int = { _, _ in 1_024 * 1_024 }
    /// From the first byte of a request (for a new connection: from its start) to the end of the header; beyond: 408.
    package var headerDeadline: Duration = .seconds(10)
    /// From the first byte of a request to its last; beyond: 408.
    package var requestDeadline: Duration = .seconds(30)
    /// Between two requests of one connection; beyond: closed without a word.
    package var idleDeadline: Duration = .seconds(60)
    /// A client that does not take what is written for it within this time is cut off; large answers get a second more for
    /// every 64 KiB.
    package var writeDeadline: Duration = .seconds(30)
    /// How long a connection that the server has ended is still read from, so that the last answer is not lost to a reset.
    package var lingerDeadline: Duration = .seconds(2)
    /// Open connections; beyond: 503.
    package var connections = 4_096
    /// Of these, from one address; beyond: 429. Behind a proxy everybody comes from its address.
    package var connectionsPerAddress = 1_024
    /// Bytes of further pipelined requests that are kept while one is being handled; beyond, the client waits.
    package var pipelinedBytes = 64 * 1_024

    package init() {}
}

/// The deadlines of `HTTPLimits` on the loop's clock, in milliseconds: several are set for every request.
struct HTTPDeadlines {
    let header: UInt64
    let request: UInt64
    let idle: UInt64
    let write: UInt64
    let linger: UInt64

    init(_ limits: HTTPLimits) {
        header = limits.headerDeadline.roundedUpMilliseconds
        request = limits.requestDeadline.roundedUpMilliseconds
        idle = limits.idleDeadline.roundedUpMilliseconds
        write = limits.writeDeadline.roundedUpMilliseconds
        linger = limits.lingerDeadline.roundedUpMilliseconds
    }

    var shortest: UInt64 { min(header, request, idle, write, linger) }
}
