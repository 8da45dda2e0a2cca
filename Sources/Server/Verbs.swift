import App
import FoundationEssentials
import Loop
import Values

#if canImport(Glibc)
    import Glibc
#endif

extension Invocation {
    func serve() async throws {
        let instance = try await Instance.open(configuration, purpose: .serve)
        do {
            try await instance.refuseDemo()
            try await Serve(instance).run { _ in }
        } catch {
            await instance.close()
            throw error
        }
        await instance.close()
    }

    func migrate() async throws {
        let folders = try Folders()
        if configuration.databaseURL == nil {
            // Opening the private database brings it up to date.
            await (try Instance.open(configuration, purpose: .command)).close()
        } else {
            guard let ownerURL = configuration.databaseOwnerURL else {
                throw WrongUse(text: "`bursar migrate` needs BURSAR_DATABASE_OWNER_URL.")
            }
            try Migrations.run(folders.sql, ownerURL: ownerURL)
        }
        FileHandle.standardOutputText("The schema is at \(try Migrations.newest(folders.sql)).\n")
    }

    /// The database need not be there: that is one of the things that are looked at.
    func doctor() async throws -> Int32 {
        let findings = await lookOver()
        FileHandle.standardOutputText(options["--json"] != nil ? Doctor.json(findings) + "\n" : Doctor.text(findings))
        return findings.contains { $0.verdict == .failure } ? 1 : 0
    }

    private func lookOver() async -> [Doctor.Finding] {
        let instance: Instance
        do {
            instance = try await Instance.open(configuration, purpose: .command)
        } catch {
            return Doctor.withoutDatabase(configuration, error)
        }
        do {
            let findings = try await instance.loop.run { try await Doctor(instance).run() }
            await instance.close()
            return findings
        } catch {
            await instance.close()
            return Doctor.withoutDatabase(configuration, error)
        }
    }

    func importFile() async throws {
        guard words.count == 2 else {
            throw WrongUse(text: "Say `bursar import focus FILE --tenant SLUG` or `bursar import azure-ea FILE --tenant SLUG`.")
        }
        guard let format = ImportFormat(rawValue: words[0]) else {
            throw WrongUse(
                text:
                    "There is no format \(words[0]); there are \(ImportFormat.allCases.map(\.rawValue).joined(separator: " and "))."
            )
        }
        let slug = try required("--tenant")
        let path = words[1]
        try await withTenant(slug) { instance, context in
            let isTerminal = isatty(2) == 1
            let report = try await instance.loop.run {
                try await ImportFile(path: path, format: format).run(context) { done, all in
                    if isTerminal { FileHandle.standardErrorText(ProgressBar.line(done, of: all)) }
                }
            }
            FileHandle.standardOutputText(report.text)
        }
    }

    func createTenant() async throws {
        guard words == ["create"] else { throw WrongUse(text: "Say `bursar tenant create --slug SLUG --name NAME`.") }
        let slug = try required("--slug")
        guard let currency = Currency(options["--currency"] ?? "CNY") else {
            throw WrongUse(text: "--currency is an ISO 4217 code such as CNY.")
        }
        guard let zone = TimeZoneRule(identifier: options["--time-zone"] ?? "Asia/Shanghai") else {
            throw WrongUse(text: "--time-zone is an IANA name such as Asia/Shanghai.")
        }
        let locale = options["--locale"] ?? "zh-Hans"
        guard ["en", "zh-Hans"].contains(locale) else { throw WrongUse(text: "--locale is en or zh-Hans.") }
        var tenant = CreateTenant(
            slug: slug, name: options["--name"] ?? slug, isSandbox: options["--sandbox"] != nil, currency: currency,
            timeZone: zone, locale: locale)
        tenant.sandboxPayments = options["--sandbox-payments"] != nil
        let (made, email) = (tenant, options["--operator-email"])
        _ = try await withInstance { instance in
            let id = try await made.run(instance)
            FileHandle.standardOutputText("tenant\t\(id)\t\(slug)\n")
            if let email { try await givePassword(instance, slug, email: email, role: "operator", account: nil) }
            return 0
        }
    }

    func createKey() async throws {
        guard words == ["create"] else { throw WrongUse(text: "Say `bursar key create --tenant SLUG --role operator`.") }
        let role = options["--role"] ?? "operator"
        guard ["operator", "account_admin", "finance", "reader"].contains(role) else {
            throw WrongUse(text: "--role is operator, account_admin, finance or reader.")
        }
        let account = options["--account"].flatMap { AccountID($0) }
        guard (account == nil) == (role == "operator") else {
            throw WrongUse(text: "An operator key has no --account; every other key needs one.")
        }
        let create = CreateKey(role: role, account: account, name: options["--name"] ?? "command line")
        try await withTenant(try required("--tenant")) { instance, context in
            let key = try await instance.loop.run { try await create.run(context) }
            FileHandle.standardOutputText(key + "\n")
        }
    }

    func setPassword() async throws {
        guard words == ["password"] || words == ["disable-2fa"] else {
            throw WrongUse(text: "Say `bursar user password` or `bursar user disable-2fa`, with --tenant SLUG --email ADDRESS.")
        }
        let (slug, email) = (try required("--tenant"), try required("--email"))
        if words == ["disable-2fa"] {
            return try await withTenant(slug) { instance, context in
                let wasOn = try await instance.loop.run { try await DisableTwoStep.run(email: email, context) }
                FileHandle.standardOutputText("two-step sign-in\t\(email)\t\(wasOn ? "taken away" : "was off")\n")
            }
        }
        let account = options["--account"].flatMap { AccountID($0) }
        _ = try await withInstance { instance in
            try await givePassword(instance, slug, email: email, role: options["--role"], account: account)
            return 0
        }
    }

    /// Makes a password and shows it once.
    private func givePassword(_ instance: Instance, _ slug: String, email: String, role: String?, account: AccountID?)
        async throws
    {
        let password = instance.makePassword()
        let change = SetPassword(
            email: email, password: password, role: role, account: account, firstName: options["--first-name"] ?? "",
            lastName: options["--last-name"] ?? "")
        let context = try await instance.context(ofTenant: slug)
        try await instance.loop.run { try await change.run(context) }
        FileHandle.standardOutputText("password\t\(email)\t\(password)\n")
    }

    // MARK: Opening and closing

    func withInstance(_ body: (Instance) async throws -> Int32) async throws -> Int32 {
        let instance = try await Instance.open(configuration, purpose: .command)
        do {
            let code = try await body(instance)
            await instance.close()
            return code
        } catch {
            await instance.close()
            throw error
        }
    }

    func withTenant(_ slug: String, _ body: (Instance, TenantContext) async throws -> Void) async throws {
        _ = try await withInstance { instance in
            try await body(instance, try await instance.context(ofTenant: slug))
            return 0
        }
    }
}

enum ProgressBar {
    /// One line that replaces itself.
    static func line(_ done: Int, of all: Int, unit: String = "rows") -> String {
        let width = 30
        let filled = all == 0 ? width : done * width / all
        return
            "\r[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: width - filled))] \(done) of \(all) \(unit)"
            + (done == all ? "\n" : "")
    }
}
