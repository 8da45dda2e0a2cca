import HTML
import Values

/// A letter in its reader's language: the same words as plain text and as HTML.
///
/// Where a one-time address belongs stands `secretMark`, one private-use character: it is filled in on the way out and nowhere else, so what is stored and
/// shown never holds the secret.
package struct LetterText: Sendable {
    static let secretMark: Character = "\u{E000}"

    package let subject: String
    package let text: String
    package let html: String

    /// Everything that the words are made from.
    struct Source: Sendable {
        var kind: LetterKind
        var facts: [String: LetterFact]
        var tenantName: String
        var account: (id: AccountID, name: String)?
        /// The name is nil once it has been erased.
        var subscription: (id: SubscriptionID, name: String?)?
        var readerName: String?
        var link: URLPath?
        var hasSecret: Bool
        /// The server's own address, without a slash at its end.
        var publicURL: String
        /// Whom to write to with questions; nil while no address is configured.
        var contact: String?
    }

    init(_ source: Source, _ t: Localiser) {
        let words = Words(source, t)
        subject = words.subject
        text = words.plain(t)
        html = String(decoding: HTML.document(words.markup(t)), as: UTF8.self)
    }

    /// The letter with its one-time address in place.
    static func filled(_ body: String, with url: String) -> String { body.replacing(String(secretMark), with: url) }
}

/// The parts of one letter, in words.
private struct Words {
    let source: LetterText.Source
    let subject: String
    let greeting: String
    let paragraphs: [String]
    let listed: [(label: String, value: String)]
    let tables: [(heads: [String], rows: [[String]])]
    let action: String
    /// Nil where the letter leads nowhere.
    let url: String?
    let small: [String]

    init(_ source: LetterText.Source, _ t: Localiser) {
        self.source = source
        let key = "mail.\(source.kind.rawValue)"
        var arguments = ["tenant": Self.clean(source.tenantName)]
        arguments["account"] = source.account.map { Self.clean($0.name) }
        arguments["subscription"] = source.subscription.map { Self.clean($0.name ?? $0.id.description) }
        // One of the two: an address to write to is named within a sentence, one to look at stands alone at its end.
        arguments[source.contact == nil ? "help" : "contact"] = source.contact ?? Self.help(source)
        for (name, fact) in source.facts {
            // One-time addresses live on the real clock, whatever the tenant's shows.
            if source.hasSecret, name == "expires_at", case .instant(let end) = fact {
                arguments[name] = t.realTime(end)
            } else if let text = Self.text(fact, arguments, source.facts, t) {
                arguments[name] = text
            }
        }
        // A subscription that is gone is spoken of by the name that the letter brings along.
        if arguments["subscription"] == nil { arguments["subscription"] = arguments["name"] }
        let filled = arguments
        // A subject is one line whatever its facts hold.
        subject = t.strings.paragraphs("\(key).subject", filled).first ?? t("\(key).name")
        greeting = source.readerName.map { t("mail.greeting", ["name": Self.clean($0)]) } ?? t("mail.greeting_plain")
        paragraphs = t.strings.paragraphs("\(key).body", filled)
        listed = source.kind.listed.compactMap { name in filled[name].map { (t("mail.fact.\(name)"), $0) } }
        tables = source.facts.sorted { $0.key < $1.key }.compactMap { _, fact in
            guard case .table(let columns, let rows) = fact else { return nil }
            return (
                columns.map { t("mail.column.\($0)") },
                rows.map { $0.map { Self.text($0, filled, source.facts, t) ?? t("mail.unknown") } }
            )
        }
        action = t("\(key).action")
        url = source.hasSecret ? String(LetterText.secretMark) : source.link?.absolute(at: source.publicURL)?.string
        small = Self.small(source, t, why: t("\(key).why"))
    }

    /// Why it came, about what, whom to ask.
    private static func small(_ source: LetterText.Source, _ t: Localiser, why: String) -> [String] {
        var lines = [why]
        if let account = source.account {
            lines.append(t("mail.account_line", ["name": clean(account.name), "id": account.id.description]))
        }
        if let subscription = source.subscription {
            let id = subscription.id.description
            lines.append(
                subscription.name.map { t("mail.subscription_line", ["name": clean($0), "id": id]) }
                    ?? t("mail.subscription_id_line", ["id": id]))
        }
        lines.append(t("mail.zone_line", ["zone": t.zoneLabel]))
        lines.append(
            source.contact.map { t("mail.contact_line", ["contact": $0]) } ?? t("mail.help_line", ["url": help(source)]))
        lines.append(t("mail.sent_by", ["tenant": clean(source.tenantName)]))
        return lines
    }

    private static func help(_ source: LetterText.Source) -> String {
        PageRoute.help.url().absolute(at: source.publicURL)?.string ?? ""
    }

    /// A fact in the reader's words; a table has none.
    private static func text(_ fact: LetterFact, _ arguments: [String: String], _ facts: [String: LetterFact], _ t: Localiser)
        -> String?
    {
        switch fact {
        case .text(let text): clean(text)
        case .money(let money): t.money(money)
        case .instant(let instant): t.dateTime(instant)
        case .date(let date): t.longDate(date)
        case .number(let number): t.number(number)
        case .words(let keys): keys.map { t($0, wordArguments(arguments, facts, t)) }.joined(separator: t("common.list_comma"))
        case .table: nil
        }
    }

    /// A word of the strings may itself name facts: "pay at least {minimum}".
    private static func wordArguments(_ arguments: [String: String], _ facts: [String: LetterFact], _ t: Localiser) -> [String:
        String]
    {
        var all = arguments
        if case .money(let minimum)? = facts["minimum"] { all["minimum"] = t.money(minimum) }
        return all
    }

    /// One line, without the mark of the one-time address: what people typed stays what people typed.
    private static func clean(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0 != "\u{E000}" }.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }

    // MARK: Plain text

    func plain(_ t: Localiser) -> String {
        var blocks = [greeting] + paragraphs
        if !listed.isEmpty { blocks.append(listed.map { line($0.label, $0.value, t) }.joined(separator: "\n")) }
        for table in tables {
            blocks.append(
                table.rows.map { row in
                    let named = zip(table.heads, row).dropFirst().map { "  " + line($0, $1, t) }
                    return ([row.first ?? ""] + named).joined(separator: "\n")
                }.joined(separator: "\n\n"))
        }
        if let url { blocks.append(t("mail.open", ["action": action, "url": url])) }
        return blocks.joined(separator: "\n\n") + "\n\n-- \n" + small.joined(separator: "\n") + "\n"
    }

    private func line(_ label: String, _ value: String, _ t: Localiser) -> String {
        label + (t.language == .zhHans ? "：" : ": ") + value
    }

    // MARK: HTML

    func markup(_ t: Localiser) -> HTML {
        html(.lang(t.language.tag)) {
            head {
                meta(.charset("utf-8"))
                meta(.name("viewport"), .content("width=device-width, initial-scale=1"))
                meta(.name("color-scheme"), .content("light dark"))
                title { subject }
                LetterStyle.sheet
            }
            body {
                div(.class("mail")) {
                    p(.class("from")) { source.tenantName }
                    h1 { subject }
                    content
                    div(.class("small")) { for line in small { p { line } } }
                }
            }
        }
    }

    private var content: HTML {
        group {
            p { greeting }
            for paragraph in paragraphs { p { paragraph } }
            if !listed.isEmpty { facts }
            for entry in tables { tableMarkup(entry.heads, entry.rows) }
            if let url,
                let target = source.hasSecret ? URLPath.mark(LetterText.secretMark) : source.link?.absolute(at: source.publicURL)
            {
                p { a(.class("button"), .href(target)) { action } }
                p(.class("address")) { url }
            }
        }
    }

    private var facts: HTML {
        table(.class("facts")) {
            tbody {
                for fact in listed {
                    tr {
                        th(.scope(.row)) { fact.label }
                        td { fact.value }
                    }
                }
            }
        }
    }

    private func tableMarkup(_ heads: [String], _ rows: [[String]]) -> HTML {
        table(.class("rows")) {
            thead { tr { for head in heads { th(.scope(.column)) { head } } } }
            tbody { for row in rows { tr { for cell in row { td { cell } } } } }
        }
    }
}

/// What a mail looks like. Mail programs fetch nothing, so the sheet travels with it; one that drops it shows plain, readable markup.
private enum LetterStyle {
    static let sheet: HTML = .unsafeRaw(
        """
        <style>
        :root{color-scheme:light dark}
        body{margin:0;background:#f3f4f6;color:#1f2933;font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
        .mail{max-width:600px;margin:0 auto;padding:28px 32px;background:#fff;overflow-wrap:anywhere}
        .from{margin:0 0 20px;font-weight:600;color:#52606d}
        h1{margin:0 0 16px;font-size:22px;line-height:1.35}
        p{margin:0 0 14px}
        table{border-collapse:collapse;width:100%;margin:6px 0 20px}
        th,td{padding:7px 8px;border-bottom:1px solid #d9dee4;text-align:left;font-weight:400;vertical-align:top}
        th{color:#52606d}
        .facts th{width:40%;padding-left:0}
        .rows td:nth-child(n+3),.rows th:nth-child(n+3){text-align:right;white-space:nowrap}
        .button{display:inline-block;padding:11px 20px;border-radius:6px;background:#12436d;color:#fff;font-weight:600;text-decoration:none}
        .address{color:#52606d;font-size:13px}
        .small{margin-top:26px;padding-top:16px;border-top:1px solid #d9dee4;color:#52606d;font-size:13px}
        .small p{margin:0 0 4px}
        @media (max-width:480px){.mail{padding:20px 16px}.rows th,.rows td{padding:6px 4px;font-size:14px}}
        @media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.mail{background:#161b22}.from,th,.address,.small{color:#a9b4c0}th,td,.small{border-color:#30363d}.button{background:#a5d6ff;color:#0d1117}}
        </style>
        """)
}
