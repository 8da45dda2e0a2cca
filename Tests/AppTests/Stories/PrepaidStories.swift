import TestSupport
import Testing

/// L2, L5, M5, M6, told by the test clock.
@Suite struct `A prepaid subscription` {
    @Test func `bought on 29 February expires on 28 February, and each lot keeps its own date`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2024-02-29T04:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.advance(to: "2024-03-31T04:00:00Z")
        try await tenant.pay(id, "2000.00").expect(200)
        try await tenant.advance(to: "2024-08-31T04:00:00Z")
        let third = try await tenant.pay(id, "3000.00").expect(200)
        #expect(
            third.list("credit.lots").map { $0.scalar("expires_at") } == [
                "2025-02-28T04:00:00Z", "2025-03-31T04:00:00Z", "2025-08-31T04:00:00Z",
            ])
        #expect(third["credit.expires_at"] == "2025-08-31T04:00:00Z")
        #expect(third["credit.remaining.amount"] == "6000.00")

        // The earliest expiry pays first.
        try await tenant.use(id, cost: "1500.00", at: "2024-08-31T03:00:00Z")
        try await tenant.settle()
        #expect(
            try await tenant.subscription(id).list("credit.lots").map { $0.scalar("remaining.amount") } == [
                "0.00", "1500.00", "3000.00",
            ])
        // The first lot ends empty, the second with something left: neither suspends while a third lives.
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        let later = try await tenant.subscription(id)
        #expect(later["state"] == "active")
        #expect(later["credit.remaining.amount"] == "3000.00")
        #expect(later["credit.days_left"] == "152")
        // The last one suspends.
        try await tenant.advance(to: "2025-08-31T04:00:00Z")
        let expired = try await tenant.subscription(id)
        #expect(expired.list("suspension_reasons").map(\.string) == ["credit_expired"])
        #expect(expired["delete_at"] == "2025-11-29T04:00:00Z")
        #expect(expired["credit.remaining.amount"] == "0.00")
        try await tenant.invariants()
    }

    @Test(arguments: [("0.01", "credit_expired"), ("0.00", "credit_exhausted")])
    func `ends for one reason about credit, never for both`(left: String, reason: String) async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-15T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.advance(to: "2025-12-31T23:00:00Z")
        try await tenant.use(id, cost: left == "0.01" ? "999.99" : "1000.00", at: "2025-12-31T22:00:00Z")
        try await tenant.advance(to: "2026-01-20T00:00:00Z")
        let ended = try await tenant.subscription(id)
        #expect(ended.list("suspension_reasons").map(\.string) == [reason])
        #expect(ended["suspended_at"] == (reason == "credit_expired" ? "2026-01-15T00:00:00Z" : "2025-12-31T23:00:00Z"))
        try await tenant.invariants()
    }

    @Test func `usage before the lot's end that arrives after it was sent in time is settled before the lot is forfeited`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-15T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.advance(to: "2026-01-14T23:59:59Z")
        try await tenant.use(id, cost: "1000.00", at: "2026-01-14T23:59:58Z")
        // Not settled yet when the clock passes the expiry: earlier usage settles first (M6a), so the lot ends empty.
        try await tenant.advance(to: "2026-01-15T00:00:00Z")
        let ended = try await tenant.subscription(id)
        #expect(ended.list("suspension_reasons").map(\.string) == ["credit_exhausted"])
        #expect(ended["credit.outstanding.amount"] == "0.00")
        try await tenant.invariants()
    }

    @Test func `a payment inside the window pays the debt first and lifts only when credit is left`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-06-01T00:00:00Z")
        let id = try await tenant.prepaid("1000.00")
        try await tenant.use(id, cost: "3000.00", at: "2025-06-01T00:00:00Z")
        try await tenant.settle()
        let suspended = try await tenant.subscription(id)
        #expect(suspended.list("suspension_reasons").map(\.string) == ["credit_exhausted"])
        #expect(suspended["credit.outstanding.amount"] == "2000.00")

        let partly = try await tenant.pay(id, "1000.00").expect(200)
        #expect(partly["state"] == "suspended")
        #expect(partly["credit.outstanding.amount"] == "1000.00")
        #expect(partly["payment.debt_paid.amount"] == "1000.00")
        #expect(partly["payment.credited.amount"] == "0.00")
        #expect(partly["payment.missing.amount"] == "1000.01")
        // Exactly the debt: accepted, still nothing to use.
        let covered = try await tenant.pay(id, "1000.00").expect(200)
        #expect(covered["state"] == "suspended")
        #expect(covered["credit.outstanding.amount"] == "0.00")
        #expect(covered["payment.missing.amount"] == "1000.00")
        #expect(covered["delete_at"] == suspended["delete_at"])
        let lifted = try await tenant.pay(id, "1000.00").expect(200)
        #expect(lifted["state"] == "active")
        #expect(lifted["payment.missing.amount"] == "0.00")
        #expect(lifted["credit.remaining.amount"] == "1000.00")
        #expect(lifted["delete_at"] == nil)
        try await tenant.invariants()
    }

    @Test func `an action one microsecond before the deadline is allowed, at the deadline it is not, though no job has run`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let kept = try await tenant.prepaid()
        let lost = try await tenant.prepaid()
        for id in [kept, lost] {
            let suspended = try await tenant.suspend(id, "requested").expect(200)
            // 90 days of 24 hours.
            #expect(suspended["delete_at"] == "2025-04-01T00:00:00Z")
        }
        try await tenant.advance(to: "2025-03-31T23:59:59.999999Z")
        try await tenant.reactivate(kept, "requested").expect(200)
        // The clock reaches the deadline behind the timer's back.
        try tenant.force("update test_clocks set now_at = '2025-04-01T00:00:00Z' where tenant_id = $tenant")
        #expect(try await tenant.subscription(lost)["state"] == "suspended")
        for refused in [
            try await tenant.reactivate(lost, "requested"), try await tenant.pay(lost, "1000.00"),
            try await tenant.suspend(lost, "operator"),
            try await tenant.request("PATCH", "/v1/subscriptions/\(lost)", ["name": "Too late"]),
        ] { try refused.expect(409, "deadline_passed") }
        try await tenant.advance(to: "2025-04-01T00:00:00Z")
        #expect(try await tenant.subscription(lost)["state"] == "deleted")
        #expect(try await tenant.subscription(kept)["state"] == "active")
        try await tenant.invariants()
    }

    @Test func `not paid for it lapses after 14 days and its order is cancelled`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let account = try await tenant.account()
        let waiting = try await tenant.order("prepaid", for: account).expect(201)
        let id = try waiting.id
        #expect(waiting["state"] == "pending")
        #expect(waiting["services_configured"] == "true")
        let refused = try await tenant.report(tenant.event(id, cost: "1.00", at: "2025-01-01T00:00:00Z"))
        #expect(refused["results.0.code"] == "subscription_pending")
        try await tenant.suspend(id, "requested").expect(409, "subscription_pending")
        try await tenant.advance(to: "2025-01-14T23:59:59.999999Z")
        #expect(try await tenant.subscription(id)["state"] == "pending")
        try await tenant.advance(to: "2025-01-15T00:00:00Z")
        #expect(try await tenant.subscription(id)["state"] == "deleted")
        let order = try await tenant.get("/v1/orders/\(waiting["order_id"] ?? "")").expect(200)
        #expect(order["status"] == "cancelled")
        #expect(try await tenant.get("/v1/subscriptions/\(id)/deletion-certificate")["rule"] == "L11")
        // Nothing was used, owed or erased: what it is refused with says so, and not that it was deleted.
        let gone = try await tenant.pay(id, "1000.00").expect(409, "order_lapsed")
        #expect(gone.text.contains("nothing is owed") && !gone.text.contains("written off"))
        try await tenant.get("/v1/subscriptions/\(id)/usage.csv").expect(409, "order_lapsed")
        try await tenant.invariants()
    }

    @Test func `two reasons are lifted one by one, the second does not move the deadline, services wait for confirmation`()
        async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: "2025-01-01T00:00:00Z")
        let id = try await tenant.prepaid()
        let first = try await tenant.suspend(id, "requested").expect(200)
        try await tenant.advance(to: "2025-01-05T00:00:00Z")
        let second = try await tenant.suspend(id, "operator").expect(200)
        #expect(second.list("suspension_reasons").map(\.string) == ["requested", "operator"])
        #expect(second["delete_at"] == first["delete_at"])
        #expect(second["suspended_at"] == "2025-01-01T00:00:00Z")
        let again = try await tenant.suspend(id, "operator").expect(200)
        #expect(again["updated_at"] == second["updated_at"])
        try await tenant.reactivate(id, "overdue").expect(409, "reason_not_present")
        let one = try await tenant.reactivate(id, "requested").expect(200)
        #expect(one["state"] == "suspended")
        #expect(one["delete_at"] == first["delete_at"])
        try await tenant.post("/v1/subscriptions/\(id)/confirm-services").expect(409, "subscription_suspended")
        let both = try await tenant.reactivate(id, "operator").expect(200)
        #expect(both["state"] == "active")
        #expect(both["services_configured"] == "false")
        #expect(try await tenant.post("/v1/subscriptions/\(id)/confirm-services").expect(200)["services_configured"] == "true")
        #expect(
            try await tenant.history(id).dropFirst(2) == [
                "subscription.suspended requested", "subscription.reason_added operator", "subscription.reason_lifted requested",
                "subscription.reactivated operator", "subscription.services_confirmed",
            ])
        try await tenant.invariants()
    }

    /// The account's zone decides the day; the hour of the wall clock stays, across daylight saving, and a gap moves it forward.
    @Test(arguments: [
        ("America/New_York", "2024-03-10T07:30:00Z", "2025-03-10T07:30:00Z"),
        ("America/New_York", "2024-11-02T12:00:00Z", "2025-11-02T13:00:00Z"),
        ("America/Sao_Paulo", "2017-10-14T15:00:00Z", "2018-10-14T15:00:00Z"),
        ("Asia/Shanghai", "2024-02-28T16:30:00Z", "2025-02-27T16:30:00Z"),
        ("America/Sao_Paulo", "2018-01-15T02:30:00Z", "2019-01-15T02:30:00Z"),
    ])
    func `expires twelve calendar months later in the account's zone`(zone: String, bought: String, expires: String) async throws
    {
        let tenant = try await TestBursar.shared.tenant(clock: bought)
        let id = try await tenant.prepaid("1000.00", zone: zone)
        #expect(try await tenant.subscription(id)["credit.expires_at"] == expires)
        try await tenant.advance(to: expires)
        #expect(try await tenant.subscription(id)["suspended_at"] == expires)
        try await tenant.invariants()
    }
}
