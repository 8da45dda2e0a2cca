import Billing
import Values

/// What a subscription of the demo runs, and so which meters of the real bills its costs fall on.
enum DemoWorkload {
    case web, data, batch

    /// A meter's share of the day's cost in per cent, the name its resources begin with, and the hour of its reading: late enough that nothing is read on a
    /// day before the morning's payments and expiries.
    struct Part {
        let meter: String
        let share: Int64
        let resource: String
        let hour: Int64
    }

    var parts: [Part] {
        switch self {
        case .web:
            [
                Part(meter: "D2 v3/D2s v3", share: 55, resource: "vm", hour: 11),
                Part(meter: "Intra-Region Egress", share: 30, resource: "vnet", hour: 15),
                Part(meter: "Hot LRS Write Operations", share: 15, resource: "blob", hour: 21),
            ]
        case .data:
            [
                Part(meter: "2 vCore", share: 50, resource: "mysql", hour: 12),
                Part(meter: "P4 LRS Disk", share: 30, resource: "disk", hour: 16),
                Part(meter: "Cloud Orchestration Activity Run", share: 20, resource: "pipeline", hour: 20),
            ]
        case .batch:
            [
                Part(meter: "DS4 v2 Spot", share: 60, resource: "spot", hour: 13),
                Part(meter: "Class 2 Operations", share: 10, resource: "queue", hour: 17),
                Part(meter: "Standard Throughput Unit", share: 30, resource: "events", hour: 19),
            ]
        }
    }
}

/// One day's readings of one subscription: less at weekends, a little more every month, never twice the same.
struct DemoUsage {
    static let source = "/northwind/metering"

    let subscription: SubscriptionID
    let key: String
    let workload: DemoWorkload
    let currency: Currency
    /// What an ordinary working day costs at the beginning, in minor units of a currency with two decimals.
    let dailyMinor: Int64
    /// Per mille a month.
    let growth: Int64

    /// - Parameter dayNumber: days since the history began.
    func events(
        on date: CivilDate, dayNumber: Int, in zone: TimeZoneRule, prices: DemoPrices, random: inout DemoRandom
    ) throws -> [ReceiveUsage.Event] {
        let weekday: Int64 = date.dayOfWeek >= 6 ? 520 : 1_000
        let trend = 1_000 + growth * Int64(dayNumber) / 30
        return try workload.parts.enumerated().map { index, part in
            let noise = Int64(random.within(820...1_180))
            let minute = Int64(random.within(0...59))
            let target = Int128(dailyMinor * part.share) * Int128(weekday * trend / 1_000) * Int128(noise)
            let item = try prices.item(part.meter, in: currency)
            // target is in 10^-10 of the currency: minor units (2), per cent (2), two factors per mille (6). The quantity keeps three decimals.
            let scale = (0..<item.price.scale).reduce(Int128(1)) { power, _ in power * 10 }
            let thousandths = max(1, target * scale * 1_000 / (item.price.coefficient * 10_000_000_000))
            let quantity = try ExactDecimal(coefficient: thousandths, scale: 3)
            var observation = UsageObservation(
                time: zone.instant(date, hour: Int(part.hour), minute: Int(minute)), meter: item.meter, product: item.product,
                quantity: quantity,
                unit: item.unit, cost: try quantity.multiplied(by: item.price), costCurrency: currency)
            observation.resource = "\(key)/\(part.resource)-\(random.within(1...3))"
            return ReceiveUsage.Event(
                id: "\(key):\(date.iso):\(index)", source: Self.source, subscription: subscription, observation: observation)
        }
    }
}
