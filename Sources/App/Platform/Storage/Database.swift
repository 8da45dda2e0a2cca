import Loop
import Postgres
import Values

/// The pools of one loop. Reads are whole units on a few multiplexed connections; writes own a connection for one transaction.
package struct Database: Sendable {
    package let reads: ReadPool
    package let writes: WritePool
    /// Downloads and exports: their own connection and their own, longer, timeout.
    package let reports: ReportPool
    package let subscriptions: SubscriptionReads

    package init(reads: ReadPool, writes: WritePool, reports: ReportPool) {
        self.reads = reads
        self.writes = writes
        self.reports = reports
        subscriptions = SubscriptionReads(reads)
    }

    /// On the loop.
    func close() {
        reads.close()
        writes.close()
        reports.close()
    }
}
