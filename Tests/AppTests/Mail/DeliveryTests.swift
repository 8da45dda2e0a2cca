import App
import FoundationEssentials
import Loop
import SMTP
import TestSupport
import Testing
import Values

@Suite struct `A letter` {
    /// A prepaid subscription handed over to somebody new: letters for the new one and the account's administrator, and one for the payment.
    private func handedOver(_ stem: String = "mail", name: String = "Warehouse") async throws -> (
        TestTenant, subscription: String
    ) {
        let tenant = try await TestBursar.shared.tenant(stem)
        let id = try await tenant.order("prepaid", for: tenant.account(), paying: "1000.00", name: name).expect(201).id
        let email = "\(tenant.bursar.uniqueName("wu"))@example.com"
        // She can sign in already, so that no invitation goes along.
        let (context, change) = (tenant.context, SetPassword(email: email, password: Browser.password))
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        try await tenant.request("PATCH", "/v1/subscriptions/\(id)", ["service_administrator_email": "\(email)"]).expect(200)
        return (tenant, id)
    }

    @Test func `leaves once, whole, under an ID of its own`() async throws {
        let (tenant, _) = try await handedOver(name: "Lager & Co <日志>")
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        let waiting = try await tenant.mails()
        #expect(
            waiting.map(\.kind).sorted() == [
                "payment_received", "service_administrator_changed", "service_administrator_changed",
            ])
        #expect(waiting.allSatisfy { $0.status == "waiting" && $0.subject != nil })
        #expect(try await tenant.deliver(to: catcher) == 3)
        #expect(try await tenant.deliver(to: catcher) == 0)
        #expect(catcher.caught.count == 3)
        let stored = try await tenant.mails()
        #expect(stored.allSatisfy { $0.status == "sent" && $0.attempts == 1 && $0.reply?.hasPrefix("250") == true })
        #expect(Set(stored.compactMap(\.messageID)).count == 3)
        for mail in stored {
            let caught = try #require(catcher.caught.first { $0.header("Message-ID") == "<\(mail.messageID ?? "")>" })
            #expect(caught.to == mail.email)
            #expect(caught.from == "billing@example.com")
            #expect(caught.header("From") == "\"Cloud Billing\" <billing@example.com>")
            #expect(mail.messageID == "\(mail.id)@example.com")
        }
    }

    @Test func `that the server takes later is tried again, as the same letter`() async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher { line, count in line.hasPrefix("RCPT") && count < 10 ? "451 4.7.1 greylisted" : nil }
        defer { catcher.close() }
        try await tenant.deliver(to: catcher)
        let postponed = try await tenant.mails().filter { $0.status == "waiting" }
        #expect(!postponed.isEmpty)
        #expect(postponed.allSatisfy { $0.reply == "451 4.7.1 greylisted" && $0.attempts == 1 })
        // Not before its pause is over.
        #expect(try await tenant.deliver(to: catcher) == 0)
        for _ in 0..<3 {
            try tenant.passPauses()
            try await tenant.deliver(to: catcher)
        }
        let sent = try await tenant.mails()
        #expect(sent.allSatisfy { $0.status == "sent" })
        for mail in postponed { #expect(sent.first { $0.id == mail.id }?.messageID == mail.messageID) }
        #expect(catcher.caught.count == 3)
    }

    @Test(arguments: ["RCPT", "MAIL", "DATA."])
    func `that the server refuses for good is not tried again`(verb: String) async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher { line, _ in line.hasPrefix(verb) ? "550 5.1.1 no such user" : nil }
        defer { catcher.close() }
        try await tenant.deliver(to: catcher)
        let mails = try await tenant.mails()
        #expect(mails.allSatisfy { $0.status == "refused" && $0.reply == "550 5.1.1 no such user" })
        #expect(try await tenant.deliver(to: catcher) == 0)
    }

    @Test func `waits while nobody listens, and goes out over days before it is given up`() async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher()
        catcher.close()
        for attempt in 1...MailRetry.pauses.count + 1 {
            try await tenant.deliver(to: catcher)
            let mails = try await tenant.mails()
            let isOver = attempt > MailRetry.pauses.count
            #expect(mails.allSatisfy { $0.status == (isOver ? "failed" : "waiting") && $0.attempts == attempt }, "\(mails)")
            try tenant.passPauses()
        }
        #expect(MailRetry.pauses.reduce(0, +) > 2 * 86_400)
    }

    @Test func `whose server was killed after handing it over comes again under the same ID`() async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        try await tenant.deliver(to: catcher)
        // The first server died before it could write down what it had done: the lease runs out.
        try tenant.force(
            """
            update mails set status = 'waiting', sent_at = null, smtp_reply = null, next_attempt_at = now() - interval '1 second' where tenant_id = $tenant
            """)
        try await tenant.deliver(to: catcher)
        #expect(catcher.caught.count == 6)
        #expect(Set(catcher.caught.compactMap { $0.header("Message-ID") }).count == 3)
    }

    @Test func `is not sent by a second server while a first one holds it`() async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        try await tenant.writeLetters()
        async let first = tenant.deliver(to: catcher)
        async let second = tenant.deliver(to: catcher)
        async let third = tenant.deliver(to: catcher)
        _ = try await (first, second, third)
        #expect(catcher.caught.count == 3)
        #expect(Set(catcher.caught.compactMap { $0.header("Message-ID") }).count == 3)
    }

    @Test func `with line ends in a name has one more word and no more headers`() async throws {
        let (tenant, id) = try await handedOver()
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        try tenant.force(
            """
            update subscriptions set name = E'Ware\\r\\nBcc: thief@example.org\\r\\n\\r\\n.\\r\\nQUIT' where tenant_id = $tenant
            """)
        try tenant.force("update users set first_name = E'Mei\\r\\nRCPT TO:<x@y.z>' where tenant_id = $tenant")
        _ = id
        try await tenant.deliver(to: catcher)
        #expect(catcher.caught.count == 3)
        for mail in catcher.caught {
            #expect(mail.header("Bcc") == nil)
            #expect(!mail.data.split(separator: "\r\n").contains { $0.hasPrefix("Bcc:") })
            #expect(mail.to.hasSuffix("@example.com"))
            #expect(mail.header("MIME-Version") == "1.0")
        }
    }

    @Test func `to an address that is none is refused by us`() async throws {
        let (tenant, _) = try await handedOver()
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        try tenant.force("update mails set email = 'a b@example.com' where tenant_id = $tenant and kind = 'payment_received'")
        try await tenant.writeLetters()
        try tenant.force("update mails set email = E'a@b.cn\\r\\nx' where tenant_id = $tenant and kind = 'payment_received'")
        try await tenant.deliver(to: catcher)
        #expect(
            try await tenant.mails("payment_received").allSatisfy { $0.status == "refused" && $0.reply == "no valid address" })
        #expect(catcher.caught.count == 2)
    }

    @Test func `with a one-time link shows it to the reader alone, and keeps it no longer than needed`() async throws {
        let tenant = try await TestBursar.shared.tenant("secret")
        let catcher = try SMTPCatcher()
        defer { catcher.close() }
        let (context, bursar) = (tenant.context, tenant.bursar)
        let account = try await tenant.account()
        let email = "\(bursar.uniqueName("new"))@example.com"
        let expires = Instance.realNow().adding(seconds: 3_600)
        try await bursar.instance.loop.run {
            for kind in [LetterKind.invitation, .passwordReset] {
                try await context.work { write in
                    write.send(
                        Letter(
                            kind, to: .init(user: nil, email: email), account: AccountID(account),
                            facts: [
                                "role": .word("role.finance"),
                                "expires_at": .instant(kind == .invitation ? expires : expires.adding(days: -1)),
                            ],
                            secretPath: "/invitations/s3cr3t-token", cause: UUID()))
                }
            }
        }
        let waiting = try await tenant.mails()
        #expect(waiting.allSatisfy { $0.hasSecret && !($0.text ?? "").contains("s3cr3t") && !($0.html ?? "").contains("s3cr3t") })
        try await tenant.deliver(to: catcher)
        #expect(catcher.caught.count == 1)
        #expect(catcher.caught[0].data.replacing("=\r\n", with: "").contains("/invitations/s3cr3t-token"))
        let after = try await tenant.mails()
        #expect(after.allSatisfy { !$0.hasSecret && !($0.text ?? "").contains("s3cr3t") })
        #expect(after.map(\.status) == ["sent", "failed"])
    }
}
