import Postgres
import Testing

@Suite struct ServerFactsTests {
    @Test func `the app role is humble and the server is known`() async throws {
        let facts = try await withPools { try await $0.reads.serverFacts() }
        #expect(facts.version >= 150_000)
        #expect(facts.role == "bursar_app")
        #expect(facts.database == "bursar")
        #expect(!facts.isSuperuser && !facts.bypassesRowSecurity && !facts.ownsTables)
        #expect(facts.hasDataChecksums)
        // The cluster of the tests is a disposable one.
        #expect(!facts.isFsyncOn && !facts.isFullPageWritesOn && facts.synchronousCommit == "off")
    }

    @Test func `the owner and the superuser are told apart`() async throws {
        let owner = try AdminSession(url: try Database.cluster.ownerURL).serverFacts()
        #expect(owner.ownsTables && !owner.isSuperuser)
        let superuser = try AdminSession(url: try Database.cluster.superuserURL).serverFacts()
        #expect(superuser.isSuperuser && superuser.bypassesRowSecurity)
    }
}
