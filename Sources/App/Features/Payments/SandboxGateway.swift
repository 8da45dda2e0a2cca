import Billing
import Values

/// Moves no real money; a live tenant offers it only when it was made so on purpose.
///
/// Three endings of an amount in minor units show what a real provider may answer: …0402 (1,004.02) is declined for want of funds, …0403 (1,004.03)
/// is declined by the issuer, …0408 (1,004.08) stays pending and expires after a day. Every other amount is taken at once.
package struct SandboxGateway: PaymentGateway {
    static let pendingDays: Int64 = 1

    package init() {}
    package var method: PaymentMethod { .sandbox }
    package func isOffered(_ setting: PaymentSetting) -> Bool { setting.tenant.offersSandboxPayments }

    package func foresee(_ order: GatewayOrder) -> GatewayResult {
        switch order.amount.minor % 10_000 {
        case 402: .declined(code: "insufficient_funds")
        case 403: .declined(code: "declined_by_issuer")
        case 408: .pending(references: [], expiresAt: order.createdAt.adding(days: Self.pendingDays))
        default: .succeeded
        }
    }

    package func start(_ order: GatewayOrder) async throws -> GatewayResult { foresee(order) }
    package func giveBack(_ payment: PaymentID) async throws {}
}
