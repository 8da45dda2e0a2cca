import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A4: how fast a subscription's credit goes, when it ends at this rate, and what no bill shows yet. Estimates, and said to be.
package struct Outlook: Sendable {
    package let subscription: Subscription
    package let asOf: Instant
    /// Nil where there is no credit of its own to burn, or nothing runs.
    package let burn: BurnRate.Measured?
    package let runOut: RunOut?
    package let unbilled: UnbilledEstimate

    package static func find(_ id: SubscriptionID, _ context: TenantContext) async throws -> Outlook {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        return try await load(subscription, at: now, context)
    }

    static func load(_ subscription: Subscription, at now: Instant, _ context: TenantContext) async throws -> Outlook {
        let (tenant, id, zone) = (context.tenant.id, subscription.id, subscription.zone)
        // Every day that could count, and a little more; the rule picks its days.
        let from = zone.startOfDay(zone.date(at: now).adding(days: -BurnRate.windowDays - 2))
        let rows = try await context.read(
            UnbilledUsage.statements(id, tenant) + [
                """
                select (occurred_at at time zone \(zone.identifier))::date, sum(cost) from usage_records \
                where tenant_id = \(tenant) and subscription_id = \(id) and occurred_at >= \(from) and settlement_id is not null group by 1
                """,
                """
                select max(reactivated_at) from suspension_intervals where tenant_id = \(tenant) and subscription_id = \(id)
                """,
            ]
        ).rows
        let unbilled = try UnbilledUsage.estimate(rows[..<2], of: subscription, at: now)
        guard subscription.offer.isPaidByCredit, subscription.state.isRunning, let activated = subscription.facts.activatedAt
        else {
            return Outlook(subscription: subscription, asOf: now, burn: nil, runOut: nil, unbilled: unbilled)
        }
        var costs: [CivilDate: ExactDecimal] = [:]
        for row in rows[2] { costs[try row.get(0)] = try row.get(1, as: ExactDecimal.self) }
        let again: Instant? = try rows[3].first.flatMap { try $0.get(0) }
        let burn = try BurnRate.measured(
            costs, runningSince: max(activated, again ?? activated), at: now, in: zone, currency: subscription.currency)
        let runOut: RunOut? =
            if case .rate(let rate) = burn { try RunOut.projected(rate, lots: subscription.credit, at: now) } else { nil }
        return Outlook(subscription: subscription, asOf: now, burn: burn, runOut: runOut, unbilled: unbilled)
    }

    var estimatedConsequences: [Consequence] {
        runOut.map { WhatNext.estimated($0, for: subscription.facts, policy: subscription.policy) } ?? []
    }

    func body() -> [UInt8] {
        jsonObject { json in
            json.field("object", "outlook")
            json.field("subscription_id", subscription.id)
            json.field("as_of", asOf)
            switch burn {
            case .rate(let rate)?:
                json.field(
                    "burn_rate",
                    object: {
                        $0.field("per_day", rate.perDay)
                        $0.field("cost", rate.cost)
                        $0.field("days", rate.days)
                    })
            case .tooLittleHistory?, nil: json.nullField("burn_rate")
            }
            json.field("credit_end", object: write(creditEnd:))
            json.field(
                "unbilled",
                object: {
                    $0.field("since", unbilled.since.iso)
                    $0.field("settled", unbilled.settled)
                    $0.field("unsettled", unbilled.unsettled)
                    $0.field("total", unbilled.total)
                    $0.field("month_to_date", unbilled.monthToDate)
                })
        }
    }

    private func write(creditEnd json: inout JSONWriter) {
        if let deletion = subscription.whatNext.last, let lost = subscription.forfeitedAtDeletion {
            json.field("kind", "forfeited")
            json.field("at", deletion.at)
            return json.field("unused", lost)
        }
        switch (runOut, burn) {
        case (.runsOut(let at)?, _):
            json.field("kind", "runs_out")
            json.field("at", at)
            json.nullField("unused")
        case (.expiresFirst(let at, let unused)?, _):
            json.field("kind", "expires_first")
            json.field("at", at)
            json.field("unused", unused)
        case (_, .tooLittleHistory?):
            json.field("kind", "too_little_history")
            json.nullField("at")
            json.nullField("unused")
        default:
            json.field("kind", "not_applicable")
            json.nullField("at")
            json.nullField("unused")
        }
    }
}
