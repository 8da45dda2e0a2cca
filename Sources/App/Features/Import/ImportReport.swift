import Values

/// What an import did. Rows read = stored + duplicate + rejected.
package struct ImportReport: Sendable {
    package let file: String
    package let format: ImportFormat
    package let rows: Int
    /// Of all rows read, exact; equal to the file's own sum.
    package let totals: [(currency: Currency, amount: ExactDecimal)]
    package let madeAccounts: Int
    package let madeSubscriptions: Int
    package private(set) var stored = 0
    package private(set) var duplicate = 0
    package private(set) var rejected: [(line: Int, code: String)] = []

    init(path: String, format: ImportFormat, survey: ImportSurvey, targets: ImportTargets) {
        file = path
        self.format = format
        rows = survey.rows
        totals = survey.totals.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        madeAccounts = targets.madeAccounts
        madeSubscriptions = targets.madeSubscriptions
    }

    mutating func note(_ verdicts: [ReceiveUsage.Verdict], lines: [Int]) {
        for (verdict, line) in zip(verdicts, lines) {
            switch verdict.word {
            case "accepted": stored += 1
            case "duplicate": duplicate += 1
            default: rejected.append((line, verdict.code ?? "rejected"))
            }
        }
    }

    /// One fact a line: its name, a tab, its value.
    package var text: String {
        var lines = [
            "file\t\(file)", "format\t\(format.rawValue)", "rows read\t\(rows)", "stored\t\(stored)", "duplicate\t\(duplicate)",
            "rejected\t\(rejected.count)",
        ]
        for run in rejectedRuns {
            lines.append(
                "rejected\t\(run.first == run.last ? "line \(run.first)" : "lines \(run.first)–\(run.last)")\t\(run.code)")
        }
        if madeAccounts > 0 { lines.append("new accounts\t\(madeAccounts)") }
        if madeSubscriptions > 0 { lines.append("new subscriptions\t\(madeSubscriptions)") }
        for total in totals { lines.append("total\t\(total.amount)\t\(total.currency.code)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Neighbours that were rejected for the same reason, told in one line.
    private var rejectedRuns: [(first: Int, last: Int, code: String)] {
        var runs: [(first: Int, last: Int, code: String)] = []
        for (line, code) in rejected {
            if let last = runs.last, last.code == code, last.last + 1 == line {
                runs[runs.count - 1].last = line
            } else {
                runs.append((line, line, code))
            }
        }
        return runs
    }
}
