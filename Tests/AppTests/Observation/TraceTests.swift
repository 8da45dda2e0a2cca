import App
import HTTP
import TestSupport
import Testing

@Suite struct `A trace` {
    private static let random = (trace: (high: word, low: word), span: word)
    private static let word: UInt64 = 0xABAB_ABAB_ABAB_ABAB
    private static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `is continued from the caller's header, with a span of our own`() {
        let trace = Trace(continuing: [Self.valid], random: Self.random)
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.parent == "00f067aa0ba902b7")
        #expect(trace.span == "abababababababab")
        #expect(trace.isSampled)
        #expect(trace.header == "00-4bf92f3577b34da6a3ce929d0e0e4736-abababababababab-01")
    }

    @Test(arguments: [
        [],
        ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        [""], ["00"], ["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        ["00-00000000000000000000000000000000-00f067aa0ba902b7-01"], ["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
        ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01"], ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"],
        ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"],
        ["00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-011"],
        ["01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"], ["00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        ["0é-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"],
    ])
    func `begins anew where the header is missing, doubled or not valid`(headers: [String]) {
        let trace = Trace(continuing: headers, random: Self.random)
        #expect(trace.traceID == "abababababababababababababababab")
        #expect(trace.parent == nil)
        #expect(!trace.isSampled)
    }

    @Test func `of a later version is read as far as it is known`() {
        let trace = Trace(continuing: ["01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-later"], random: Self.random)
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(!trace.isSampled)
    }

    @Test func `is never made of zeros`() {
        let trace = Trace(continuing: [], random: (trace: (high: 0, low: 0), span: 0))
        #expect(trace.traceID == String(repeating: "0", count: 31) + "1")
        #expect(trace.span == String(repeating: "0", count: 15) + "1")
        #expect(trace.header == "00-\(trace.traceID)-\(trace.span)-00")
    }

    @Test func `comes back with every answer, pages and refusals too`() async throws {
        let bursar = try await TestBursar.shared
        for target in ["/healthz", "/v1/me", "/sign-in", "/no-such-page", "/v1/nothing"] {
            let reply = try await bursar.request("GET", target, headers: ["Traceparent": Self.valid])
            let echoed = reply.headers["traceparent"] ?? ""
            #expect(echoed.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "\(target)")
            #expect(!echoed.contains("00f067aa0ba902b7"), "\(target)")
            let begun = try await bursar.request("GET", target).headers["traceparent"] ?? ""
            #expect(begun.utf8.count == 55 && begun.hasSuffix("-00"), "\(target)")
        }
    }
}
