/// The languages that pages, mails and documents are complete in.
package enum Language: String, Sendable, CaseIterable {
    case en
    case zhHans = "zh-Hans"

    /// The BCP 47 tag, as in `<html lang>`.
    package var tag: String { rawValue }

    /// How the language calls itself, for the switch.
    package var ownName: String {
        switch self {
        case .en: "English"
        case .zhHans: "中文"
        }
    }

    /// The one that the switch leads to.
    package var other: Language { self == .en ? .zhHans : .en }

    /// Reads a tag of a query, a cookie or a header: `en` and `en-GB` are English; `zh`, `zh-CN`, `zh-SG` and `zh-Hans-…` are
    /// Simplified Chinese. Traditional Chinese is another script, so it is none of ours.
    package init?(tag: some StringProtocol) {
        let parts = tag.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        switch parts.first {
        case "en": self = .en
        case "zh" where parts.count == 1 || ["cn", "sg", "hans"].contains(parts[1]): self = .zhHans
        default: return nil
        }
    }

    /// The first of ours in the order of the reader's wishes (RFC 9110 section 12.5.4); nil when none is wished for.
    package init?(acceptLanguage header: String) {
        var best: (language: Language, quality: Int)?
        for range in header.split(separator: ",").prefix(32) {
            let parts = range.split(separator: ";")
            guard let tag = parts.first, let language = Language(tag: tag.filter { $0 != " " }) else { continue }
            let quality = parts.dropFirst().lazy.compactMap(Self.quality).first ?? 1_000
            guard quality > best?.quality ?? 0 else { continue }
            best = (language, quality)
        }
        guard let best else { return nil }
        self = best.language
    }

    /// `q=0.8` in thousandths; nil for another parameter, 0 for a value that is no number.
    private static func quality(_ parameter: Substring) -> Int? {
        let text = parameter.filter { $0 != " " }.lowercased()
        guard text.hasPrefix("q=") else { return nil }
        let digits = text.dropFirst(2).split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = digits.first.flatMap({ Int($0) }), digits.count <= 2 else { return 0 }
        let fraction = digits.count == 2 ? Int((digits[1] + "000").prefix(3)) ?? 0 : 0
        return min(whole * 1_000 + fraction, 1_000)
    }
}
