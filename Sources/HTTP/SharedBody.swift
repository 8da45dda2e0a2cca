/// A body that many answers share: laid down once, compressed once, and sent from where it lies, however many clients are slow to take it.
package final class SharedBody: Sendable {
    let plain: LaidBytes
    /// Nil when it would not gain.
    let gzip: LaidBytes?

    /// - Parameter contentType: decides whether a compressed form is made.
    package init(_ bytes: [UInt8], contentType: String) {
        plain = LaidBytes(bytes)
        let gains = bytes.count >= Compression.bytesMinimum && Compression.isCompressible(contentType)
        gzip = gains ? LaidBytes(Gzip().compress(bytes)) : nil
    }

    package var bytes: [UInt8] { Array(plain.bytes) }
}

/// Bytes at a fixed place, for as long as somebody holds them.
///
/// `@unchecked Sendable`: nobody writes there after `init`.
final class LaidBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    init(_ source: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 1)
        copy.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit { bytes.deallocate() }
}
