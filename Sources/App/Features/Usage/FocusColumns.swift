import Billing
import FoundationEssentials
import Postgres
import Values

/// The columns of the FOCUS 1.2 file, in their order (FinOps Open Cost and Usage Specification, dataset "Cost and Usage"). All that the
/// specification makes mandatory, those of its conditional ones that this server knows something for, and two of its own (`x_…`).
enum FocusColumn: String, CaseIterable {
    case billedCost = "BilledCost"
    case billingAccountID = "BillingAccountId"
    case billingAccountName = "BillingAccountName"
    case billingAccountType = "BillingAccountType"
    case billingCurrency = "BillingCurrency"
    case billingPeriodEnd = "BillingPeriodEnd"
    case billingPeriodStart = "BillingPeriodStart"
    case chargeCategory = "ChargeCategory"
    case chargeClass = "ChargeClass"
    case chargeDescription = "ChargeDescription"
    case chargeFrequency = "ChargeFrequency"
    case chargePeriodEnd = "ChargePeriodEnd"
    case chargePeriodStart = "ChargePeriodStart"
    case consumedQuantity = "ConsumedQuantity"
    case consumedUnit = "ConsumedUnit"
    case contractedCost = "ContractedCost"
    case effectiveCost = "EffectiveCost"
    case invoiceID = "InvoiceId"
    case invoiceIssuerName = "InvoiceIssuerName"
    case listCost = "ListCost"
    case pricingCategory = "PricingCategory"
    case pricingQuantity = "PricingQuantity"
    case pricingUnit = "PricingUnit"
    case providerName = "ProviderName"
    case publisherName = "PublisherName"
    case resourceID = "ResourceId"
    case resourceName = "ResourceName"
    case resourceType = "ResourceType"
    case serviceCategory = "ServiceCategory"
    case serviceName = "ServiceName"
    case serviceSubcategory = "ServiceSubcategory"
    case skuID = "SkuId"
    case skuMeter = "SkuMeter"
    case skuPriceID = "SkuPriceId"
    case subAccountID = "SubAccountId"
    case subAccountName = "SubAccountName"
    case subAccountType = "SubAccountType"
    case chargeTime = "x_ChargeTime"
    case recordID = "x_RecordId"

    /// Feature level "Mandatory" of version 1.2.
    static let mandatory: Set<FocusColumn> = [
        .billedCost, .billingAccountID, .billingAccountName, .billingCurrency, .billingPeriodEnd, .billingPeriodStart,
        .chargeCategory, .chargeClass, .chargeDescription, .chargePeriodEnd, .chargePeriodStart, .contractedCost, .effectiveCost,
        .invoiceIssuerName, .listCost, .pricingQuantity, .pricingUnit, .providerName, .publisherName, .serviceCategory,
        .serviceName,
    ]
}

/// What the specification calls a row, before it is written.
///
/// Prepaid credit: the payment is a `Purchase` with its amount as BilledCost and no EffectiveCost; usage that credit pays has its cost as EffectiveCost and
/// no BilledCost; credit that expired unused is a row of EffectiveCost alone. So BilledCost adds up to what was paid and EffectiveCost to what the credit went
/// into. Enterprise usage is billed by the agreement: both are its cost.
struct FocusCharge: Sendable {
    enum Kind: Sendable { case usage, purchase, expired }

    let kind: Kind
    let member: UsageDownload.Scope.Member
    let id: String
    let at: Instant
    let month: CivilMonth
    let amount: ExactDecimal
    let currency: String
    var product: String?
    var meter: String?
    var resource: String?
    var quantity: ExactDecimal = .one
    var unit = "Count"

    var billed: ExactDecimal {
        switch kind {
        case .purchase: amount
        case .usage: member.offer.isPaidByCredit ? .zero : amount
        case .expired: .zero
        }
    }
    var effective: ExactDecimal { kind == .purchase ? .zero : amount }

    var description: String {
        switch kind {
        case .usage: "\(product ?? ""): \(meter ?? "")"
        case .purchase: "Prepaid credit"
        case .expired: "Prepaid credit that expired unused"
        }
    }
}

/// The file: header as the specification spells it, times in UTC, plain decimals, nothing where there is no value.
struct FocusCSV: UsageEncoder {
    let scope: UsageDownload.Scope
    let provider: String
    let withMark: Bool
    /// Rows come by day; its bounds are computed once.
    private var day: (date: CivilDate, from: String, to: String)?
    private var period: (month: CivilMonth, from: String, to: String)?

    init(scope: UsageDownload.Scope, provider: String, withMark: Bool) {
        self.scope = scope
        self.provider = provider
        self.withMark = withMark
    }

    func start() -> [UInt8] { (withMark ? CSV.byteOrderMark : []) + CSV.line(FocusColumn.allCases.map(\.rawValue)) }

    mutating func append(_ line: UsageLine, to bytes: inout [UInt8]) {
        append(
            FocusCharge(
                kind: .usage, member: line.member, id: line.id.description, at: line.occurredAt, month: line.month.civilMonth,
                amount: line.cost, currency: line.currency, product: line.product, meter: line.meter, resource: line.resource,
                quantity: line.quantity, unit: line.unit), to: &bytes)
    }

    mutating func append(_ charge: FocusCharge, to bytes: inout [UInt8]) {
        let (day, period) = (bounds(of: charge.at), bounds(of: charge.month))
        CSV.append(FocusColumn.allCases.map { cell($0, charge, day: day, period: period) }, to: &bytes)
    }

    private mutating func bounds(of instant: Instant) -> (from: String, to: String) {
        let date = scope.zone.date(at: instant)
        if let day, day.date == date { return (day.from, day.to) }
        let made = (date, scope.zone.startOfDay(date).rfc3339, scope.zone.startOfDay(date.adding(days: 1)).rfc3339)
        day = made
        return (made.1, made.2)
    }

    private mutating func bounds(of month: CivilMonth) -> (from: String, to: String) {
        if let period, period.month == month { return (period.from, period.to) }
        let made = (month, scope.zone.startOfMonth(month).rfc3339, scope.zone.startOfMonth(month.next).rfc3339)
        period = made
        return (made.1, made.2)
    }

    private func cell(
        _ column: FocusColumn, _ charge: FocusCharge, day: (from: String, to: String), period: (from: String, to: String)
    )
        -> String
    {
        let isUsage = charge.kind == .usage
        switch column {
        case .billedCost: return charge.billed.description
        case .billingAccountID: return scope.payer.id
        case .billingAccountName: return CSV.safe(scope.payer.name)
        case .billingAccountType: return scope.payer.kind.rawValue
        case .billingCurrency: return charge.currency
        case .billingPeriodEnd: return period.to
        case .billingPeriodStart: return period.from
        case .chargeCategory: return charge.kind == .purchase ? "Purchase" : "Usage"
        case .chargeClass, .invoiceID, .resourceName, .serviceSubcategory, .skuPriceID: return ""
        case .chargeDescription: return CSV.safe(charge.description)
        case .chargeFrequency: return isUsage ? "Usage-Based" : "One-Time"
        case .chargePeriodEnd: return day.to
        case .chargePeriodStart: return day.from
        case .consumedQuantity: return isUsage ? charge.quantity.description : ""
        case .consumedUnit: return isUsage ? CSV.safe(charge.unit) : ""
        case .contractedCost, .listCost: return charge.kind == .expired ? "0" : charge.amount.description
        case .effectiveCost: return charge.effective.description
        case .invoiceIssuerName, .providerName, .publisherName: return CSV.safe(provider)
        case .pricingCategory: return "Standard"
        case .pricingQuantity: return charge.quantity.description
        case .pricingUnit: return CSV.safe(charge.unit)
        case .resourceID: return CSV.safe(charge.resource ?? "")
        case .resourceType: return charge.resource == nil ? "" : CSV.safe(charge.product ?? "")
        case .serviceCategory: return isUsage ? ServiceCategory.of(charge.product ?? "").rawValue : ServiceCategory.other.rawValue
        case .serviceName: return isUsage ? CSV.safe(charge.product ?? "") : "Prepaid credit"
        case .skuID: return isUsage ? CSV.safe(charge.meter ?? "") : "prepaid-credit"
        case .skuMeter: return isUsage ? CSV.safe(charge.meter ?? "") : ""
        case .subAccountID: return charge.member.id.description
        case .subAccountName: return CSV.safe(charge.member.name)
        case .subAccountType: return "Subscription"
        case .chargeTime: return charge.at.rfc3339
        case .recordID: return charge.id
        }
    }
}

/// The specification's highest classes of services that product names here speak of; anything else is `Other`.
enum ServiceCategory: String, CaseIterable {
    case compute = "Compute"
    case storage = "Storage"
    case networking = "Networking"
    case databases = "Databases"
    case analytics = "Analytics"
    case ai = "AI and Machine Learning"
    case integration = "Integration"
    case security = "Security"
    case management = "Management and Governance"
    case web = "Web"
    case other = "Other"

    private static let words: [(ServiceCategory, [String])] = [
        (.databases, ["database", "sql", "redis", "cosmos", "mongo", "数据库"]),
        (.storage, ["storage", "disk", "backup", "blob", "存储", "磁盘", "备份"]),
        (.networking, ["network", "bandwidth", "load balancer", "cdn", "dns", "vpn", "gateway", "ip address", "网络", "带宽"]),
        (.ai, ["machine learning", "cognitive", "openai", "人工智能"]), (.analytics, ["analytics", "data factory", "synapse", "分析"]),
        (.integration, ["event hub", "service bus", "queue", "messaging", "logic app", "消息"]),
        (.security, ["security", "key vault", "firewall", "defender", "安全"]),
        (.management, ["monitor", "log", "automation", "监控", "日志"]), (.web, ["app service", "web", "网站"]),
        (.compute, ["compute", "virtual machine", "container", "function", "instance", "kubernetes", "计算", "云主机", "容器"]),
    ]

    static func of(_ product: String) -> ServiceCategory {
        let name = product.lowercased()
        return words.first { $0.1.contains { name.contains($0) } }?.0 ?? .other
    }
}
