import App
import Billing
import TestSupport
import Testing
import Values

/// A file for programs says the same to everybody: codes, IDs, times and plain numbers, whatever language its reader has. Lists come from the enums of
/// endpoints and pages, never from a list of ours.
@Suite struct `Files for programs` {
    /// Columns that name one of a fixed set of things: what stands in them is a code.
    private static let coded: Set<String> = [
        "state", "status", "kind", "role", "offer", "method", "reason", "actor_kind", "object_kind", "action",
        "suspension_reasons",
        "from", "to", "settled", "two_factor", "identity_verified", "disabled_reason", "error", "locale", "currency",
    ]

    @Test func `are the same bytes in both languages by the API, every list of it`() async throws {
        let world = try await World.make(.shared)
        var lists = 0
        for endpoint in Endpoint.allCases where !endpoint.documentation.fileFormats.isEmpty {
            let target = world.request(endpoint).target
            let address = "\(target)\(target.contains("?") ? "&" : "?")format=csv"
            let english = try await file(address, "en", of: world.tenant)
            let chinese = try await file(address, "zh-Hans", of: world.tenant)
            #expect(english == chinese, "\(endpoint)")
            expectCodes(english, "\(endpoint)")
            #expect(english.split(separator: "\r\n").count > 1, "\(endpoint) has no row to judge by")
            lists += 1
        }
        #expect(lists > 14)
    }

    private func file(_ address: String, _ language: String, of tenant: TestTenant) async throws -> String {
        try await tenant.request("GET", address, headers: ["Accept-Language": language]).expect(200).text
    }

    @Test func `are the same bytes in both languages from the pages, every list of them`() async throws {
        let cast = try await Cast()
        var found: Set<String> = []
        for route in PageRoute.allCases where !route.isPost {
            guard let row = PageMatrix.row(route) else { continue }
            let target = try cast.target(route, row.ground)
            for (role, mark) in zip(PageMatrix.order, row.marks) where mark == "●" {
                let browser = try #require(cast.browsers[role])
                for format in ["csv", "json"] {
                    let asked = "\(target)?format=\(format)&header=machine&bom=0&lang="
                    let english = try await browser.get("\(asked)en")
                    guard english.header("content-type")?.hasPrefix("text/html") == false, english.status == 200 else { continue }
                    let chinese = try await browser.get("\(asked)zh-Hans").expect(200)
                    // When somebody was last seen may have moved on between the two: then the third is as the second.
                    let isSame =
                        if english.text == chinese.text { true } else {
                            try await browser.get("\(asked)en").expect(200).text == chinese.text
                        }
                    #expect(isSame, "\(route.rawValue) as \(role.rawValue): \(english.text)\n\(chinese.text)")
                    if format == "csv" { expectCodes(english.text, "\(route.rawValue) as \(role.rawValue)") }
                    found.insert(route.rawValue)
                }
            }
        }
        #expect(found.count > 20, "\(found.sorted())")
    }

    private func expectCodes(_ file: String, _ place: String) {
        let lines = file.split(separator: "\r\n", omittingEmptySubsequences: true)
        // Whoever writes quotes writes text: no code has a comma.
        guard let heads = lines.first?.split(separator: ",", omittingEmptySubsequences: false) else { return }
        for line in lines.dropFirst() where !line.contains("\"") {
            for (head, cell) in zip(heads, line.split(separator: ",", omittingEmptySubsequences: false))
            where Self.coded.contains(String(head)) && Instant(rfc3339: String(cell)) == nil {
                let isCode = cell.utf8.allSatisfy { byte in
                    (97...122).contains(byte) || (48...57).contains(byte) || [32, 45, 46, 95].contains(byte)
                }
                #expect(isCode || ["currency", "locale"].contains(head), "\(place): \(head) is \(cell)")
            }
        }
    }
}
