import App

/// What the world has of money by bank transfer.
package struct WorldTransfers: Sendable {
    /// Payments that wait: one to be given up, one that has its half.
    package let waiting: String
    package let halfPaid: String
    /// Money that has arrived: the other half, and some that is nobody's.
    package let otherHalf: String
    package let stray: String

    static func make(_ tenant: TestTenant, _ marker: String, waitingFor: String, halfFor: String) async throws -> WorldTransfers {
        try await tenant.bankAccount(holder: "\(marker) Cloud")
        let waiting = try await tenant.transfer(waitingFor, "1000.00")
        let half = try await tenant.transfer(halfFor, "1000.00")
        func arrive(_ amount: String, _ words: String) async throws -> String {
            try await tenant.remittance(amount, words: "\(marker) \(words)", payer: "\(marker) payer").id
        }
        try await tenant.match(try await arrive("400.00", half.reference), half.id).expect(200)
        return WorldTransfers(
            waiting: waiting.id, halfPaid: half.id, otherHalf: try await arrive("600.00", half.reference),
            stray: try await arrive("77.00", "for nothing"))
    }

    /// A request that succeeds for the operator.
    func request(_ endpoint: Endpoint, _ world: World) -> (target: String, body: Input?) {
        let marker = world.marker
        return switch endpoint {
        case .getPayment: (endpoint.path(waiting), nil)
        case .cancelPayment: (endpoint.path(waiting), nil)
        case .recordRemittance:
            (endpoint.path(), TestTenant.remittanceBody("10.00", number: world.tenant.bursar.uniqueName("B")))
        case .getRemittance: (endpoint.path(otherHalf), nil)
        case .matchRemittance: (endpoint.path(otherHalf), ["payment_id": "\(halfPaid)"])
        case .returnRemittance: (endpoint.path(stray), ["note": "\(marker) sent back"])
        default:
            (
                endpoint.path(),
                ["currency": "CNY", "account_holder": "\(marker) again", "bank_name": "Bank", "account_number": "42"]
            )
        }
    }
}
