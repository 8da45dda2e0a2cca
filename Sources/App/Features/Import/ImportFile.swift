import Billing
import Crypto
import FoundationEssentials
import Postgres
import Values

/// Reads a bill of the world outside and stores every row as a usage record with its exact cost, charged to the enrollment's commitment.
///
/// The file is read twice: once from beginning to end to find every fault before anything is stored, then to store it, in one transaction. So a broken
/// file (cut off, another header, a number or a date that is none, a currency that is not its account's) changes nothing and names its line. A row that
/// is well written but that the rules of usage refuse is **rejected**, named with its line and its reason, and the others are stored: one for a
/// subscription that is deleted or was suspended at the row's time (L4), or one that lies in the tenant's future. Rows may be as old as they like, and
/// negative.
package struct ImportFile: Sendable {
    static let rowsAtOnce = 1_000

    let path: String
    let format: ImportFormat

    /// An import settles what it brought for so long, in seconds.
    private static let settleSeconds: Int64 = 600

    package init(path: String, format: ImportFormat) {
        self.path = path
        self.format = format
    }

    /// - Parameter progress: told how many rows of how many are stored; more than once from the beginning when the database asks for another try.
    /// - Throws: `InputFault` when the file is at fault; `Failure` when the tenant or the database refuses.
    package func run(_ context: TenantContext, progress: @escaping @Sendable (_ done: Int, _ all: Int) -> Void) async throws
        -> ImportReport
    {
        try context.require(.operate)
        do {
            let file = try FileBytes(path: path)
            let survey = try ImportSurvey(file, format: format)
            let report = try await context.work(actor: .commandLine) { write in
                try await store(survey, read: file.fingerprint, write, progress)
            }
            // What is in the way of a settlement is in the way of no import: whoever waits then is the server's.
            try await SettleUsage(context).look(forSeconds: Self.settleSeconds)
            return report
        } catch let fault as LineFault {
            throw InputFault(file: path, fault)
        } catch let error as PostgresError {
            throw Failure(error)
        }
    }

    private func store(
        _ survey: ImportSurvey, read fingerprint: FileBytes.Fingerprint, _ write: Write, _ progress: (Int, Int) -> Void
    ) async throws -> ImportReport {
        let file = try FileBytes(path: path)
        guard file.fingerprint == fingerprint else { throw LineFault(nil, "was changed while it was read") }
        var rows = try ImportRows(file, format: format)
        let targets = try await ImportTargets(survey, write)
        var report = ImportReport(path: path, format: format, survey: survey, targets: targets)
        var occurrences = Occurrences()
        var batch: [ReceiveUsage.Event] = []
        var lines: [Int] = []
        var buffer: [UInt8] = []
        var done = 0
        progress(0, survey.rows)
        while true {
            let row = try rows.next()
            if let row {
                let hash = rows.layout.identity.content(of: rows.record, buffer: &buffer)
                batch.append(try event(row, id: "\(Hex.encode(hash)):\(occurrences.number(of: hash))", targets))
                lines.append(row.line)
            }
            guard batch.count == Self.rowsAtOnce || row == nil else { continue }
            if !batch.isEmpty {
                report.note(try await ReceiveUsage(imported: batch).receive(write), lines: lines)
                done += batch.count
                progress(done, survey.rows)
            }
            batch.removeAll(keepingCapacity: true)
            lines.removeAll(keepingCapacity: true)
            if row == nil { break }
        }
        guard done == survey.rows else { throw LineFault(nil, "was changed while it was read") }
        if report.stored > 0 {
            for account in targets.accounts.values {
                write.audit("import.stored", object: ("account", account.account.uuid), account: account.account)
            }
        }
        return report
    }

    private func event(_ row: ImportRow, id: String, _ targets: ImportTargets) throws -> ReceiveUsage.Event {
        guard let target = targets.accounts[row.account], let subscription = target.subscriptions[row.subscription] else {
            throw LineFault(row.line, "was changed while it was read")
        }
        let observation = UsageObservation(
            time: row.time.instant(in: target.zone), meter: row.meter, product: row.product, quantity: row.quantity,
            unit: row.unit, cost: row.cost,
            costCurrency: row.currency, resource: row.resource)
        return ReceiveUsage.Event(id: id, source: format.source, subscription: subscription, observation: observation)
    }
}
