import HTML
import App
import Billing
import FoundationEssentials
import HTML
import Testing
import Values

/// The project's folder, found from this file: the tests read the real strings and styles.
enum ProjectFolder {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let web = root.appending(path: "Web")

    static func localiser(_ language: Language, zone: String = "Asia/Shanghai", now: String = "2026-11-20T06:05:00Z") throws
        -> Localiser
    {
        let strings = try Localisation(folder: web.appending(path: "strings"))[language]
        return Localiser(
            strings: strings, zone: try #require(TimeZoneRule(identifier: zone)), now: try #require(Instant(rfc3339: now)))
    }
}

@Suite struct LanguageTests {
    @Test(arguments: [
        ("en", Language.en), ("en-GB", .en), ("EN", .en), ("zh", .zhHans), ("zh-CN", .zhHans), ("zh-SG", .zhHans),
        ("zh-Hans", .zhHans), ("zh-hans-cn", .zhHans),
    ])
    func `a tag of ours is known`(tag: String, language: Language) {
        #expect(Language(tag: tag) == language)
    }

    @Test(arguments: ["", "de", "zh-TW", "zh-Hant", "zh-Hant-HK", "english", "e", "../en"])
    func `any other tag is none of ours`(tag: String) {
        #expect(Language(tag: tag) == nil)
    }

    @Test(arguments: [
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.zhHans), ("en-US,en;q=0.9", .en), ("de-DE, zh;q=0.5, en;q=0.7", .en),
        ("fr, zh-TW, zh-CN;q=0.1", .zhHans), ("en;q=0, zh;q=0.001", .zhHans), ("en;q=0.5,zh;q=0.5", .en),
    ])
    func `the header's wishes decide`(header: String, language: Language) {
        #expect(Language(acceptLanguage: header) == language)
    }

    @Test(arguments: ["", "de", "*", "en;q=0", "en;q=abc", ";;;,,,"])
    func `a header without a wish for one of ours decides nothing`(header: String) {
        #expect(Language(acceptLanguage: header) == nil)
    }
}

@Suite struct StringsTests {
    @Test func `places, choices and markup are filled`() throws {
        let t = try ProjectFolder.localiser(.en)
        #expect(t("relative.in_days", ["days": "1"]) == "in 1 day")
        #expect(t("relative.in_days", ["days": "12"]) == "in 12 days")
        #expect(t.html("subscription.until", ["date": t.dateElement(t.now)]).markup.contains("until <time"))
    }

    @Test func `a value is never taken for a place`() throws {
        let t = try ProjectFolder.localiser(.en)
        #expect(t("payment.again_title", ["name": "{amount} <b>"]) == "Pay again for {amount} <b>")
    }

    @Test func `roles have their names in a text, and where none is known the table of roles is named`() throws {
        let t = try ProjectFolder.localiser(.zhHans)
        #expect(t("error.role_forbids.detail", ["roles": "finance operator"]).hasSuffix("有此权限的角色：财务、运营人员。"))
        for arguments in [[:], ["roles": ""]] {
            #expect(t("error.role_forbids.detail", arguments).hasSuffix("有此权限的角色：请见“角色权限”页。"))
        }
    }

    @Test func `the full stop of a name ends its sentence too`() throws {
        let t = try ProjectFolder.localiser(.en)
        for (name, words) in [
            ("Example LTD.", "in Example LTD. Roles"), ("Example", "in Example. Roles"), ("Wait...", "in Wait... Roles"),
        ] {
            #expect(t("members.lede", ["owner": name]).contains(words))
        }
    }

    @Test func `a key that does not exist shows itself`() throws {
        #expect(try ProjectFolder.localiser(.zhHans)("no.such.key") == "⟦no.such.key⟧")
    }

    @Test(arguments: Language.allCases)
    func `every name of the domain has its word`(language: Language) throws {
        let t = try ProjectFolder.localiser(language)
        let words =
            SubscriptionState.allCases.map(t.word) + SuspensionReason.allCases.map(t.word) + Offer.allCases.map(t.word)
            + Role.allCases.map(t.word) + AccountKind.allCases.map(t.word) + TransitionType.allCases.map(t.word)
        #expect(words.allSatisfy { !$0.contains("⟦") && !$0.isEmpty })
        #expect(Set(SubscriptionState.allCases.map(t.word)).count == SubscriptionState.allCases.count)
        #expect(Set(SuspensionReason.allCases.map(t.word)).count == SuspensionReason.allCases.count)
    }

    @Test func `every refusal of the rules has a title and a way out`() throws {
        let codes =
            LifecycleRefusal.allCases.map(\.code) + PaymentRefusal.allCases.map(\.code) + PermissionDenial.allCases.map(\.code)
        for language in Language.allCases {
            let strings = try ProjectFolder.localiser(language).strings
            for code in codes {
                #expect(strings.has("error.\(code).title"), "\(code)")
                #expect(strings.has("error.\(code).detail"), "\(code)")
            }
        }
    }

    @Test func `Chinese texts are Chinese and English ones are not`() throws {
        let english = try ProjectFolder.localiser(.en).strings
        let chinese = try ProjectFolder.localiser(.zhHans).strings
        func hasHan(_ text: String) -> Bool { text.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } }
        let same: Set = ["shell.api", "history.note"]
        for key in english.keys.sorted() where !same.contains(key) {
            #expect(!hasHan(english(key)), "\(key)")
            let isSymbolOnly = !chinese(key).replacing(#/\{[a-z_]+\}/#, with: "").contains { $0.isLetter }
            #expect(hasHan(chinese(key)) || isSymbolOnly || key == "date.long", "\(key): \(chinese(key))")
        }
    }

    @Test func `Chinese texts use full-width punctuation between Han characters`() throws {
        let chinese = try ProjectFolder.localiser(.zhHans).strings
        for key in chinese.keys.sorted() {
            let characters = Array(chinese(key))
            for (index, character) in characters.enumerated() where ",;?!:()".contains(character) && index > 0 {
                let before = characters[index - 1].unicodeScalars.first.map { (0x4E00...0x9FFF).contains($0.value) } ?? false
                #expect(!before, "\(key): \(chinese(key))")
            }
        }
    }

    /// "Nothing to lift: no reason: overdue" is one colon too many, in either language; no mark stands twice, and none after a full stop.
    @Test(arguments: Language.allCases) func `a sentence has one colon at most, and no mark twice`(language: Language) throws {
        let strings = try ProjectFolder.localiser(language).strings
        for key in strings.keys.sorted() where !key.hasPrefix("docs.guide.") {
            let text = strings(key)
            #expect(!text.contains(#/[:：]\s*[:：]|[。！？]\s*[。：，]|[^.]\.\s*\.(?:[^.]|$)|[.!?]。|[，,]\s*[，,]/#), "\(key): \(text)")
            for sentence in text.split(separator: #/[。；？！\n]|[.;?!] /#) {
                #expect(sentence.matches(of: #/：|:(?= |$)/#).count < 2, "\(key): \(text)")
            }
        }
    }

    @Test func `every key in the program's code exists, and every key in the files is used`() throws {
        let strings = try ProjectFolder.localiser(.en).strings
        let sources = ProjectFolder.root.appending(path: "Sources/App")
        let asked = try KeyScan.asked(in: sources)
        let missing = asked.filter { !strings.has($0) }
        #expect(asked.count > 200)
        #expect(missing.isEmpty, "\(missing.sorted())")
        let exhibits = ProjectFolder.root.appending(path: "Tests/AppTests/Components")
        let written = try KeyScan.written(in: sources).union(try KeyScan.written(in: exhibits))
        let dynamic = KeyScan.dynamicPrefixes
        let unused = strings.keys.filter { key in !written.contains(key) && !dynamic.contains { key.hasPrefix($0) } }
        #expect(unused.isEmpty, "\(unused.sorted())")
    }
}

@Suite struct FormattingTests {
    private func money(_ minor: Int64, _ code: String) throws -> Money {
        Money(minor: minor, currency: try #require(Currency(code)))
    }

    @Test(arguments: [
        (Int64(123_450), "CNY", "CN¥1,234.50", "¥1,234.50"), (0, "CNY", "CN¥0.00", "¥0.00"), (-5, "CNY", "−CN¥0.05", "−¥0.05"),
        (100_000_000_000, "USD", "US$1,000,000,000.00", "US$1,000,000,000.00"), (1_234_567, "JPY", "¥1,234,567", "JP¥1,234,567"),
        (-1_234_567, "KWD", "−KWD\u{A0}1,234.567", "−KWD\u{A0}1,234.567"), (99_999, "EUR", "€999.99", "€999.99"),
    ])
    func `money shows every minor unit in the reader's way`(minor: Int64, code: String, english: String, chinese: String) throws {
        let amount = try money(minor, code)
        #expect(try ProjectFolder.localiser(.en).money(amount) == english)
        #expect(try ProjectFolder.localiser(.zhHans).money(amount) == chinese)
    }

    @Test func `what is shown is what is stored, for every minor unit`() throws {
        let t = try ProjectFolder.localiser(.en)
        let edges: [Int64] = [0, 1, 9, 10, 99, 100, 101, 999, 1_000, 99_999, 100_000, 12_345_678, Int64.max, -Int64.max]
        for minor in edges + (0..<2_000).map(Int64.init) {
            for code in ["CNY", "JPY", "KWD"] {
                let amount = try money(minor, code)
                let digits = t.amount(amount).replacing(",", with: "").replacing("−", with: "-")
                #expect(digits == amount.decimalString)
            }
        }
    }

    @Test(arguments: [
        ("1234567.00000015", "1,234,567.00000015"), ("0.000012", "0.000012"), ("-1234", "−1,234"), ("12.50", "12.5"),
        ("999", "999"),
    ])
    func `a price keeps its decimals and loses its trailing zeros`(value: String, shown: String) throws {
        #expect(try ProjectFolder.localiser(.en).decimal(try #require(ExactDecimal(value))) == shown)
    }

    @Test func `dates are the same in both languages, sentences are not`() throws {
        let english = try ProjectFolder.localiser(.en)
        let chinese = try ProjectFolder.localiser(.zhHans)
        let instant = try #require(Instant(rfc3339: "2026-11-20T16:05:09.00025Z"))
        for t in [english, chinese] {
            #expect(t.dateTime(instant) == "2026-11-21 00:05")
            #expect(t.date(instant) == "2026-11-21")
            #expect(t.exactTime(instant) == "2026-11-21 00:05:09.000250")
            #expect(t.zoneLabel == "UTC+8 Asia/Shanghai")
            #expect(t.machineTime(instant) == "2026-11-21T00:05:09+08:00")
        }
        #expect(english.longDate(instant) == "21 November 2026")
        #expect(chinese.longDate(instant) == "2026年11月21日")
        #expect(english.dayAndMonth(english.zone.date(at: instant)) == "21 November")
    }

    @Test(arguments: [
        ("UTC", "UTC"), ("Asia/Kolkata", "UTC+5:30 Asia/Kolkata"), ("America/St_Johns", "UTC−3:30 America/St_Johns"),
    ])
    func `the zone is named with its present offset`(zone: String, label: String) throws {
        #expect(try ProjectFolder.localiser(.en, zone: zone).zoneLabel == label)
    }

    @Test(arguments: [
        ("2026-11-20T15:59:59Z", "today", "今天"), ("2026-11-20T16:00:00Z", "in 1 day", "1 天后"),
        ("2027-02-18T06:05:00Z", "in 90 days", "90 天后"),
        ("2026-11-19T15:59:59Z", "1 day ago", "1 天前"),
    ])
    func `distances are counted in the account's civil days`(at: String, english: String, chinese: String) throws {
        let instant = try #require(Instant(rfc3339: at))
        #expect(try ProjectFolder.localiser(.en).relativeDays(to: instant) == english)
        #expect(try ProjectFolder.localiser(.zhHans).relativeDays(to: instant) == chinese)
    }
}

/// Finds the keys that the program's code writes: string literals that look like `family.name`.
enum KeyScan {
    /// Families of keys that the code builds from names of the domain, of the store or of the date.
    static let dynamicPrefixes = [
        "month.", "state.", "reason.", "offer.", "role.", "account_kind.", "actor.", "transition.", "timer.", "rule.", "next.",
        "error.",
        "certificate.erased_kind.", "certificate.kept_kind.", "payment.first_title", "payment.again_title",
        "payment.upgrade_title",
        "subscription.pending_text", "form.", "usage.rejection.", "help.state.", "shell.theme_", "usage.csv.",
        "desk.kind.", "desk.order_", "desk.method_of.", "desk.moved.", "desk.flash.", "desk.suspend_", "desk.lift_",
        "identity.status_word.", "desk.asked_status.", "offers.number_of.", "jobs.state.", "jobs.none.", "jobs.none_text.",
        "audit.action.", "audit.object.", "audit.field.", "audit.filter.", "roles.scope.", "permission.",
        "link.", "profile.theme_",
        "many.", "deed.", "operations.", "accounts.language_of.",
        "mail.", "members.state_", "members.role_",
        "notifications.status_",
        "list.format_", "list.sort_instant_", "list.sort_text_", "list.sort_number_", "department.quota_", "payment.continue_",
        "orders.status_", "orders.kind_",
        "billing.csv.", "usage_page.by_",
        "keys.column.", "keys.rotate", "keys.revoke",
        "order_new.", "payments.status_", "payments.method_", "payments.decline_", "remittances.status_", "remittances.lede_",
        "remittances.ground_", "docs.guide.", "docs.rule.", "webhooks.", "docs.audience.", "problem.", "page_error.",
    ]
    /// The keys that a localiser is asked for by name: `t("…")`, `t.html("…")`, `self("…")`.
    static func asked(in folder: URL) throws -> Set<String> {
        let call = #/\b(?:t|t\.html|self|strings)\(\s*"([a-z0-9_.]+\.[a-z0-9_.]+)"/#
        return Set(try texts(in: folder).flatMap { text in text.matches(of: call).map { String($0.output.1) } })
    }

    /// Every literal that could be a key.
    static func written(in folder: URL) throws -> Set<String> {
        let literal = #/"([a-z0-9_]+\.[a-z0-9_.]+)"/#
        return Set(try texts(in: folder).flatMap { text in text.matches(of: literal).map { String($0.output.1) } })
    }

    /// The actions that the code audits by name.
    static func actions(in folder: URL) throws -> Set<String> {
        let call = #/[.]audit\(\s*"([a-z_]+\.[a-z_]+)"/#
        return Set(try texts(in: folder).flatMap { text in text.matches(of: call).map { String($0.output.1) } })
    }

    private static func texts(in folder: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
    }
}
