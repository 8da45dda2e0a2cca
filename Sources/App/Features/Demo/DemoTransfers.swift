import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Bank transfers of the demo: where the money goes, one that came, one that never did, one with its first part here, and money of nobody's.
struct DemoTransfers {
    private let desk: TenantContext

    /// - Parameter desk: the operator who writes down what arrives.
    init(_ desk: TenantContext) { self.desk = desk }

    func bankAccounts() async throws {
        let accounts: [(Currency, String, String, String, String)] = [
            (.cny, "北风云计算有限公司", "招商银行上海分行", "1219 0000 8866 0301", "308290003020"),
            (.usd, "Northwind Cloud Co., Ltd.", "China Merchants Bank, Shanghai", "1219 0000 8866 3201", "CMBCCNBS"),
        ]
        for (currency, holder, bank, number, code) in accounts {
            _ = try await SetBankAccount(
                currency: currency, accountHolder: holder, bankName: bank, accountNumber: number, bankCode: code,
                pendingDays: BankAccount.customaryPendingDays
            ).run(desk, CommandOptions())
        }
    }

    func transfer(_ amount: Money, percent: Int64, to id: SubscriptionID, by payer: TenantContext, payer name: String)
        async throws
    {
        _ = try await PaySubscription(id: id, amount: amount, method: .bankTransfer).run(payer, CommandOptions())
        guard percent > 0 else { return }
        guard let payment = try await FindPayment.latest(of: id, desk) else { throw Failure.fault }
        let part = Money(minor: amount.minor * percent / 100, currency: amount.currency)
        let remittance = try await arrive(part, words: payment.reference?.grouped, payer: name)
        _ = try await MatchRemittance(id: remittance, payment: payment.id).run(desk, CommandOptions())
    }

    func stray(_ amount: Money, words: String) async throws { _ = try await arrive(amount, words: words, payer: "未知付款方") }

    private func arrive(_ amount: Money, words: String?, payer: String) async throws -> RemittanceID {
        let at = try await desk.now()
        let answer = try await RecordRemittance(
            bankNumber: "CMB-\(at.secondsSinceEpoch)", amount: amount, payer: payer, words: words
        ).run(desk, CommandOptions())
        guard let made = answer.objectID else { throw Failure.fault }
        return RemittanceID(made)
    }
}
