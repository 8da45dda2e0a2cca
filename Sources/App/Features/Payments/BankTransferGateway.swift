import Billing
import Crypto
import FoundationEssentials
import Values

/// The customer's bank sends the money under the payment's reference; what has arrived is written down by the operator (`RecordRemittance`).
package struct BankTransferGateway: PaymentGateway {
    /// So many references are tried until one is free; the chance that none is, is none.
    private static let candidates: UInt8 = 4

    package init() {}
    package var method: PaymentMethod { .bankTransfer }
    package func isOffered(_ setting: PaymentSetting) -> Bool { setting.bankAccount != nil }

    package func foresee(_ order: GatewayOrder) -> GatewayResult {
        let days = Int64(order.setting.bankAccount?.pendingDays ?? BankAccount.customaryPendingDays)
        return .pending(references: references(of: order.id), expiresAt: order.createdAt.adding(days: days))
    }

    package func start(_ order: GatewayOrder) async throws -> GatewayResult { foresee(order) }
    /// Nothing has come by this way yet when a payment starts.
    package func giveBack(_ payment: PaymentID) async throws {}

    /// Made of the payment's ID: the same however often it is asked for.
    private func references(of id: PaymentID) -> [PaymentReference] {
        (0..<Self.candidates).map { attempt in
            let hash = SHA256.hash(Array(id.description.utf8) + [attempt])
            return PaymentReference(number: hash.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
    }
}
