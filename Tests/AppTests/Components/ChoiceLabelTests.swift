import App
import Billing
import FoundationEssentials
import HTTP
import TestSupport
import Testing

/// Whoever chooses from a list tells its entries apart by nothing but their words.
@Suite struct `The entries of a choice` {
    @Test func `have each a label of their own, on every page and in both languages`() async throws {
        let cast = try await Cast()
        var choices = 0
        for route in PageRoute.allCases where !route.isPost {
            guard let row = PageMatrix.row(route), let browser = cast.browsers[.operator] else { continue }
            let target = try cast.target(route, row.ground)
            for language in ["en", "zh-Hans"] {
                let page = try await browser.get("\(target)?lang=\(language)")
                guard page.status == 200, page.header("content-type")?.hasPrefix("text/html") == true else { continue }
                for select in page.text.matches(of: #/<select[^>]*name="([^"]*)"[^>]*>(.*?)<\/select>/#.dotMatchesNewlines()) {
                    let labels = select.output.2.matches(of: #/<option[^>]*>([^<]*)</#).map { String($0.output.1) }
                    let twice = Dictionary(grouping: labels) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
                    #expect(twice.isEmpty, "\(target) \(select.output.1) \(language): \(twice)")
                    choices += 1
                }
            }
        }
        #expect(choices > 40)
    }
}
