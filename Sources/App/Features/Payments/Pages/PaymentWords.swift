import Billing
import HTML
import Values

extension Localiser {
    package func word(_ method: PaymentMethod) -> String { self("payments.method_\(method.rawValue)") }
    package func word(_ status: PaymentStatus) -> String { self("payments.status_\(status.rawValue)") }

    /// What the provider's gateway decides waits for no money of the customer's.
    package func word(_ payment: PaymentIntent) -> String {
        payment.status == .pending && payment.method == .sandbox ? self("payments.status_deciding") : word(payment.status)
    }

    package func pill(_ payment: PaymentIntent) -> StatePill {
        payment.status == .pending ? StatePill(word(payment), .info, .ring) : pill(payment.status)
    }

    package func pill(_ status: PaymentStatus) -> StatePill {
        switch status {
        case .succeeded: StatePill(word(status), .good, .disc)
        case .started, .pending: StatePill(word(status), .info, .ring)
        case .declined: StatePill(word(status), .bad, .cross)
        case .expired: StatePill(word(status), .warn, .triangle)
        case .cancelled: StatePill(word(status), .quiet, .cross)
        }
    }

    /// Why a gateway or a rule has declined a payment.
    package func declineReason(_ code: String?) -> String {
        guard let code else { return "" }
        if strings.has("payments.decline_\(code)") { return self("payments.decline_\(code)") }
        return strings.has("error.\(code).title") ? self("error.\(code).title") : code
    }
}
