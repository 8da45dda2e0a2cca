import Billing
import Values

/// What a gateway is asked to take.
package struct GatewayOrder: Sendable {
    /// The payment's own ID: asked for again under it, after a crash or a lost answer, a gateway finds what it has done and never takes twice.
    package let id: PaymentID
    package let amount: Money
    /// The tenant's time at which the payment was asked for.
    package let createdAt: Instant
    package let setting: PaymentSetting
}

/// What decides which methods a customer is offered.
package struct PaymentSetting: Sendable {
    package let tenant: Tenant
    /// The tenant's bank account in the payment's currency.
    package let bankAccount: BankAccount?
}

package enum GatewayResult: Sendable {
    case succeeded
    /// The code has words under `payment.decline.<code>`.
    case declined(code: String)
    /// Waits for the customer or the customer's bank. Of the references the first that is free becomes the payment's.
    case pending(references: [PaymentReference], expiresAt: Instant)
}

/// A way in which money comes. A card or wallet provider is one file that conforms to this, and one line in `PaymentGateways`.
///
/// The payment is written down first, then the gateway is asked, outside of any transaction, then the answer is written down: whatever dies in
/// between, the payment stands as `started` and is asked for again under its ID.
package protocol PaymentGateway: Sendable {
    var method: PaymentMethod { get }
    func isOffered(_ setting: PaymentSetting) -> Bool
    /// Takes the money or starts to; harmless to repeat under one ID.
    func start(_ order: GatewayOrder) async throws -> GatewayResult
    /// What `start` would most likely answer, without asking anybody: for dry runs.
    func foresee(_ order: GatewayOrder) -> GatewayResult
    /// Gives back what was taken under this ID, because the subscription could not take it any more; harmless to repeat.
    func giveBack(_ payment: PaymentID) async throws
}

/// The methods that this program knows, in the order in which pages offer them.
package struct PaymentGateways: Sendable {
    package var all: [any PaymentGateway]

    package init(_ all: [any PaymentGateway]) { self.all = all }

    package static let standard = PaymentGateways([BankTransferGateway(), SandboxGateway()])

    /// - Throws: `Failure.invalid` when the tenant does not offer the method in this currency.
    func offered(_ method: PaymentMethod, _ setting: PaymentSetting) throws -> any PaymentGateway {
        guard let gateway = all.first(where: { $0.method == method }), gateway.isOffered(setting) else {
            throw Failure.invalid([FieldError("/method", "payment_method_not_offered", ["method": method.rawValue])])
        }
        return gateway
    }

    /// For a payment that stands already, whatever is offered today.
    func gateway(_ method: PaymentMethod) throws -> any PaymentGateway {
        guard let gateway = all.first(where: { $0.method == method }) else { throw Failure.fault }
        return gateway
    }

    func methods(_ setting: PaymentSetting) -> [PaymentMethod] { all.filter { $0.isOffered(setting) }.map(\.method) }
}
