import App
import FoundationEssentials
import HTTP
import Postgres
import TestSupport
import Testing
import Values

/// Whoever goes on from a cursor is told of everything, however long a transaction took to commit.
@Suite struct `Events in the order of transactions` {
    private static let insert = """
        insert into outbox_events (tenant_id, id, type, object_kind, object_id, account_id, sequence, occurred_at) \
        values ($tenant, $id, 'account.edited', 'account', $account, $account, $sequence, now())
        """

    @Test func `miss nothing that a transaction held back`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: nil)
        let account = try await tenant.account()
        let key = try await tenant.accountKey(account)
        let (holder, watcher) = (try tenant.bursar.database.superuser(), try tenant.bursar.database.superuser())
        func statement(_ id: EventID, _ sequence: Int) throws -> String {
            let owner = try #require(AccountID(account))
            return Self.insert.replacing("$tenant", with: "'\(tenant.id.uuid)'").replacing("$id", with: "'\(id.uuid)'")
                .replacing("$account", with: "'\(owner.uuid)'").replacing("$sequence", with: "\(sequence)")
        }
        for asked in [nil, key] {
            var (seen, cursor) = ([String](), String?.none)
            /// All that is new, in pages of one, as a reader with a cursor takes it.
            func read() async throws {
                while true {
                    let page = try await tenant.get(
                        "/v1/events?sort=created_at&limit=1\(cursor.map { "&cursor=\($0)" } ?? "")", as: asked
                    ).expect(200)
                    seen += page.list("data").compactMap { $0.scalar("id") }.filter { !seen.contains($0) }
                    guard let next = page["next_cursor"] else { return }
                    cursor = next
                }
            }
            let base = asked == nil ? 100 : 200
            let (held, second, third) = (
                EventID(at: Instance.realNow(), random: (1, UInt64(base))),
                EventID(at: Instance.realNow().adding(seconds: 1), random: (2, UInt64(base))),
                EventID(at: Instance.realNow().adding(seconds: 2), random: (3, UInt64(base)))
            )
            try holder.run("begin")
            try holder.run(statement(held, base + 1))
            try watcher.run(statement(second, base + 2))
            try watcher.run(statement(third, base + 3))
            try await read()
            // What would come behind it waits for it; people see it at once.
            #expect(!seen.contains(second.description) && !seen.contains(third.description))
            let newest = try await tenant.get("/v1/events?limit=1", as: asked).expect(200)
            #expect(newest["data.0.id"] == third.description)
            try holder.run("commit")
            // Other tests have transactions of their own under way.
            for _ in 0..<1_200 where !seen.contains(third.description) {
                try await read()
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(Array(seen.suffix(3)) == [held, second, third].map(\.description))
            #expect(Set(seen).count == seen.count)
        }
        try await tenant.invariants()
    }

    @Test func `go on from a cursor that was made before events had places`() async throws {
        let tenant = try await TestBursar.shared.tenant(clock: nil)
        for name in ["One", "Two", "Three"] { _ = try await tenant.account(name) }
        try tenant.force("update outbox_events set xact = '0' where tenant_id = $tenant")
        let all = try await tenant.get("/v1/events?sort=created_at&limit=100").expect(200).list("data")
        let ids = all.compactMap { $0.scalar("id") }
        let (first, at) = (try #require(EventID(ids[0])), try instant(try #require(all[0].scalar("timestamp"))))
        let old = PageRequest.cursor(at: at, id: first.uuid)
        let rest = try await tenant.get("/v1/events?sort=created_at&limit=100&cursor=\(old)").expect(200).list("data")
        #expect(rest.compactMap { $0.scalar("id") } == Array(ids.dropFirst()) && ids.count >= 3)
    }
}
