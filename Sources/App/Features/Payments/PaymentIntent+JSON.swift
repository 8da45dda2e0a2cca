import Billing
import FoundationEssentials
import HTTP
import Values

/// What stands beside a payment that was taken.
package struct PaymentReceipt: Sendable {
    package let order: OrderID
    package let debtPaid: Money
    package let paidAt: Instant
}

extension PaymentIntent {
    /// The API's `payment` object. The bank account is shown while a transfer is waited for.
    func write(to json: inout JSONWriter, receipt: PaymentReceipt?, bankAccount: BankAccount?, held: Money) {
        json.object { json in
            json.field("id", id)
            json.field("object", "payment")
            json.field("account_id", account)
            json.field("subscription_id", subscription)
            json.field("order_id", receipt?.order)
            json.field("kind", kind.rawValue)
            writeOutcome(to: &json, bankAccount: bankAccount)
            json.field("received", received)
            json.field("held", held)
            json.field("debt_paid", receipt?.debtPaid ?? .zero(amount.currency))
            json.field("created_at", createdAt)
            json.field("ended_at", endedAt)
        }
    }

    /// What is said of it beside the subscription too.
    func writeOutcome(to json: inout JSONWriter, bankAccount: BankAccount?) {
        json.field("method", method.rawValue)
        json.field("status", status.rawValue)
        json.field("amount", amount)
        json.field("decline_code", declineCode)
        json.field("expires_at", expiresAt)
        json.field("reference", reference?.text)
        if let bankAccount, method == .bankTransfer, status == .pending {
            json.field(
                "bank_account",
                object: {
                    $0.field("account_holder", bankAccount.accountHolder)
                    $0.field("bank_name", bankAccount.bankName)
                    $0.field("account_number", bankAccount.accountNumber)
                    $0.field("bank_code", bankAccount.bankCode)
                })
        } else {
            json.nullField("bank_account")
        }
    }
}
