import App
import Postgres
import TestSupport
import Testing

/// Architecture section 4, rule 9: what may lose an acknowledged payment, or sees beyond a tenant, is not served.
@Suite struct `A database is refused` {
    private func refusal(_ change: (inout Configuration, TestDatabase) throws -> Void) async throws -> String? {
        let database = try TestDatabase.make()
        var configuration = Configuration()
        configuration.databaseURL = database.appURL
        configuration.allowsLossyDatabase = true
        configuration.logLevel = .error
        try change(&configuration, database)
        do {
            let instance = try await Instance.open(configuration, purpose: .serve)
            await instance.close()
            return nil
        } catch let problem as Configuration.Problem {
            return problem.description
        }
    }

    @Test func `never without a reason`() async throws {
        #expect(try await refusal { _, _ in } == nil)
    }

    @Test func `when it runs with fsync off`() async throws {
        // The test's own cluster does; only tests may say that this is well.
        #expect(
            try await refusal { configuration, _ in configuration.allowsLossyDatabase = false }?.contains("fsync = off") == true)
    }

    @Test func `for a superuser's and for the owner's connection`() async throws {
        #expect(try await refusal { $0.databaseURL = $1.superuserURL }?.contains("bursar_app") == true)
        #expect(try await refusal { $0.databaseURL = $1.ownerURL }?.contains("bursar_app") == true)
    }

    @Test func `when its schema is newer than the program, or older`() async throws {
        let newer = try await refusal { _, database in
            try database.superuser().run(
                "insert into bursar_migrations select (jsonb_populate_record(m, '{\"number\": 9999}')).* from bursar_migrations m limit 1"
            )
        }
        #expect(newer?.contains("9999") == true)
        #expect(
            try await refusal { _, database in try database.superuser().run("delete from bursar_migrations") }?.contains(
                "migrate") == true)
    }
}
