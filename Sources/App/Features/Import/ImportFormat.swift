/// A kind of file that `bursar import` reads; the raw value is its word on the command line.
package enum ImportFormat: String, CaseIterable, Sendable {
    /// FinOps Open Cost and Usage Specification, 1.0 and later: one row per charge of any provider.
    case focus
    /// Azure enterprise usage details, in either naming of its columns.
    case azureEA = "azure-ea"

    /// The `source` under which its rows are remembered, so that importing again stores nothing twice.
    var source: String { "import:\(rawValue)" }
}

/// What is read from a row, whatever its format calls it.
enum ImportColumn: CaseIterable {
    case billingAccount, billingAccountName, owner, subAccount, subAccountName
    case cost, currency, time, billingPeriodStart
    case quantity, unit, otherQuantity, otherUnit
    case product, meterGroup, meter, category, resource

    /// There must be such a column in the header.
    var isRequired: Bool {
        switch self {
        case .billingAccount, .subAccount, .cost, .currency, .time: true
        default: false
        }
    }

    /// Of several columns that could give it only the first in the header counts: amounts and their currency must come from the same pair.
    var isTakenFromOneColumn: Bool {
        switch self {
        case .cost, .currency, .time: true
        default: false
        }
    }
}

extension ImportFormat {
    /// The headers that may hold a column, best first. Where a row's best is empty the next is asked.
    func headers(of column: ImportColumn) -> [String] {
        switch self {
        case .focus: Self.focusHeaders(of: column)
        case .azureEA: Self.azureHeaders(of: column)
        }
    }

    private static func focusHeaders(of column: ImportColumn) -> [String] {
        switch column {
        case .billingAccount: ["BillingAccountId"]
        case .billingAccountName: ["BillingAccountName"]
        case .owner: []
        case .subAccount: ["SubAccountId"]
        case .subAccountName: ["SubAccountName"]
        case .cost: ["BilledCost"]
        case .currency: ["BillingCurrency"]
        case .time: ["ChargePeriodStart"]
        case .billingPeriodStart: ["BillingPeriodStart"]
        case .quantity: ["ConsumedQuantity"]
        case .unit: ["ConsumedUnit"]
        case .otherQuantity: ["PricingQuantity"]
        case .otherUnit: ["PricingUnit"]
        case .product: ["ServiceName", "ServiceCategory", "ProviderName"]
        case .meterGroup: []
        case .meter: ["ChargeDescription", "SkuMeter", "SkuId", "SkuPriceId"]
        case .category: ["ChargeCategory"]
        case .resource: ["ResourceId", "ResourceName"]
        }
    }

    private static func azureHeaders(of column: ImportColumn) -> [String] {
        switch column {
        case .billingAccount: ["BillingAccountId"]
        case .billingAccountName: ["BillingAccountName"]
        case .owner: ["AccountOwnerId"]
        case .subAccount: ["SubscriptionId"]
        case .subAccountName: ["SubscriptionName"]
        case .cost: ["CostInBillingCurrency", "Cost"]
        case .currency: ["BillingCurrencyCode", "BillingCurrency"]
        case .time: ["Date"]
        case .billingPeriodStart: ["BillingPeriodStartDate"]
        case .quantity: ["Quantity"]
        case .unit: ["UnitOfMeasure"]
        case .otherQuantity, .otherUnit: []
        case .product: ["MeterCategory", "ConsumedService", "ProductName", "Product"]
        case .meterGroup: ["MeterSubCategory"]
        case .meter: ["MeterName", "ProductName", "Product", "MeterId"]
        case .category: ["ChargeType"]
        case .resource: ["ResourceId", "ResourceName"]
        }
    }
}
