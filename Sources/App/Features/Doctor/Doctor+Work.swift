import FoundationEssentials
import Postgres
import Values

/// What waits, what failed, and whether the books are right.
extension Doctor {
    /// Later than this somebody should look; later than the second, something is broken.
    private static let lateSeconds: Int64 = 300
    private static let brokenSeconds: Int64 = 86_400

    /// Timers that failed, and usage that nobody settles.
    func work(_ tenants: [Tenant]) async throws -> Finding {
        var failed: Int64 = 0
        for tenant in tenants {
            let rows = try await database.reads.read(
                scope: tenant.id.uuid, ["select count(*) from timers where tenant_id = \(tenant.id) and attempts > 0"])[0]
            failed += try rows[0].get(0, as: Int64.self)
        }
        let stuck = try await database.reads.read(
            scope: nil, ["select count(*) from work.settlement_queue where attempts > 0"])[0]
        let settlements: Int64 = try stuck[0].get(0)
        if failed + settlements == 0 { return .ok("work", "no timer and no settlement has failed") }
        return .failure(
            "work", "\(failed) timers and \(settlements) settlements have failed",
            fix: "The operator's page Jobs shows each with its error, and tries it again.")
    }

    func queues(_ tenants: [Tenant]) async throws -> [Finding] {
        let now = instance.dependencies.realNow()
        return try await QueueLook.run(instance.dependencies, tenants).map { queue in
            let name = "queue \(queue.name.rawValue)"
            let late = queue.lateSeconds(at: now)
            if queue.name == .mail, queue.waiting > 0, instance.configuration.mail.server == nil {
                return .warning(
                    name, "\(queue.waiting) mails wait for a mail server", fix: "BURSAR_SMTP_URL and BURSAR_MAIL_FROM.")
            }
            var detail = queue.waiting == 0 ? "nothing waits" : "\(queue.waiting) wait, the oldest for \(late) s"
            if queue.name == .webhooks { return webhooks(queue, name, detail, late) }
            if queue.failing > 0 {
                detail +=
                    queue.name == .mail
                    ? "; \(queue.failing) of the last day were given up" : "; \(queue.failing) have failed before"
            }
            if late > Self.brokenSeconds { return .failure(name, detail, fix: Self.fix) }
            if late > Self.lateSeconds || queue.failing > 0 { return .warning(name, detail, fix: Self.fix) }
            return .ok(name, detail)
        }
    }

    private static let fix = "Is a server running? Its log says `postponed` or `failed` where something stands in the way."

    /// A receiver that fails is its owner's affair, who is told of it; when most of them do, it is the way out of here that is closed.
    private func webhooks(_ queue: QueueState, _ name: String, _ waiting: String, _ late: Int64) -> Finding {
        var detail = waiting
        if queue.failing > 0 { detail += "; nothing arrives at \(queue.failing) of \(queue.endpoints) endpoints" }
        if late > Self.brokenSeconds { return .failure(name, detail, fix: Self.fix) }
        if late > Self.lateSeconds { return .warning(name, detail, fix: Self.fix) }
        if queue.failing * 2 > queue.endpoints {
            return .warning(
                name, detail,
                fix: "Can this machine reach them? Name server, firewall, certificates; the log of each says what failed.")
        }
        return .ok(name, detail)
    }

    func books(_ tenants: [Tenant]) async throws -> Finding {
        let wrong = try await TrialBalance.of(tenants, database).filter { $0.value != 0 }
        if wrong.isEmpty { return .ok("trial balance", "debits and credits are equal in every currency") }
        let sums = wrong.sorted { $0.key < $1.key }.map { "\($0.value) minor units of \($0.key)" }
        return .failure(
            "trial balance", "debits and credits differ by \(sums.joined(separator: ", "))",
            fix: "Stop the servers, keep the database as it is; the invariants below say which accounts.")
    }
}
