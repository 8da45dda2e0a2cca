import HTTP
import Testing

/// What the parser made of some bytes.
private enum Verdict: Equatable {
    case incomplete
    case refused(status: Int)
    case accepted(consumed: Int, body: [UInt8])
}

/// A small generator with a seed, so that a failure can be repeated.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

private func parse(_ bytes: [UInt8], pieces: [Int]) -> Verdict {
    var limits = HTTPLimits()
    limits.bodyBytes = { _, _ in 1_000 }
    let parser = RequestParser(limits: limits)
    var position = 0
    var end = 0
    var next = 0
    while true {
        if position == end {
            guard end < bytes.count else { break }
            end = min(bytes.count, end + max(1, next < pieces.count ? pieces[next] : bytes.count))
            next += 1
        }
        let (consumed, outcome) = bytes[position..<end].withUnsafeBytes { parser.parse($0) }
        position += consumed
        switch outcome {
        case .refused(let refusal): return .refused(status: refusal.status)
        case .complete: return finish(parser, consumed: position)
        case .needsMore: if position < end { Issue.record("bytes were left over without a reason") }
        case .headComplete:
            // A request without a body is complete without a further byte.
            let (consumed, outcome) = parser.parse(UnsafeRawBufferPointer(start: nil, count: 0))
            if consumed != 0 { Issue.record("bytes were taken out of nothing") }
            if case .complete = outcome { return finish(parser, consumed: position) }
            if case .refused(let refusal) = outcome { return .refused(status: refusal.status) }
        }
    }
    return .incomplete
}

private func finish(_ parser: RequestParser, consumed: Int) -> Verdict {
    do {
        return .accepted(consumed: consumed, body: try parser.takeRequest(remoteAddress: "").body)
    } catch {
        return .refused(status: error.status)
    }
}

/// A second opinion, written from RFC 9112 without a look at the parser: why these bytes are no good request, or nil.
private func objection(to bytes: [UInt8], body: [UInt8]) -> String? {
    guard let head = headRange(of: bytes) else { return "no end of the header" }
    let text = String(decoding: bytes[head].map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self)
    let lines = text.split("\r\n")
    let words = (lines.first ?? "").split(" ")
    guard words.count == 3, ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(words[0]) else {
        return "bad request line"
    }
    guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { return "bad version" }
    var counts: [String: Int] = [:]
    var values: [String: String] = [:]
    for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { return "no name in \(line)" }
        let name = line[..<colon].lowercased()
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0) }) else { return "bad name \(name)" }
        counts[name, default: 0] += 1
        values[name] = String(line[line.index(after: colon)...]).trimmed
        if line.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7F }) { return "control character" }
    }
    let isVersion11 = words[2] == "HTTP/1.1"
    guard counts["host", default: 0] == 1 || !isVersion11 && counts["host"] == nil else { return "not one Host" }
    let rest = Array(bytes[(head.upperBound + 4)...])
    if counts["transfer-encoding"] != nil {
        guard counts["transfer-encoding"] == 1, counts["content-length"] == nil, isVersion11 else { return "two ways to frame" }
        guard values["transfer-encoding"]?.lowercased() == "chunked" else { return "another coding" }
        return unchunked(rest) == body ? nil : "chunks read in another way"
    }
    guard counts["content-length", default: 0] <= 1 else { return "two lengths" }
    guard let length = values["content-length"] else { return rest.isEmpty && body.isEmpty ? nil : "a body from nowhere" }
    guard !length.isEmpty, length.allSatisfy({ "0123456789".contains($0) }) else { return "length \(length)" }
    return Int(length) == rest.count && rest == body ? nil : "length read in another way"
}

/// The data of a chunked body that is exactly these bytes; nil when anything is out of order.
private func unchunked(_ bytes: [UInt8]) -> [UInt8]? {
    var data: [UInt8] = []
    var rest = bytes[...]
    while true {
        let digits = rest.prefix {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 | 0x20
        }
        guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
        rest = rest.dropFirst(digits.count)
        guard rest.prefix(2) == [13, 10] else { return nil }
        rest = rest.dropFirst(2)
        guard rest.count >= size + 2, rest.dropFirst(size).prefix(2) == [13, 10] else { return nil }
        data += rest.prefix(size)
        rest = rest.dropFirst(size + 2)
        if size == 0 { return rest.isEmpty ? data : nil }
    }
}

/// From the request line to before the empty line; empty lines in front do not belong to it.
private func headRange(of bytes: [UInt8]) -> Range<Int>? {
    var start = 0
    while bytes[start...].starts(with: [13, 10]) { start += 2 }
    guard bytes.count >= start + 4 else { return nil }
    for end in start...(bytes.count - 4) where bytes[end...].starts(with: [13, 10, 13, 10]) { return start..<end }
    return nil
}

extension StringProtocol {
    fileprivate func split(_ separator: String) -> [String] {
        var parts: [String] = []
        var current: [UInt8] = []
        let mark = Array(separator.utf8)
        for byte in utf8 {
            current.append(byte)
            if current.suffix(mark.count).elementsEqual(mark) {
                parts.append(String(decoding: current.dropLast(mark.count), as: UTF8.self))
                current = []
            }
        }
        return parts + [String(decoding: current, as: UTF8.self)]
    }

    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}

private let seeds = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a/b?c=d%20e HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nX-Y: z\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "PUT /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    "DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
]

private let fragments = [
    "\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\0", "0\r\n\r\n", "Host: b\r\n", "Content-Length: 5\r\n",
    "Content-Length: 6\r\n",
    "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", " chunked", "chunked, ", "5\r\n", "0", "+", "-", "x",
    ";a=b", "\u{0B}",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1", "%", "%2", "#", "é", "X-Trailer: y\r\n",
].map { Array($0.utf8) }

private func mutated(_ random: inout SeededRandom) -> [UInt8] {
    var bytes = Array(seeds.randomElement(using: &random)!.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        let other = Int.random(in: 0...bytes.count, using: &random)
        let range = min(position, other)..<max(position, other)
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: bytes.insert(contentsOf: fragments.randomElement(using: &random)!, at: position)
        case 2: if position < bytes.count { bytes.remove(at: position) }
        case 3: if position < bytes.count { bytes[position] = UInt8.random(in: 0...255, using: &random) }
        case 4: if range.count < 40 { bytes.insert(contentsOf: Array(bytes[range]), at: range.upperBound) }
        default: if range.count < 12 { bytes.removeSubrange(range) }
        }
    }
    return bytes
}

@Suite struct RequestFuzzTests {
    @Test(arguments: 1...10)
    func `whatever is accepted is a request by the letter, however it is cut`(seed: UInt64) {
        var random = SeededRandom(state: seed)
        var accepted = 0
        for _ in 0..<1_000 {
            let bytes = mutated(&random)
            let verdict = parse(bytes, pieces: [])
            let pieces = (0..<bytes.count).map { _ in Int.random(in: 1...9, using: &random) }
            let trickled = parse(bytes, pieces: pieces)
            let quoted = String(decoding: bytes, as: UTF8.self).debugDescription
            switch verdict {
            case .accepted(let consumed, let body):
                accepted += 1
                let reason = objection(to: Array(bytes[..<consumed]), body: body)
                #expect(reason == nil, "\(quoted)")
                #expect(trickled == verdict, "\(quoted)")
            case .refused(let status):
                #expect((400...505).contains(status))
                // Which refusal comes first may depend on the cuts; that there is one may not.
                if case .refused = trickled { continue }
                Issue.record("\(verdict) whole, \(trickled) in pieces: \(quoted)")
            case .incomplete: #expect(trickled == .incomplete, "\(quoted)")
            }
        }
        #expect(accepted > 50)
    }
}
