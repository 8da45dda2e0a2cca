import CLLHTTP

/// The callbacks that all parsers share. They copy what llhttp points at into the parser and stop it where a limit is passed.
enum LLHTTPSettings {
    // Written once, before anybody can see it (a static is initialised under a lock), and only read by llhttp afterwards.
    nonisolated(unsafe) static let shared: UnsafeMutablePointer<llhttp_settings_t> = {
        let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
        llhttp_settings_init(settings)
        settings.pointee.on_url = { owner($0).appendTarget($1, $2) }
        settings.pointee.on_header_field = { owner($0).appendName($1, $2) }
        settings.pointee.on_header_value = { owner($0).appendValue($1, $2) }
        settings.pointee.on_header_value_complete = { owner($0).endField() }
        settings.pointee.on_headers_complete = { _ in Int32(HPE_PAUSED.rawValue) }
        settings.pointee.on_chunk_header = { owner($0).acceptChunk(size: $0!.pointee.content_length) }
        settings.pointee.on_chunk_extension_name = { parser, _, _ in owner(parser).refuseExtension() }
        settings.pointee.on_body = { owner($0).appendBody($1, $2) }
        settings.pointee.on_message_complete = { _ in Int32(HPE_PAUSED.rawValue) }
        return settings
    }()

    private static func owner(_ parser: UnsafeMutablePointer<llhttp_t>?) -> RequestParser {
        Unmanaged<RequestParser>.fromOpaque(parser!.pointee.data).takeUnretainedValue()
    }
}

extension RequestParser {
    fileprivate func appendTarget(_ start: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        guard target.count + count <= limits.targetBytes else { return stop(.targetTooLong) }
        append(start, count, to: &target)
        return 0
    }

    fileprivate func appendName(_ start: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        // Header fields that come after the body has begun are trailers.
        guard !isInBody else { return stop(.malformed("Trailer fields are not taken.")) }
        guard fields.count < limits.headerCount else { return stop(.tooManyHeaders) }
        append(start, count, to: &headerText)
        nameEnd = headerText.count
        return headerText.count + 4 * fields.count <= limits.headerBytes ? 0 : stop(.tooManyHeaders)
    }

    fileprivate func appendValue(_ start: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        append(start, count, to: &headerText)
        return headerText.count + 4 * fields.count <= limits.headerBytes ? 0 : stop(.tooManyHeaders)
    }

    fileprivate func endField() -> Int32 {
        guard nameEnd > fieldStart else { return stop(.malformed("A header field has no name.")) }
        var end = headerText.count
        while end > nameEnd, headerText[end - 1] == 0x20 || headerText[end - 1] == 0x09 { end -= 1 }
        fields.append(
            HTTPHeaders.Field(
                nameStart: Int32(fieldStart), nameEnd: Int32(nameEnd), valueStart: Int32(nameEnd), valueEnd: Int32(end)))
        fieldStart = headerText.count
        return 0
    }

    fileprivate func acceptChunk(size: UInt64) -> Int32 {
        size <= UInt64(bodyMaximum - body.count) ? 0 : stop(.bodyTooLarge(bodyMaximum))
    }

    fileprivate func refuseExtension() -> Int32 { stop(.malformed("Chunk extensions are not taken.")) }

    fileprivate func appendBody(_ start: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        guard body.count + count <= bodyMaximum else { return stop(.bodyTooLarge(bodyMaximum)) }
        append(start, count, to: &body)
        return 0
    }

    private func stop(_ refusal: HTTPRefusal) -> Int32 {
        self.refusal = refusal
        return -1
    }

    private func append(_ start: UnsafePointer<CChar>?, _ count: Int, to bytes: inout [UInt8]) {
        guard let start, count > 0 else { return }
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    }
}
