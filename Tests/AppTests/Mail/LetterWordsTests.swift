import FoundationEssentials
import HTML
import TestSupport
import Testing
import Values

@testable import App

/// Every kind of letter in both languages, with everything it may know and with nothing beyond what it must.
@Suite struct `The words of a letter` {
    private static let at = Instant(secondsSinceEpoch: 1_763_000_000)

    private func facts() throws -> [String: LetterFact] {
        let money = LetterFact.money(try Money("1234.50", currency: .cny))
        let instant = LetterFact.instant(Self.at)
        let date = try LetterFact.date(#require(CivilDate(year: 2025, month: 11, day: 17)))
        return [
            "role": .word("role.finance"), "url": .text("https://example.com/hooks"), "expires_at": instant, "at": instant,
            "new": .text("Mei Lin"), "old": .text("Wu"),
            "amount": money,
            "reference": .text("BR-1"), "debt": money, "credit": money, "outstanding": money, "remaining": money, "bought": money,
            "cost": money,
            "reason": .words(["reason.requested", "reason.cancelled"]), "order": .text("ord_1"), "payment": .text("pay_1"),
            "on": date,
            "from": date, "to": date, "percent": .number(10), "days": .number(7), "retention": .number(90),
            "suspended_at": instant, "held": money, "received": money, "forfeited": money, "owed": money,
            "delete_at": instant, "todo": .word("mail.todo.pay"), "minimum": money, "subscription_id": .text("sub_1"),
            "rule": .text("L2"),
            "digest": .text("abc"), "by": .word("mail.two_step_by.provider"),
            "agreement": .text("EA 2026"), "commitment": money, "posted": money, "commitment_left": money, "overage": money,
            "subscriptions": .table(
                ["subscription", "state", "remaining", "days_left", "delete_at", "cost"],
                [[.text("Warehouse"), .word("state.active"), money, .number(12), instant, money]]),
        ]
    }

    private func letter(
        _ kind: LetterKind, _ facts: [String: LetterFact], _ language: Language, secret: Bool = false,
        contact: String? = "help@example.com"
    ) throws -> LetterText {
        let t = try ProjectFolder.localiser(language)
        return LetterText(
            LetterText.Source(
                kind: kind, facts: facts, tenantName: "Northwind",
                account: (AccountID(at: Self.at, random: (1, 2)), "Harbour & Sons"),
                subscription: (SubscriptionID(at: Self.at, random: (3, 4)), "Ware<b>house"), readerName: "Mei",
                link: PageRoute.help.url(),
                hasSecret: secret, publicURL: "https://portal.example.com", contact: contact), t)
    }

    @Test(arguments: LetterKind.allCases, Language.allCases)
    func `are whole in every kind and language`(kind: LetterKind, language: Language) throws {
        let whole = try letter(kind, facts(), language)
        for text in [whole.subject, whole.text, whole.html] {
            #expect(!text.contains("{") || text.contains("<style>"), "\(text)")
            #expect(!text.contains("⟦"), "\(text)")
        }
        #expect(!whole.subject.contains("\n"))
        #expect(whole.text.contains("https://portal.example.com/help"))
        #expect(whole.text.contains("help@example.com"))
        #expect(whole.text.contains("Harbour & Sons"))
        #expect(whole.html.contains("Harbour &amp; Sons"))
        #expect(!whole.html.contains("Ware<b>house"))
        #expect(whole.html.contains("<html lang=\"\(language.tag)\">"))
        // Whatever is not known is left out, never shown as a hole.
        let bare = try letter(kind, [:], language)
        #expect(!bare.text.contains("{") && !bare.text.contains("⟦"), "\(bare.text)")
        #expect(!bare.subject.isEmpty)
    }

    @Test(arguments: [(Language.en, "Questions about this debt"), (.zhHans, "关于该欠费的疑问")])
    func `name an address to write to, or else one to look at, which ends its paragraph`(language: Language, words: String) throws
    {
        let named = try letter(.deleted, facts(), language)
        let ending = language == .en ? "go to help@example.com." : "，请联系 help@example.com。"
        let help = (language == .en ? "? See: " : "，请查看：") + "https://portal.example.com/help"
        let bare = try letter(.deleted, facts(), language, contact: nil)
        #expect(named.text.contains("\(words)\(language == .en ? " " : "")\(ending)\n\n") && !named.text.contains(words + help))
        #expect(bare.text.contains("\(words)\(help)\n\n") && bare.html.contains("\(words)\(help)</p>"), "\(bare.text)")
        for letter in [named, bare] { #expect(letter.text.components(separatedBy: words).count == 2, "\(letter.text)") }
        // Without a debt there is nothing to ask about.
        var paid = try facts()
        paid["owed"] = nil
        #expect(try !letter(.deleted, paid, language, contact: nil).text.contains(words))
    }

    @Test func `hold the place of a one-time link and nothing else there`() throws {
        let letter = try letter(.invitation, facts(), .en, secret: true)
        #expect(letter.text.contains("Accept the invitation: \u{E000}"))
        #expect(LetterText.filled(letter.text, with: "https://x/y").contains("Accept the invitation: https://x/y\n"))
        var evil = try facts()
        evil["new"] = .text("Mei \u{E000} Lin")
        let handover = try self.letter(.serviceAdministratorChanged, evil, .en)
        #expect(!handover.text.contains("\u{E000}"))
    }

    @Test func `before a suspension say that the data cannot be backed up`() throws {
        for kind in [LetterKind.balanceNotice, .creditLow, .creditExpiring, .suspended, .deletionCountdown] {
            #expect(try letter(kind, facts(), .en).text.contains("cannot be backed up"))
            #expect(try letter(kind, facts(), .zhHans).text.contains("无法备份"))
        }
    }

    @Test func `of a deletion name a debt only where there is one, and then whom to ask`() throws {
        for (language, owed, asked) in [
            (
                Language.en, "CN¥1,234.50 was still owed for it. Nobody can pay this any more",
                "about this debt go to help@example.com."
            ),
            (.zhHans, "删除时仍欠费 ¥1,234.50，已无法支付", "关于该欠费的疑问，请联系 help@example.com。"),
        ] {
            let whole = try letter(.deleted, facts(), language)
            for body in [whole.text, whole.html] { #expect(body.contains(owed) && body.contains(asked), "\(body)") }
            var clear = try facts()
            clear["owed"] = nil
            let none = try letter(.deleted, clear, language)
            for body in [none.text, none.html] { #expect(!body.contains(asked) && !body.contains(owed), "\(body)") }
        }
    }

    @Test func `come in the reader's language before the account's`() async throws {
        let tenant = try await TestBursar.shared.tenant("words", locale: "zh-Hans")
        let id = try await tenant.prepaid()
        #expect(try await tenant.mails("payment_received").map(\.language) == ["en"])
        try tenant.force("update users set locale = 'zh-Hans' where tenant_id = $tenant")
        try await tenant.pay(id, "1000.00").expect(200)
        let mails = try await tenant.mails("payment_received")
        #expect(mails.map(\.language) == ["en", "zh-Hans"])
        #expect(try #require(mails[1].subject).contains("¥1,000.00"))
    }

    @Test func `keep their facts through the database`() throws {
        let facts = try facts()
        #expect(LetterFact.read(LetterFact.text(of: facts)) == facts)
    }
}
