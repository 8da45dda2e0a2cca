import CPostgres

/// One command of a batch.
struct Command {
    enum Kind {
        /// A statement of the program: prepared once per connection.
        case statement(SQL)
        /// Transaction control, prepared when the connection opens.
        case control(Control)
        /// Text that is different each time and has no binds: a `SET LOCAL`.
        case text(String)
    }
    let kind: Kind
    /// False: only checked for errors.
    var wantsRows = false
    var phase: PostgresError.Phase = .body
}

/// Transaction control statements; each is prepared once under its own name.
enum Control: String, CaseIterable {
    case begin = "begin"
    case beginReadOnly = "begin read only"
    case beginReport = "begin isolation level repeatable read read only"
    case commit = "commit"
    case rollback = "rollback"

    var statementName: String {
        switch self {
        case .begin: "b"
        case .beginReadOnly: "br"
        case .beginReport: "bq"
        case .commit: "c"
        case .rollback: "r"
        }
    }
}

/// Everything up to and including one Sync: an error in it skips the rest of it, and nothing else.
///
/// Belongs to the loop of its connection, like everything that is not Sendable here.
final class Batch {
    /// What the server still owes an answer to, in order.
    enum Step {
        case prepare(Statement)
        case command(wantsRows: Bool, PostgresError.Phase, Statement?)
    }

    var steps: [Step] = []
    private(set) var stepsDone = 0
    private(set) var rows: [Rows] = []
    private(set) var failure: PostgresError?
    /// The last command's tag: tells a COMMIT that happened from one that the server turned into a ROLLBACK.
    private(set) var lastTag = ""
    private(set) var isDone = false
    /// The connection broke before this batch was answered to its end.
    private(set) var isLost = false
    /// How long the server may be silent while this batch is the next to be answered.
    var patience = Duration.seconds(15)
    private var whenDone: (() -> Void)?
    private var waiter: CheckedContinuation<Void, Never>?

    var nextStep: Step? { stepsDone < steps.count ? steps[stepsDone] : nil }

    /// Calls `body` once, on the loop, when the batch is done; at once if it is.
    func onDone(_ body: @escaping () -> Void) {
        if isDone { body() } else { whenDone = body }
    }

    /// Suspends until the server has answered all of it. At most one waiter.
    func wait() async {
        if isDone { return }
        await withCheckedContinuation { waiter = $0 }
    }

    func record(rows box: ResultBox) { rows.append(Rows(result: box)) }
    func record(tag: String) { lastTag = tag }

    func record(failure error: PostgresError) {
        guard failure == nil else { return }
        if case .command(_, let phase, _) = nextStep { failure = error.during(phase) } else { failure = error }
    }

    func endStep() { stepsDone += 1 }

    func finish() {
        guard !isDone else { return }
        isDone = true
        let called = whenDone
        whenDone = nil
        called?()
        let waiting = waiter
        waiter = nil
        waiting?.resume()
    }

    func lose(_ error: PostgresError) {
        isLost = true
        record(failure: error)
        finish()
    }
}
