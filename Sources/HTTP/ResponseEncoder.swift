/// Writes the head of an answer. On one loop only.
struct ResponseEncoder {
    /// How the bytes after the head are marked off.
    enum Framing {
        case length(Int)
        case chunked
        /// The end of the connection ends the body: for streams to HTTP/1.0.
        case untilClose
        /// 204, 304: there is no body to mark off.
        case none
    }
    private var date = HTTPDateCache()

    /// The fields that this server writes itself; a handler's own are left out.
    private static let ownFields: Set<String> = ["content-length", "transfer-encoding", "connection", "date", "keep-alive"]

    mutating func encodeHead(
        status: Int, headers: HTTPHeaders, framing: Framing, keepsAlive: Bool, isVersion11: Bool, into output: inout [UInt8]
    ) {
        if status == 200 {
            output.append(contentsOf: "HTTP/1.1 200 OK\r\nDate: ".utf8)
        } else {
            output.append(contentsOf: "HTTP/1.1 \(status) \(httpReason(status))\r\nDate: ".utf8)
        }
        output.append(contentsOf: date.current())
        output.append(contentsOf: "\r\n".utf8)
        appendFields(headers, into: &output)
        switch framing {
        case .length(let count):
            output.append(contentsOf: "Content-Length: ".utf8)
            appendDecimal(count, into: &output)
            output.append(contentsOf: "\r\n".utf8)
        case .chunked: output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        case .untilClose, .none: break
        }
        if !keepsAlive {
            output.append(contentsOf: "Connection: close\r\n".utf8)
        } else if !isVersion11 {
            output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    private func appendFields(_ headers: HTTPHeaders, into output: inout [UInt8]) {
        guard headers.isSendable else { return appendParsedFields(headers, into: &output) }
        headers.bytes.withUnsafeBufferPointer { bytes in
            // Neighbours go in one piece.
            var run = 0..<0
            for field in headers.fields {
                let (nameStart, nameEnd) = (Int(field.nameStart), Int(field.nameEnd))
                if mayBeOwn(bytes[nameStart], nameEnd - nameStart), isOwnField(headers.bytes[nameStart..<nameEnd]) { continue }
                let line = nameStart..<Int(field.valueEnd) + HTTPHeaders.lineEnd.count
                if line.lowerBound == run.upperBound {
                    run = run.lowerBound..<line.upperBound
                } else {
                    output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run]))
                    run = line
                }
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run]))
        }
    }

    /// Fields that came with a request and are sent on.
    private func appendParsedFields(_ headers: HTTPHeaders, into output: inout [UInt8]) {
        for field in headers.fields {
            let name = headers.bytes[Int(field.nameStart)..<Int(field.nameEnd)]
            if isOwnField(name) { continue }
            output.append(contentsOf: name)
            output.append(contentsOf: HTTPHeaders.separator)
            output.append(contentsOf: headers.bytes[Int(field.valueStart)..<Int(field.valueEnd)])
            output.append(contentsOf: HTTPHeaders.lineEnd)
        }
    }

    private func isOwnField(_ name: ArraySlice<UInt8>) -> Bool {
        mayBeOwn(name[name.startIndex], name.count)
            && Self.ownFields.contains(String(decoding: name.map(lowercased), as: UTF8.self))
    }

    /// Most fields are told from those five by their first byte and their length.
    private func mayBeOwn(_ first: UInt8, _ count: Int) -> Bool {
        switch (lowercased(first), count) {
        case (UInt8(ascii: "c"), 14), (UInt8(ascii: "t"), 17), (UInt8(ascii: "c"), 10), (UInt8(ascii: "d"), 4),
            (UInt8(ascii: "k"), 10):
            true
        default: false
        }
    }
}

/// A number of zero or more in decimal digits.
func appendDecimal(_ number: Int, into output: inout [UInt8]) {
    if number >= 10 { appendDecimal(number / 10, into: &output) }
    output.append(UInt8(ascii: "0") + UInt8(number % 10))
}

/// A number of zero or more in hexadecimal digits.
func appendHexadecimal(_ number: Int, into output: inout [UInt8]) {
    if number >= 16 { appendHexadecimal(number / 16, into: &output) }
    output.append(hexDigit(UInt8(number % 16)))
}
