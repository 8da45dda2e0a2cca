import App
import FoundationEssentials
import Postgres
import Synchronization

/// A Bursar database of its own in the test process's cluster. The schema is migrated once, into a template; every database is a clone of it.
package struct TestDatabase: Sendable {
    package let appURL: String
    package let ownerURL: String
    /// Sees and changes everything: only for looking behind the app's back, and for breaking what the app would not break.
    package let superuserURL: String

    private static let template = "bursar_template"
    private static let numbers = Atomic(0)
    private static let prepared: Result<Cluster, any Error> = Result {
        let cluster = try DisposableCluster.shared()
        let session = try AdminSession(url: cluster.superuserURL)
        try create(template, from: "template1", session)
        try Migrations.run(try Folders().sql, ownerURL: url(cluster.ownerURL, template))
        return cluster
    }

    /// Clones the migrated template.
    package static func make() throws -> TestDatabase {
        let cluster = try prepared.get()
        let name = "bursar_\(numbers.add(1, ordering: .relaxed).newValue)"
        try create(name, from: template, try AdminSession(url: cluster.superuserURL))
        return TestDatabase(
            appURL: url(cluster.appURL, name), ownerURL: url(cluster.ownerURL, name),
            superuserURL: url(cluster.superuserURL, name))
    }

    private static func create(_ name: String, from template: String, _ session: AdminSession) throws {
        try session.run("create database \(name) owner \(Cluster.ownerRole) template \(template)")
        try session.run("revoke all on database \(name) from public")
        try session.run("grant connect on database \(name) to \(Cluster.appRole)")
    }

    private static func url(_ url: String, _ database: String) -> String {
        url.replacing("dbname='\(Cluster.databaseName)'", with: "dbname='\(database)'")
    }

    package func superuser() throws -> AdminSession { try AdminSession(url: superuserURL) }
}
