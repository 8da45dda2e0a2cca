import FoundationEssentials
import Postgres
import Synchronization
import Values

/// When and from where each key was used last, gathered here and written a moment later: no request waits for it. All loops of a process gather in one.
///
/// A killed server loses what it has gathered in its last seconds, of uses that are kept to the minute; one that ends well writes it first.
package final class KeyUses: Sendable {
    /// A key whose row is held by somebody must not keep the others waiting.
    static let lockTimeout = Duration.milliseconds(500)

    struct Use: Sendable {
        let key: APIKeyID
        let address: String
        let at: Instant
    }

    private let gathered = Mutex<[APIKeyID: Use]>([:])

    init() {}

    func note(_ use: Use) { gathered.withLock { $0[use.key] = use } }

    /// Writes until its task is cancelled; whoever cancels it writes what has come since. `pause` waits between two writes and throws when cancelled.
    package func run(_ database: Database, pause: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await pause() } catch { return }
            await write(to: database)
        }
    }

    /// All in one transaction; where the database refuses that (a row is held), each in one of its own. What cannot be written now is kept for the next
    /// time, unless the key is used again before it.
    package func write(to database: Database) async {
        let uses = gathered.withLock { gathered in
            defer { gathered = [:] }
            // In one order, so that two servers never wait for each other.
            return gathered.values.sorted { $0.key < $1.key }
        }
        guard !uses.isEmpty else { return }
        do { try await write(uses, to: database) } catch let error as PostgresError where error.kind == .server {
            for use in uses {
                do { try await write([use], to: database) } catch { keep([use]) }
            }
        } catch {
            // A database that is not there is not asked once for each key.
            keep(uses)
        }
    }

    private func keep(_ uses: [Use]) {
        gathered.withLock { gathered in
            for use in uses where gathered[use.key] == nil { gathered[use.key] = use }
        }
    }

    private func write(_ uses: [Use], to database: Database) async throws {
        let (keys, times, addresses) = (uses.map(\.key), uses.map(\.at), uses.map { String($0.address.prefix(64)) })
        try await database.writes.write(scope: nil, repeatable: true, lockTimeout: Self.lockTimeout) { transaction in
            // Another server may have seen a later one.
            transaction.enqueue(
                """
                insert into identity.api_key_uses (key_id, tenant_id, used_at, address) \
                select k.id, k.tenant_id, u.used_at, u.address \
                from unnest(\(keys), \(times), \(addresses)) as u (id, used_at, address) join identity.api_keys k on k.id = u.id order by k.id \
                on conflict (key_id) do update set used_at = excluded.used_at, address = excluded.address \
                where api_key_uses.used_at <= excluded.used_at
                """)
        }
    }
}
