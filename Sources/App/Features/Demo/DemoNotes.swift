import FoundationEssentials
import HTTP
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// What the demo says about itself when it is ready. Keys are stored hashed, so they are kept here, in a file of the data folder that its owner alone reads.
package struct DemoNotes: Sendable, Equatable {
    package struct Tenant: Sendable, Equatable {
        package let slug: String
        package let hasTestClock: Bool
        package let operatorKey: String
        package let accountKeys: [AccountKey]
    }
    package struct AccountKey: Sendable, Equatable {
        package let account: AccountID
        package let key: String
    }

    /// The sandbox tenant first.
    package let tenants: [Tenant]

    package init(tenants: [Tenant]) { self.tenants = tenants }

    // MARK: On the standard output

    /// The one line of `bursar demo --json`.
    package func json(baseURL: String) -> String {
        jsonText { json in
            json.field("base_url", baseURL)
            json.field("tenants", array: { json in for tenant in tenants { Self.write(tenant, withUsers: true, to: &json) } })
        }
    }

    private static func write(_ tenant: Tenant, withUsers: Bool, to json: inout JSONWriter) {
        json.object { json in
            json.field("slug", tenant.slug)
            json.field("test_clock", tenant.hasTestClock)
            json.field("operator_key", tenant.operatorKey)
            if withUsers {
                json.field(
                    "users",
                    array: { json in
                        for person in DemoSignIn.people(of: tenant.slug) {
                            json.object {
                                $0.field("email", person.email)
                                $0.field("password", DemoSignIn.password)
                                $0.field("role", person.role)
                            }
                        }
                    })
            }
            json.field(
                "account_keys",
                array: { json in
                    for key in tenant.accountKeys {
                        json.object {
                            $0.field("account_id", key.account)
                            $0.field("key", key.key)
                        }
                    }
                })
        }
    }

    /// For people: where to go, who to be, and one call.
    package func text(baseURL: String, seconds: Int64) -> String {
        var lines = ["", "Ready in \(seconds) s   \(baseURL)   (中文 \(baseURL)/?lang=zh-Hans)", ""]
        lines.append("Sign in with the password “\(DemoSignIn.password)”:")
        for tenant in tenants {
            for person in DemoSignIn.people(of: tenant.slug) {
                let role = person.role.map { $0 == "_" ? " " : String($0) }.joined()
                lines.append(
                    "  \(Self.padded(person.email, 28))\(Self.padded(role, 18))\(tenant.slug)\(tenant.hasTestClock ? ", with a test clock" : "")"
                )
            }
        }
        if let tenant = tenants.first {
            lines += [
                "", "API, as \(tenant.slug)'s operator:",
                "  export BURSAR_URL=\(baseURL) BURSAR_KEY=\(tenant.operatorKey)",
                "  curl -H \"Authorization: Bearer $BURSAR_KEY\" $BURSAR_URL/v1/subscriptions",
                "  How to call it: \(baseURL)/docs/api",
            ]
        }
        return (lines + ["", "Ctrl-C ends it; run again, it is as you left it.", ""]).joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }

    // MARK: In the data folder

    private static func path(_ folder: String) -> String { "\(folder)/demo-keys.json" }

    package func store(in folder: String) throws {
        let text = jsonText { json in
            json.field("tenants", array: { json in for tenant in tenants { Self.write(tenant, withUsers: false, to: &json) } })
        }
        _ = mkdir(folder, 0o755)
        let path = Self.path(folder)
        let file = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw Configuration.Problem(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        let bytes = Array((text + "\n").utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        fsync(file)
        close(file)
        guard written == bytes.count, rename(path + ".new", path) == 0 else {
            throw Configuration.Problem(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
    }

    /// Nil when there is no such file, or none of ours.
    package init?(storedIn folder: String) {
        guard let data = FileManager.default.contents(atPath: Self.path(folder)), let json = try? JSON(parsing: [UInt8](data)),
            let items = json.members?["tenants"]?.items
        else { return nil }
        var tenants: [Tenant] = []
        for item in items {
            guard let fields = item.members, let slug = fields["slug"]?.text, let key = fields["operator_key"]?.text,
                case .bool(let hasClock)? = fields["test_clock"], let keys = fields["account_keys"]?.items
            else { return nil }
            let accountKeys = keys.compactMap { item -> AccountKey? in
                guard let account = item.members?["account_id"]?.text.flatMap({ AccountID($0) }),
                    let key = item.members?["key"]?.text
                else { return nil }
                return AccountKey(account: account, key: key)
            }
            tenants.append(Tenant(slug: slug, hasTestClock: hasClock, operatorKey: key, accountKeys: accountKeys))
        }
        self.tenants = tenants
    }

    package static func remove(from folder: String) { unlink(path(folder)) }
}
