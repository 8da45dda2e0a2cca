import App
import HTTP
import TestSupport
import Testing

@Suite struct `The pages of payments` {
    @Test func `lead from the amount by the method to the transfer's details, once however often the form is sent`() async throws
    {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let browser = try await story.person("account_admin")
        let methods = try await browser.get("\(story.overview)/pay/method?amount=1500").expect(200)
        #expect(methods.text.contains("Bank transfer") && methods.text.contains("Sandbox payment"))
        let review = try await browser.review("\(story.overview)/pay/review?amount=1500&method=bank_transfer")
        #expect(review.text.contains("CN¥3,500.00"))
        let hidden = browser.hiddenFields
        let first = try await browser.post("\(story.overview)/pay", hidden: hidden)
        let second = try await browser.post("\(story.overview)/pay", hidden: hidden)
        #expect(first.status == 303 && first.headers["location"] == second.headers["location"])
        let page = first.headers["location"] ?? ""
        let transfer = try await browser.get(page).expect(200)
        #expect(
            transfer.text.contains("RF") && transfer.text.contains("6222 0000 1234")
                && transfer.text.contains("Transfer CN¥1,500.00"))
        #expect(try await browser.get("/accounts/\(story.account)/payments").expect(200).text.contains("Waiting"))
        let list = "/accounts/\(story.account)/payments"
        let id = page.split(separator: "/").last.map(String.init) ?? ""
        for search in ["q=\(id)", "method=bank_transfer&status=pending", "from=2025-01-01&to=2025-01-01&method=bank_transfer"] {
            let found = try await browser.get("\(list)?\(search)").expect(200)
            #expect(found.text.contains("Rows 1–1 of 1") && found.text.contains("Clear all"), "\(search)")
            let file = try await browser.get("\(list)?\(search)&format=csv&header=machine&cols=amount").expect(200)
            #expect(file.text.hasPrefix("\u{FEFF}id,reference,created_at,amount,currency\r\n\(id),RF"), "\(search)")
        }
        #expect(try await browser.get("\(list)?to=2024-12-31").expect(200).text.contains("No payments match"))
        let curl = try await browser.get("\(list)?from=2025-01-01&status=pending").expect(200)
        #expect(
            curl.text.contains(
                "/v1/payments?account_id=\(story.account)&amp;status=pending&amp;from=2024-12-31T16%3A00%3A00Z"))
        let sorting = try await browser.get("\(list)?sort=created_at&status=pending").expect(200)
        #expect(sorting.text.contains("<option value=\"created_at\" selected>Asked for, earliest first"))
        #expect(sorting.text.contains("class=\"sort-form\"") && sorting.text.contains("aria-sort=\"ascending\""))
        try await browser.get(page).expect(200)
        try await browser.post("\(page)/cancel").expect(303)
        #expect(try await browser.get(page).expect(200).text.contains("was given up"))
        try await story.tenant.invariants()
    }

    @Test(arguments: [("1004.02", "was declined", "not enough money"), ("1004.08", "is waiting", "has not decided")])
    func `show what became of a payment, in words`(amount: String, title: String, words: String) async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        _ = try await browser.review("\(story.overview)/pay/review?amount=\(amount)")
        let sent = try await browser.post("\(story.overview)/pay").expect(303)
        let page = try await browser.get(sent.headers["location"] ?? "").expect(200)
        #expect(page.text.contains(title) && page.text.contains(words))
        for language in ["en", "zh-Hans"] {
            #expect(try await !browser.get("\(sent.headers["location"] ?? "")?lang=\(language)").expect(200).text.contains("⟦"))
        }
    }

    @Test func `let the operator write down, match with before and after, and return`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let payment = try await story.tenant.transfer(story.subscription, "1500.00")
        let browser = try await story.person("operator")
        try await browser.get("/operator/remittances/new").expect(200)
        let hidden = browser.hiddenFields
        try await browser.post("/operator/remittances", ["bank_number": "", "amount": "1"], hidden: hidden).expect(422)
        let sent = try await browser.post(
            "/operator/remittances",
            [
                "bank_number": "B-1", "amount": "1,600.00", "currency": "CNY", "words": "for \(payment.reference)",
                "payer": "Harbour",
            ],
            hidden: hidden
        ).expect(303)
        let page = sent.headers["location"] ?? ""
        #expect(try await browser.get(page).expect(200).text.contains("the reference"))
        let review = try await browser.get("\(page)/match?payment=\(payment.id)").expect(200)
        #expect(review.text.contains("CN¥3,500.00") && review.text.contains("CN¥100.00 is more than was asked for"))
        try await browser.post("\(page)/match").expect(303)
        #expect(try await browser.get(page).expect(200).text.contains("Rest waits"))
        let desk = "/operator/remittances"
        let waiting = try await browser.get(desk).expect(200)
        #expect(waiting.text.contains("Rest waits") && waiting.text.contains("Remove filter State: What waits"))
        #expect(waiting.text.contains("href=\"/operator/remittances?status=\""))
        try await browser.get("\(page)/return").expect(200)
        try await browser.post("\(page)/return", ["note": ""]).expect(422)
        try await browser.post("\(page)/return", ["note": "Sent back today"]).expect(303)
        #expect(try await browser.get(desk).expect(200).text.contains("Nothing waits"))
        let all = try await browser.get("\(desk)?status=&sort=received_at").expect(200)
        #expect(all.text.contains("Rows 1–1 of 1") && all.text.contains("Returned") && !all.text.contains("Remove filter"))
        for search in ["q=B-1&status=", "q=\(payment.reference)&status=", "status=returned"] {
            let file = try await browser.get("\(desk)?\(search)&format=csv&header=machine").expect(200)
            #expect(file.text.split(separator: "\r\n").count == 2, "\(search)")
            #expect(file.text.contains(",1600.00,CNY,0.00,") && file.text.contains(payment.id), "\(search)")
        }
        let told = try await story.tenant.get("/v1/remittances?status=waiting").expect(200)
        #expect(told.list("data").isEmpty)
        #expect(try await browser.get(page).expect(200).text.contains("Sent back today"))
        #expect(try await story.tenant.subscription(story.subscription)["credit.remaining.amount"] == "3500.00")
        try await story.tenant.invariants()
    }

    @Test func `name everything that is wrong with a transfer at once, in the reader's own words and time`() async throws {
        let story = try await PortalStory(clock: "2025-01-01T04:00:00Z")
        try await story.tenant.bankAccount()
        let browser = try await story.person("operator")
        let form = "/operator/remittances"
        func refused(_ fields: [String: String], _ language: String = "en") async throws -> String {
            try await browser.get("\(form)/new?lang=\(language)").expect(200)
            return try await browser.post(form, ["currency": "CNY"].merging(fields) { $1 }).expect(422).text
        }
        let empty = try await refused([:])
        #expect(empty.contains("href=\"#field-bank_number\"") && empty.contains("href=\"#field-amount\""))
        #expect(empty.contains("Enter an amount"))
        let thousandth = try await refused(["bank_number": "B-2", "amount": "1.001"])
        #expect(thousandth.contains("CNY has 2 decimals: the smallest amount is CN¥0.01"))
        #expect(try await refused(["bank_number": "B-2", "amount": "1.001"], "zh-Hans").contains("最多 2 位小数"))
        // The operator reads the tenant's clock, wherever that is; nobody is shown a raw instant.
        let future = ["bank_number": "B-3", "amount": "1", "received_at": "2025-06-01 12:00"]
        for (language, words) in [("en", "cannot have arrived later than now"), ("zh-Hans", "到账时间不能晚于现在")] {
            let page = try await refused(future, language)
            #expect(page.contains(words) && !page.contains("cannot have arrived after 2025"))
            #expect(
                page.contains("2025-01-01 12:00 (UTC+8 Asia/Shanghai)") || page.contains("2025-01-01 12:00（UTC+8 Asia/Shanghai）"))
        }
        let known = try await story.tenant.get("/v1/remittances").expect(200).list("data")
        #expect(known.isEmpty)
    }

    @Test func `say after Back from a match that it is done, and advise nothing`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let browser = try await story.person("operator")
        let first = try await story.tenant.transfer(story.subscription, "1500.00")
        let other = try await story.tenant.transfer(story.subscription, "1500.00")
        let page = "/operator/remittances/\(try await story.tenant.remittance("1500.00", words: first.reference).id)"
        let review = "\(page)/match?payment=\(first.id)"
        try await browser.get(review).expect(200)
        let hidden = browser.hiddenFields
        try await browser.post("\(page)/match").expect(303)
        for back in [
            try await browser.get(review),
            // The old form under a new key, as from another window.
            try await browser.post("\(page)/match", hidden: hidden.merging(["idempotency_key": "from-another-window-1"]) { $1 }),
        ] {
            let text = try back.expect(200).text
            #expect(text.contains("Already done") && text.contains("was given CN¥1,500.00 of this transfer"))
            #expect(!text.contains("Send the money back") && !text.contains("There is a problem"))
        }
        let spent = try await browser.get("\(page)/match?payment=\(other.id)&lang=zh-Hans").expect(200).text
        #expect(spent.contains("已全部用于付款或退回") && !spent.contains("请退回款项"))
        try await story.tenant.invariants()
    }

    @Test func `do not suggest what is paid, and say so in words to whoever names it`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let browser = try await story.person("operator")
        let payment = try await story.tenant.transfer(story.subscription, "1500.00")
        let page = "/operator/remittances/\(try await story.tenant.remittance("1600.00", words: payment.reference).id)"
        #expect(try await browser.get(page).expect(200).text.contains("match?payment=\(payment.id)"))
        try await browser.get("\(page)/match?payment=\(payment.id)").expect(200)
        try await browser.post("\(page)/match").expect(303)
        // The rest of it is for another payment.
        #expect(!(try await browser.get(page).expect(200).text.contains("match?payment=\(payment.id)")))
        let other = "/operator/remittances/\(try await story.tenant.remittance("100.00").id)"
        for (language, word) in [("en", "“Paid”"), ("zh-Hans", "“已付款”")] {
            let text = try await browser.get("\(other)/match?payment=\(payment.id)&lang=\(language)").expect(422).text
            #expect(text.contains(word) && !text.contains("succeeded"))
            #expect(!text.contains("Send the money back") && !text.contains("请退回款项"))
        }
    }

    @Test func `say how much of an expired transfer is held, to the customer and to the operator`() async throws {
        let story = try await PortalStory()
        try await story.tenant.bankAccount()
        let payment = try await story.tenant.transfer(story.subscription, "1500.00")
        let part = try await story.tenant.remittance("612.34")
        try await story.tenant.match(part.id, payment.id).expect(200)
        try await story.tenant.advance(to: "2025-01-15T00:00:00Z")
        let page = "/accounts/\(story.account)/payments/\(payment.id)"
        let desk = "/operator/accounts/\(story.account)"
        let (customer, provider) = (try await story.person("finance"), try await story.person("operator"))
        let shown = try await customer.get(page).expect(200)
        #expect(shown.text.contains("has expired") && shown.text.contains("CN¥612.34 had arrived in part and is held"))
        #expect(try await customer.get("\(page)?lang=zh-Hans").expect(200).text.contains("612.34 仍为您保留"))
        let list = try await customer.get("/accounts/\(story.account)/payments?lang=en").expect(200)
        #expect(list.text.contains("CN¥612.34 held"))
        let file = try await customer.get("/accounts/\(story.account)/payments?format=csv&header=machine&cols=held").expect(200)
        #expect(file.text.contains("612.34"))
        #expect(try await provider.get(desk).expect(200).text.contains("CN¥612.34 held"))
        try await story.tenant.post("/v1/remittances/\(part.id)/return", ["note": "sent back"]).expect(200)
        let back = try await customer.get(page).expect(200)
        #expect(back.text.contains("CN¥612.34 that had arrived in part was sent back") && !back.text.contains("is held:"))
        #expect(try await !provider.get(desk).expect(200).text.contains("CN¥612.34 held"))
    }

    @Test func `order a subscription step by step, keep what was typed, and order once`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        let base = "/accounts/\(story.account)/subscriptions/new"
        // The first subscription is always open; a further one needs a verified identity.
        #expect(try await browser.get(base).expect(200).text.contains("Ask for verification"))
        try await story.tenant.request("PATCH", "/v1/accounts/\(story.account)", ["identity_verified": true]).expect(200)
        #expect(try await browser.get(base).expect(303).headers["location"]?.hasSuffix("/offer") == true)
        for step in [
            "offer", "name?offer=prepaid", "administrator?offer=prepaid&name=Second",
            "partner?offer=prepaid&name=Second&administrator=a%40b.example",
        ] {
            try await browser.get("\(base)/\(step)").expect(200)
        }
        let draft = "offer=prepaid&name=Second&administrator=new%40b.example"
        #expect(try await browser.get("\(base)/administrator?offer=prepaid&name=").expect(422).text.contains("Enter a name"))
        #expect(
            try await browser.get("\(base)/partner?\(draft)&partner=NOBODY").expect(422).text.contains("No partner has this ID"))
        #expect(try await browser.get("\(base)/review?\(draft)&method=sandbox&amount=1").expect(422).text.contains("CN¥1,000.00"))
        #expect(
            try await browser.get("\(base)/review?offer=prepaid").expect(303).headers["location"]?.contains("/name?offer=prepaid")
                == true)
        let review = try await browser.review("\(base)/review?\(draft)&method=sandbox&amount=2000")
        #expect(review.text.contains("Second") && review.text.contains("CN¥2,000.00"))
        let hidden = browser.hiddenFields
        let first = try await browser.post(base, hidden: hidden).expect(303)
        let second = try await browser.post(base, hidden: hidden).expect(303)
        #expect(first.headers["location"] == second.headers["location"])
        let done = try await browser.get(first.headers["location"] ?? "").expect(200)
        #expect(done.text.contains("Second is ordered") && done.text.contains("new@b.example"))
        let all = try await story.tenant.get("/v1/subscriptions?account_id=\(story.account)").expect(200)
        #expect(all.list("data").count == 2)
        try await story.tenant.invariants()
    }

    @Test func `change one answer and come back to the review, and say what is to be typed where nothing was`() async throws {
        let story = try await PortalStory()
        let browser = try await story.person("account_admin")
        try await story.tenant.request("PATCH", "/v1/accounts/\(story.account)", ["identity_verified": true]).expect(200)
        let base = "/accounts/\(story.account)/subscriptions/new"
        let draft = "offer=prepaid&name=Second&administrator=new%40b.example"
        let review = try await browser.review("\(base)/review?\(draft)&method=sandbox&amount=2000")
        func links(_ page: Reply) -> [String] {
            page.text.matches(of: #/href="([^"]*then=review[^"]*)"/#).map { String($0.output.1).replacing("&amp;", with: "&") }
        }
        #expect(links(review).count == 5)
        for link in links(review) {
            let page = try await browser.get(link).expect(200)
            // The partner is checked on its own page first; going on without one is the way back from there.
            if link.contains("/new/partner") {
                #expect(page.text.contains("action=\"\(base)/partner\"") && page.text.contains("/review?offer=prepaid"))
            } else {
                #expect(
                    page.text.contains("action=\"\(base)/review\"") && page.text.contains("name=\"then\" value=\"review\""),
                    "\(link)")
            }
        }
        // What the change makes wrong is asked for, and what it leaves wrong comes back with its words.
        let empty = try await browser.get(
            "\(base)/review?offer=prepaid&name=&administrator=a%40b.example&method=later&then=review"
        ).expect(422)
        #expect(empty.text.contains("Enter a name") && empty.text.contains("action=\"\(base)/review\""))
        let trial = try await browser.get(
            "\(base)/review?offer=trial&name=N&administrator=a%40b.example&method=sandbox&amount=2000&then=review"
        )
        .expect(422)
        #expect(trial.text.contains("name=\"amount\""))
        let nothing = try await browser.get("\(base)/partner?\(draft)&partner=").expect(422)
        #expect(nothing.text.contains("Type the partner’s ID, or go on without a partner."))
        try await browser.get("\(base)/partner?\(draft)").expect(200)
    }

    @Test func `say of a trial that was used that there is one, once`() async throws {
        let story = try await PortalStory()
        try await story.tenant.request("PATCH", "/v1/accounts/\(story.account)", ["identity_verified": true]).expect(200)
        try await story.tenant.order("trial", for: story.account, paying: "1.00").expect(201)
        let page = "/accounts/\(story.account)/subscriptions/new/offer"
        let browser = try await story.person("account_admin")
        let english = try await browser.get("\(page)?lang=en").expect(200).text
        #expect(english.contains("<strong>Trial</strong> Used already; an account has only one."))
        #expect(try await browser.get("\(page)?lang=zh-Hans").expect(200).text.contains("<strong>试用</strong> 已使用过；每个账户仅限一次。"))
    }

    @Test func `say who opens further subscriptions where the tenant has not`() async throws {
        let tenant = try await TestBursar.shared.tenant("closed", additionalSubscriptions: false)
        let account = try await tenant.account()
        let admin = try await tenant.accountKey(account)
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(201)
        try await tenant.request("PATCH", "/v1/accounts/\(account)", ["identity_verified": true]).expect(200)
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(409, "additional_subscriptions_off")
        // The operator may always.
        try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201)
        try await tenant.invariants()
    }
}
