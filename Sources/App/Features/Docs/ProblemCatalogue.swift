/// Every error code that has words: refusals of requests and pages, and what is said of a single usage event.
package struct ProblemCatalogue: Sendable {
    package let strings: Strings

    package init(_ strings: Strings) { self.strings = strings }

    /// In the order of the alphabet.
    package var codes: [String] { (refusals + verdicts).sorted() }

    private var refusals: [String] {
        strings.keys.filter { $0.hasPrefix("error.") && $0.hasSuffix(".title") }.map { String($0.dropFirst(6).dropLast(6)) }
            .filter { !$0.hasPrefix("status_") }
    }
    /// Codes of usage events that no request is refused with.
    private var verdicts: [String] {
        let known = Set(refusals)
        return strings.keys.filter { $0.hasPrefix("usage.rejection.") }.map { String($0.dropFirst(16)) }
            .filter { !known.contains($0) }
    }

    package func has(_ code: String) -> Bool {
        strings.has("error.\(code).title") && !code.hasPrefix("status_") || strings.has("usage.rejection.\(code)")
    }

    package func title(_ code: String) -> String {
        Self.withoutPlaces(
            strings.has("error.\(code).title") ? strings("error.\(code).title") : strings("usage.rejection.\(code)"))
    }
    /// What the answer itself says; its own values are left open.
    package func detail(_ code: String) -> String? {
        strings.has("error.\(code).detail") ? Self.withoutPlaces(strings("error.\(code).detail")) : nil
    }
    package func cause(_ code: String) -> String? { words("problem.\(code).cause") }
    package func cure(_ code: String) -> String? { words("problem.\(code).cure") }

    private func words(_ key: String) -> String? { strings.has(key) ? strings(key) : nil }

    /// What only one answer's own values would fill is left open; of a number's forms the last is taken.
    private static func withoutPlaces(_ text: String) -> String {
        var (out, place): (String, String?) = ("", nil)
        for character in text {
            switch (character, place) {
            case ("{", _): place = ""
            case ("}", let inside?):
                out += inside.split(separator: "|").count > 1 ? inside.split(separator: "|").last.map(String.init) ?? "" : "…"
                place = nil
            case (_, let inside?): place = inside + String(character)
            default: out.append(character)
            }
        }
        return out
    }

    /// The lowest status that the API refuses with under this code; nil for what only pages or usage events are told.
    package static func status(_ code: String, _ reference: APIReference) -> Int? {
        Endpoint.allCases.compactMap { endpoint in
            RefusalCodes.all(of: endpoint, reference).filter { $0.value.contains(code) }.keys.min()
        }.min()
    }

    /// Which endpoints were seen to give it, and with which status.
    package static func places(_ code: String, _ reference: APIReference) -> [(endpoint: Endpoint, status: Int)] {
        Endpoint.allCases.flatMap { endpoint in
            RefusalCodes.own(of: endpoint, reference).filter { $0.codes.contains(code) }.map { (endpoint, $0.status) }
        }
    }
}
