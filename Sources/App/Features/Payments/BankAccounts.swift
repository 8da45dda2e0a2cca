import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Where the tenant's customers send their money, one account a currency.
package struct BankAccount: Sendable, Equatable {
    package static let customaryPendingDays = 14

    package let id: BankAccountID
    package let currency: Currency
    package var accountHolder: String
    package var bankName: String
    package var accountNumber: String
    /// SWIFT, sort code or the like; may be empty.
    package var bankCode: String
    /// How long a transfer is waited for (policy number of the tenant, shown beside the date that it produces).
    package var pendingDays: Int
    package var version: Int64
    package let updatedAt: Instant

    static let columns: SQL =
        "b.id, b.currency, b.account_holder, b.bank_name, b.account_number, b.bank_code, b.pending_days, b.version, b.updated_at"

    static func one(_ tenant: TenantID, _ currency: SQL) -> SQL {
        "select \(columns) from bank_accounts b where b.tenant_id = \(tenant) and b.currency = \(currency)"
    }

    init(_ row: Row) throws {
        var column = Columns(row)
        try self.init(&column)
    }

    init(_ column: inout Columns) throws {
        id = try column.next()
        currency = try column.next()
        accountHolder = try column.next()
        bankName = try column.next()
        accountNumber = try column.next()
        bankCode = try column.next()
        pendingDays = Int(try column.next(Int32.self))
        version = try column.next()
        updatedAt = try column.next()
    }

    package var etag: String { "\"\(version)\"" }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "bank_account")
            $0.field("currency", currency.code)
            $0.field("account_holder", accountHolder)
            $0.field("bank_name", bankName)
            $0.field("account_number", accountNumber)
            $0.field("bank_code", bankCode)
            $0.field("pending_days", pendingDays)
            $0.field("updated_at", updatedAt)
        }
    }
}

package enum ListBankAccounts {
    package static func run(_ context: TenantContext) async throws -> [BankAccount] {
        try context.require(.operate)
        return try await context.read(
            "select \(BankAccount.columns) from bank_accounts b where b.tenant_id = \(context.tenant.id) order by b.currency"
        ).rows.map { try BankAccount($0) }
    }
}

/// Sets or changes the account of a currency. Open payments show the new one from then on.
package struct SetBankAccount: Sendable {
    package let currency: Currency
    package let accountHolder: String
    package let bankName: String
    package let accountNumber: String
    package let bankCode: String
    package let pendingDays: Int
    /// The version that the caller has seen; another one is refused.
    package var ifMatch: String?

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let rows = try await write.begin(["\(BankAccount.one(write.tenant.id, "\(currency)")) for no key update"])
            let before = try rows[0].first.map { try BankAccount($0) }
            try Failure.requireMatch(ifMatch, before?.etag)
            let version = (before?.version ?? 0) + 1
            let id = before?.id ?? write.newID()
            let stored = try await write.query(
                """
                insert into bank_accounts as b (tenant_id, id, currency, account_holder, bank_name, account_number, bank_code, pending_days, version, \
                updated_at) values (\(write.tenant.id), \(id), \(currency), \(accountHolder), \(bankName), \(accountNumber), \(bankCode), \
                \(Int32(pendingDays)), \(version), \(write.now)) on conflict (tenant_id, currency) do update set \
                account_holder = excluded.account_holder, bank_name = excluded.bank_name, account_number = excluded.account_number, \
                bank_code = excluded.bank_code, pending_days = excluded.pending_days, version = excluded.version, updated_at = excluded.updated_at \
                returning \(BankAccount.columns)
                """)
            let after = try BankAccount(stored[0])
            write.audit(
                "bank_account.set", object: ("bank_account", after.id.uuid),
                details: (before?.auditJSON ?? "{}", after.auditJSON))
            var json = JSONWriter()
            after.write(to: &json)
            return Answer(status: 200, body: json.bytes, etag: after.etag, objectID: after.id.uuid)
        }
    }
}

extension BankAccount {
    fileprivate var auditJSON: String {
        jsonText {
            $0.field("account_holder", accountHolder)
            $0.field("bank_name", bankName)
            $0.field("account_number", accountNumber)
            $0.field("bank_code", bankCode)
            $0.field("pending_days", pendingDays)
        }
    }
}
