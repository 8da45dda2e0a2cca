import CZlib

/// When an answer is compressed: the client allows gzip, the type is text, and it is long enough to gain.
enum Compression {
    static let bytesMinimum = 1_024

    /// Whether `Accept-Encoding` allows gzip (RFC 9110, 12.5.3): named, or covered by `*`, with a quality that is not zero.
    static func isGzipAccepted(_ headers: HTTPHeaders) -> Bool {
        guard let header = headers["accept-encoding"] else { return false }
        var starAccepts = false
        for piece in header.split(separator: ",") {
            let parts = piece.split(separator: ";")
            let coding = trimmingBlanks(parts.first ?? "").lowercased()
            guard coding == "gzip" || coding == "x-gzip" || coding == "*" else { continue }
            let accepts = !parts.dropFirst().contains { isZeroQuality(trimmingBlanks($0).lowercased()) }
            if coding != "*" { return accepts }
            starAccepts = accepts
        }
        return starAccepts
    }

    /// Text in the widest sense. Event streams are left alone: their small pieces must arrive one by one.
    static func isCompressible(_ contentType: String) -> Bool {
        // What nearly every answer is.
        if contentType == "application/json" || contentType == "text/html; charset=utf-8" { return true }
        let type = trimmingBlanks(contentType.prefix { $0 != ";" }).lowercased()
        if type == "text/event-stream" { return false }
        return type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml")
            || ["application/json", "application/javascript", "application/xml", "image/svg+xml"].contains(type)
    }

    private static func isZeroQuality(_ parameter: String) -> Bool {
        guard parameter.hasPrefix("q=") else { return false }
        return parameter.dropFirst(2).allSatisfy { $0 == "0" || $0 == "." }
    }
}

/// Undoes gzip (RFC 1952), one member or several behind each other, never beyond a bound: a bomb costs no more than what is allowed.
package enum Gunzip {
    package enum Fault: Error, Equatable {
        /// Not gzip, cut off, its checksum is another's, or something else lies behind it.
        case broken
        /// Longer than the bound.
        case tooLong
    }

    private static let windowBitsForGzip: Int32 = 15 + 16
    private static let pieceBytes = 64 * 1_024

    package static func unpack(_ bytes: [UInt8], atMost bound: Int) throws(Fault) -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBitsForGzip, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .broken
        }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        output.reserveCapacity(min(bound, bytes.count * 4))
        let fault = bytes.withUnsafeBufferPointer { input -> Fault? in
            // zlib's interface is older than const; it does not write there.
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pieceBytes) { piece in
                while true {
                    stream.next_out = piece.baseAddress
                    stream.avail_out = UInt32(piece.count)
                    let result = inflate(&stream, Z_NO_FLUSH)
                    guard result == Z_OK || result == Z_STREAM_END else { return .broken }
                    let count = piece.count - Int(stream.avail_out)
                    guard output.count + count <= bound else { return .tooLong }
                    output.append(contentsOf: UnsafeBufferPointer(rebasing: piece[..<count]))
                    guard result == Z_STREAM_END else { continue }
                    if stream.avail_in == 0 { return nil }
                    guard inflateReset(&stream) == Z_OK else { return .broken }
                }
            }
        }
        if let fault { throw fault }
        return output
    }
}

/// A gzip stream. On one loop only; `compress` can be used again and again, or `add`/`finish` once between two `reset`s.
final class Gzip {
    private let stream: UnsafeMutablePointer<z_stream>
    private static let level: Int32 = 4
    private static let windowBitsForGzip: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream, Self.level, Z_DEFLATED, Self.windowBitsForGzip, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        if result != Z_OK { fatalError("deflateInit2 failed with \(result)") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// One whole body.
    func compress(_ bytes: [UInt8]) -> [UInt8] {
        deflateReset(stream)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count / 3)
        run(bytes, flush: Z_FINISH, into: &output)
        return output
    }

    /// A piece of a longer body. The compressor keeps what it has until it is worth sending, unless told to flush.
    func add(_ bytes: [UInt8], flush: Bool, into output: inout [UInt8]) {
        run(bytes, flush: flush ? Z_SYNC_FLUSH : Z_NO_FLUSH, into: &output)
    }

    func finish(into output: inout [UInt8]) { run([], flush: Z_FINISH, into: &output) }

    private func run(_ bytes: [UInt8], flush: Int32, into output: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { input in
            // zlib's interface is older than const; it does not write there.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 * 1_024) { buffer in
                repeat {
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(buffer.count)
                    deflate(stream, flush)
                    let count = buffer.count - Int(stream.pointee.avail_out)
                    output.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
                } while stream.pointee.avail_out == 0
            }
        }
    }
}
