import FoundationEssentials
import Loop
import Postgres
import Testing

/// The private cluster of this test run, with one table under row-level security.
enum Database {
    private static let prepared: Result<Cluster, any Error> = Result {
        let cluster = try DisposableCluster.shared()
        let owner = try AdminSession(url: cluster.ownerURL)
        try owner.run(
            """
            create table notes (
                tenant_id uuid not null,
                id uuid not null,
                text text not null,
                amount bigint not null default 0 check (amount >= 0),
                primary key (tenant_id, id)
            );
            alter table notes enable row level security;
            alter table notes force row level security;
            create policy scope on notes
                using (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid)
                with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid);
            grant select, insert, update, delete on notes to bursar_app;

            create table counters (id bigint primary key, value bigint not null);
            insert into counters select n, 0 from generate_series(1, 20) n;
            create table children (
                id bigint primary key,
                counter_id bigint not null constraint children_counter references counters deferrable initially deferred
            );
            create table fatal_at_commit (n bigint not null);
            create function end_session() returns trigger language plpgsql as $$
                begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
            create constraint trigger at_commit after insert on fatal_at_commit
                deferrable initially deferred for each row execute function end_session();
            grant select, insert, update, delete on counters, children, fatal_at_commit to bursar_app;
            """)
        return cluster
    }

    static var cluster: Cluster {
        get throws { try prepared.get() }
    }

    static func options(timeout: Duration = .seconds(10)) throws -> ConnectionOptions {
        ConnectionOptions(url: try cluster.appURL, statementTimeout: timeout)
    }
}

/// The pools of one test, on a loop of their own.
struct Pools: Sendable {
    let loop: EventLoop
    let reads: ReadPool
    let writes: WritePool
}

/// Runs `body` on a loop with open pools and closes everything after it.
func withPools<T: Sendable>(
    options: ConnectionOptions? = nil, reads: Int = 2, writes: Int = 8, waitLimit: Duration = .seconds(20),
    _ body: @escaping @Sendable (Pools) async throws -> T
) async throws -> T {
    let options = try options ?? Database.options()
    let loop = EventLoop(name: "test")
    let result: Result<T, any Error> = await loop.run {
        let pools = Pools(
            loop: loop,
            reads: ReadPool(loop: loop, options: options, connections: reads, waitLimit: waitLimit),
            writes: WritePool(loop: loop, options: options, connections: writes, waitLimit: waitLimit))
        pools.reads.start()
        pools.writes.start()
        defer {
            pools.reads.close()
            pools.writes.close()
        }
        do { return .success(try await body(pools)) } catch { return .failure(error) }
    }
    loop.shutdown()
    return try result.get()
}

/// Reads one value that the statement yields.
func value<T: PostgresDecodable & Sendable>(_ statement: SQL, as type: T.Type = T.self) async throws -> T {
    try await withPools { pools in try await pools.reads.read(scope: nil, statement)[0].get(0) }
}
