import App
import FoundationEssentials
import HTTP
import Loop
import TestSupport
import Testing
import Values

/// A browser without a screen: it keeps cookies, reads the forms of the page it is on, and follows nothing by itself.
final class Browser {
    let bursar: TestBursar
    private(set) var cookies: [String: String] = [:]
    private(set) var page: Reply?
    var headers: [String: String] = [:]
    var remoteAddress = "127.0.0.1"

    init(_ bursar: TestBursar) { self.bursar = bursar }

    @discardableResult
    func get(_ target: String) async throws -> Reply { try await send("GET", target, nil) }

    /// A page that is reviewed before money moves: its address names the key of its form, so going Back to it finds the same key.
    func review(_ target: String) async throws -> Reply {
        let named = try await get(target).expect(303).headers["location"] ?? ""
        #expect(named.contains("once="))
        let review = try await get(named).expect(200)
        let (key, path) = (hiddenFields["idempotency_key"], named)
        _ = try await get(path).expect(200)
        #expect(key != nil && hiddenFields["idempotency_key"] == key)
        return review
    }

    /// Posts `fields` together with the hidden fields of the page that is open.
    @discardableResult
    func post(_ target: String, _ fields: [String: String] = [:], hidden: [String: String]? = nil) async throws -> Reply {
        try await send("POST", target, (hidden ?? hiddenFields).merging(fields) { $1 })
    }

    private func send(_ method: String, _ target: String, _ form: [String: String]?) async throws -> Reply {
        var fields: HTTPHeaders = ["Host": "portal.test"]
        if !cookies.isEmpty { fields.add("Cookie", cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")) }
        for (name, value) in headers { fields.set(name, value) }
        var body: [UInt8] = []
        if let form {
            fields.set("Content-Type", "application/x-www-form-urlencoded")
            body = Array(
                form.sorted { $0.key < $1.key }.map { "\(Self.encoded($0.key))=\(Self.encoded($0.value))" }.joined(separator: "&")
                    .utf8)
        }
        let reply = try await bursar.request(method, target, headers: fields, body: body, remoteAddress: remoteAddress)
        for line in reply.headers.all("set-cookie") {
            let pair = (line.split(separator: ";").first ?? "").split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            cookies[String(pair[0])] = line.contains("Max-Age=0") ? nil : String(pair[1])
        }
        page = reply
        return reply
    }

    /// The first value of each hidden field of the page; the sign-out form's token is the session's, as everywhere.
    var hiddenFields: [String: String] {
        var fields: [String: String] = [:]
        for piece in (page?.text ?? "").split(separator: "<input type=\"hidden\" ").dropFirst() {
            guard let name = Self.attribute("name", piece), let value = Self.attribute("value", piece), fields[name] == nil else {
                continue
            }
            fields[name] = value
        }
        return fields
    }

    private static func attribute(_ name: String, _ tag: Substring) -> String? {
        guard let start = tag.firstRange(of: "\(name)=\"") else { return nil }
        let text = String(tag[start.upperBound...].prefix { $0 != "\"" })
        return text.replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            let hex = String(byte, radix: 16)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }

    @discardableResult
    func signIn(_ email: String, returnTo: String? = nil) async throws -> Reply {
        try await get("/sign-in" + (returnTo.map { "?return_to=\(Self.encoded($0))" } ?? ""))
        // The first form is the one that people type into; a demo's own forms come after it.
        return try await post("/sign-in", ["email": email, "password": Self.password])
    }

    static let password = "a long enough secret"
}

/// A tenant with one paid subscription and people around it.
struct PortalStory {
    let tenant: TestTenant
    let account: String
    let subscription: String

    init(
        locale: String = "en", zone: String = "Asia/Shanghai", clock: String = "2025-01-01T00:00:00Z", amount: String = "2000.00"
    )
        async throws
    {
        tenant = try await TestBursar.shared.tenant("portal", clock: clock, locale: locale)
        account = try await tenant.account(zone: zone)
        subscription = try await tenant.order("prepaid", for: account, paying: amount).expect(201).id
    }

    /// The same tenant, around another account of its.
    init(_ tenant: TestTenant, account: String, subscription: String) {
        (self.tenant, self.account, self.subscription) = (tenant, account, subscription)
    }

    var overview: String { "/accounts/\(account)/subscriptions/\(subscription)" }

    /// A signed-in person of this role; `account_admin` is the account's own administrator, nil a service administrator.
    func person(_ role: String?) async throws -> Browser {
        let browser = Browser(tenant.bursar)
        try await browser.signIn(try await email(role))
        return browser
    }

    func email(_ role: String?) async throws -> String {
        let id = AccountID(account)
        switch role {
        case "account_admin":
            let email = try await tenant.get("/v1/accounts/\(account)").expect(200)["administrator.email"] ?? ""
            return try await password(email, nil, nil)
        case nil:
            let email = "\(tenant.bursar.uniqueName("service"))@example.com"
            _ = try await tenant.request(
                "PATCH", "/v1/subscriptions/\(subscription)", ["service_administrator_email": "\(email)"], once: .none
            ).expect(200)
            return try await password(email, nil, nil)
        case let role?:
            return try await password("\(tenant.bursar.uniqueName("person"))@example.com", role, role == "operator" ? nil : id)
        }
    }

    /// Somebody who reads several accounts.
    func reader(of accounts: [String]) async throws -> Browser {
        let email = "\(tenant.bursar.uniqueName("reader"))@example.com"
        for account in accounts { _ = try await password(email, "reader", AccountID(account)) }
        let browser = Browser(tenant.bursar)
        try await browser.signIn(email)
        return browser
    }

    private func password(_ email: String, _ role: String?, _ account: AccountID?) async throws -> String {
        let (context, change) = (
            tenant.context, SetPassword(email: email, password: Browser.password, role: role, account: account)
        )
        try await tenant.bursar.instance.loop.run { try await change.run(context) }
        return email
    }
}
