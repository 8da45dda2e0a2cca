import Billing
import FoundationEssentials
import Loop
import Postgres
import TestSupport
import Testing
import Values

@testable import App

/// A tenant of its own for each test of importing.
enum ImportBench {
    static func tenant(_ slug: String, currency: Currency = .usd, clock: String? = nil) async throws -> Bench {
        Bench(tenant: try await TestBursar.shared.tenant(slug, clock: clock, currency: currency))
    }

    static func dataFile(_ name: String) throws -> String { try DemoData(try Folders()).path(name) }

    /// A file in the temporary folder with these bytes.
    static func file(_ bytes: [UInt8]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bursar-import-tests")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "\(UUID().uuidString).csv")
        try Data(bytes).write(to: file)
        return file.path
    }

    static func file(_ text: String) throws -> String { try file(Array(text.utf8)) }
}

struct Bench: Sendable {
    let tenant: TestTenant
    var context: TenantContext { tenant.context }
    var instance: Instance { tenant.bursar.instance }

    func importing(_ path: String, _ format: ImportFormat) async throws -> ImportReport {
        let context = context
        return try await instance.loop.run { try await ImportFile(path: path, format: format).run(context) { _, _ in } }
    }

    func rows(_ statement: SQL) async throws -> Rows {
        let context = context
        return try await instance.loop.run { try await context.read(statement).rows }
    }

    func number(_ statement: SQL) async throws -> Int64 { try await rows(statement)[0].get(0) }

    func recordedCost() async throws -> ExactDecimal {
        try await rows("select coalesce(sum(cost), 0) from usage_records where tenant_id = \(context.tenant.id)")[0].get(0)
    }
}

/// Small files of the two shapes.
enum Sample {
    static let focusHeader =
        "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodStart,ChargeCategory,ChargeDescription,"
        + "ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ResourceId,ServiceName,SubAccountId,SubAccountName"

    static func focusRow(
        cost: String = "1.25", account: String = "A-1", currency: String = "USD", time: String = "2024-09-18 22:00:00",
        quantity: String = "2",
        description: String = "Requests", sub: String = "S-1", resource: String = "vm-1", category: String = "Usage"
    ) -> String {
        "\(cost),\(account),Acme,\(currency),2024-09-01 00:00:00,\(category),\(description),\(time),\(quantity),Requests,\(resource),Queue,\(sub),Team"
    }

    static func focus(_ rows: [String], lineEnd: String = "\n") -> String { ([focusHeader] + rows).map { $0 + lineEnd }.joined() }

    static let azureHeader =
        "SubscriptionId,SubscriptionName,Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,Cost,BillingCurrency,BillingAccountId,"
        + "BillingAccountName,AccountOwnerId"

    static func azureRow(cost: String, date: String = "9/2/2023", sub: String = "f908573f-1142-4b3c-999999999999") -> String {
        "\(sub),Team,\(date),Storage,Reads,1,10K,\(cost),USD,77,Trey,owner@trey.example"
    }
    static func azure(_ rows: [String]) -> String { ([azureHeader] + rows).map { $0 + "\n" }.joined() }
}
