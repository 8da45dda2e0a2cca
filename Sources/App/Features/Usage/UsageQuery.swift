import Billing
import FoundationEssentials
import Postgres
import Values

/// The statements behind a usage table. The civil day is computed by the database's own zone tables, which come from the same tz source.
struct UsageQuery {
    let subscription: Subscription
    let span: UsageSpan
    let tenant: TenantID

    private var zone: String { subscription.zone.identifier }
    private var scope: SQL {
        """
        tenant_id = \(tenant) and subscription_id = \(subscription.id) and occurred_at >= \(span.from) and occurred_at < \(span.to)
        """
    }

    /// By day and bill line, the latest day first.
    var cells: SQL {
        """
        select (occurred_at at time zone \(zone))::date, null::text, product, meter, bill_month, unit, sum(quantity), sum(cost), count(*) \
        from usage_records where \(scope) group by 1, 3, 4, 5, 6 order by 1 desc, 3, 4, 5, 6 limit \(UsageTable.cellsLimit)
        """
    }

    /// By resource and bill line. Resources that are not listed are one, called null.
    func cells(byDay: Bool, resources: [String]) -> SQL {
        let day: SQL = byDay ? "(occurred_at at time zone \(zone))::date" : "null::date"
        return """
            select \(day), case when coalesce(resource, '') = any(\(resources)) then coalesce(resource, '') end, product, meter, bill_month, unit, \
            sum(quantity), sum(cost), count(*) from usage_records where \(scope) group by 1, 2, 3, 4, 5, 6 order by 1 desc, 2, 3, 4, 5, 6 \
            limit \(UsageTable.cellsLimit)
            """
    }

    var largestResources: SQL {
        """
        select coalesce(resource, '') from usage_records where \(scope) group by 1 order by sum(cost) desc, 1 \
        limit \(Int64(UsageTable.resourcesAtMost))
        """
    }

    /// What came in after its day had been complete (B7). The first condition on the times is the index's own, the second the rule.
    var late: SQL {
        """
        select (e.occurred_at at time zone \(zone))::date, r.product, r.meter, r.unit, sum(r.cost) from usage_events e \
        join usage_records r on r.tenant_id = e.tenant_id and r.id = e.record_id \
        where e.tenant_id = \(tenant) and e.subscription_id = \(subscription.id) and e.occurred_at >= \(span.from) and e.occurred_at < \(span.to) \
        and e.received_at - e.occurred_at >= interval '5 hours' and e.source not like 'import:%' \
        and e.received_at >= ((e.occurred_at at time zone \(zone))::date + 1 + make_time(\(Int32(UsageDay.completeHour)), 0, 0)) at time zone \(zone) \
        group by 1, 2, 3, 4
        """
    }

    static func cells(_ rows: Rows) throws -> [UsageCell] {
        try rows.map { row in
            var column = Columns(row)
            let date: CivilDate? = try column.next()
            let resource: String? = try column.next()
            let line = UsageCell.Line(product: try column.next(), meter: try column.next(), month: try column.next())
            return UsageCell(
                line: line, date: date, resource: resource, unit: try column.next(), quantity: try column.next(),
                cost: try column.next(), records: try column.next())
        }
    }

    static func late(_ rows: Rows) throws -> [LateUsage] {
        try rows.map { row in
            var column = Columns(row)
            return LateUsage(
                date: try column.next(), product: try column.next(), meter: try column.next(), unit: try column.next(),
                cost: try column.next())
        }
    }
}
