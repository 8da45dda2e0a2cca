import Billing
import FoundationEssentials
import Values

/// The demo's other tenant: live, so on real time, and begun today with the bills it has brought from elsewhere.
struct DemoSecondTenant {
    static let focusAccount = "1234567890123"

    let context: TenantContext
    let data: DemoData

    /// Answers the account whose key the demo shows.
    func live() async throws -> [AccountID] {
        for person in DemoSignIn.people(of: context.tenant.slug) {
            try await SetPassword(
                email: person.email, password: DemoSignIn.password, role: person.role == "operator" ? "operator" : nil,
                firstName: person.firstName,
                lastName: person.lastName
            ).run(context)
        }
        _ = try await CreatePartner(code: "CP-77", companyName: "Fabrikam Resale Inc.").run(context, CommandOptions())
        try await bringBills()
        return [try await customer()]
    }

    /// The agreement is there before its bill, so that the bill's costs draw on its commitment.
    private func bringBills() async throws {
        guard let starts = CivilDate(year: 2024, month: 7, day: 1),
            let helen = DemoSignIn.all.first(where: { $0.email == "enterprise@contoso.example" })
        else { throw UnknownWord() }
        let answer = try await CreateEnrollment(
            number: Self.focusAccount, name: "SunBird", commitment: Money(minor: 2_500_000, currency: .usd), startsOn: starts,
            endsOn: starts.adding(months: 36), administrator: (helen.email, helen.firstName, helen.lastName)
        ).run(context, CommandOptions())
        guard let made = answer.objectID else { throw Failure.fault }
        for (name, centre) in [("Platform", "P-10"), ("Research", "R-20"), ("Operations", "O-30")] {
            _ = try await CreateDepartment(enrollment: EnrollmentID(made), name: name, costCentre: centre).run(
                context, CommandOptions())
        }
        _ = try await ImportFile(path: data.path(DemoData.focusFile), format: .focus).run(context) { _, _ in }
        for name in DemoData.azureFiles {
            _ = try await ImportFile(path: data.path(name), format: .azureEA).run(context) { _, _ in }
        }
    }

    private func customer() async throws -> AccountID {
        guard let zone = TimeZoneRule(identifier: "America/New_York") else { throw UnknownWord() }
        let options = CommandOptions()
        let answer = try await CreateAccount(
            kind: .standard, name: "Wide World Importers", currency: .usd, timeZone: zone, locale: "en",
            administrator: ("admin@contoso.example", "Priya", "Raman")
        ).run(context, options)
        guard let made = answer.objectID else { throw Failure.fault }
        let account = AccountID(made)
        let payment = Money(minor: 500_000, currency: .usd)
        let bought = try await CreateSubscription(account: account, offer: .prepaid, name: "Production", payment: payment).run(
            context, options)
        _ = try await CreateSubscription(
            account: account, offer: .trial, name: "Evaluation", payment: Money(minor: 100, currency: .usd)
        ).run(context, options)
        _ = try await CreateSubscription(account: account, offer: .prepaid, name: "Archive").run(context, options)
        if let subscription = bought.objectID {
            _ = try await SetPartner(id: SubscriptionID(subscription), code: "CP-77").run(context, options)
        }
        return account
    }
}
