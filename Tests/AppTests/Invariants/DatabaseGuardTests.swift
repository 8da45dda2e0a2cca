import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

/// The second net behind rules that the program keeps by itself under a lock: asked without the program, because a race that never happens would not show that it is gone.
@Suite struct `The database itself refuses` {
    @Test(arguments: [
        ("credit_lot", -1), ("payment_in_transit", -1), ("unallocated_remittance", -1), ("receivable", 1),
        ("overage_receivable", 1),
    ])
    func `a balance that may not cross zero`(kind: String, wrong: Int) async throws {
        let tenant = try await TestBursar.shared.tenant()
        func keep(_ minor: Int) throws {
            try tenant.force(
                """
                insert into ledger_accounts (tenant_id, kind, owner_id, currency, balance_minor) \
                values ($tenant, '\(kind)', gen_random_uuid(), 'CNY', \(minor))
                """)
        }
        try keep(0)
        try keep(-wrong)
        do {
            try keep(wrong)
            Issue.record("\(kind) stands at \(wrong)")
        } catch let error as PostgresError {
            #expect(error.isCheckViolation(), "\(error)")
        }
    }

    @Test func `a second trial of one account`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let first = try await tenant.order("trial", for: account, paying: "1.00").expect(201).id
        let second = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        do {
            try tenant.force(
                "update subscriptions set was_trial = true where tenant_id = $tenant and account_id = '\(try uuid(account))' and not was_trial"
            )
            Issue.record("\(first) and \(second) were both trials")
        } catch let error as PostgresError {
            #expect(error.isUniqueViolation("subscriptions_one_trial"), "\(error)")
        }
    }

    private func uuid(_ account: String) throws -> String {
        guard let id = AccountID(account) else { throw TestFault("no account ID: \(account)") }
        return id.uuid.uuidString
    }
}
