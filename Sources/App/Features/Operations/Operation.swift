import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Long work on many subscriptions: how far it is, and what has come of each item.
package struct Operation: Sendable {
    package enum State: String, Sendable, CaseIterable {
        case queued, running, done, failed, cancelled

        package var hasEnded: Bool { self != .queued && self != .running }
    }

    /// Whoever asked for it.
    struct Asker: Sendable, Equatable {
        let isKey: Bool
        let id: UUID
        /// The first key of its line of rotations, of a key; the person herself.
        let line: UUID
        let isOperator: Bool

        var text: String { isKey ? APIKeyID(id).description : UserID(id).description }
    }

    /// Kept so long after its end, in days of real time.
    package static let keptDays: Int64 = 7

    package let id: OperationID
    package let action: ActOnSubscriptions.Action
    package let mode: ActOnSubscriptions.Mode
    package let state: State
    let asker: Asker
    package let account: AccountID?
    package let enrollment: EnrollmentID?
    let requestID: String?
    package let total: Int
    package let done: Int
    package let unchanged: Int
    package let refused: Int
    package let replayed: Int
    package let failureCode: String?
    package let createdAt: Instant
    package let startedAt: Instant?
    package let endedAt: Instant?
    private let askerName: String?
    /// The account's own, for who may see it.
    private let accountAdministrator: UserID?
    private let accountKind: AccountKind?
    private let accountEnrollment: EnrollmentID?

    package var finished: Int { done + unchanged + refused + replayed }
    package var expiresAt: Instant? { endedAt?.adding(seconds: Self.keptDays * 86_400) }

    static let select: SQL = """
        select o.id, o.action, o.mode, o.state, o.principal_kind, o.principal_id, coalesce(k.root_id, o.principal_id), o.is_operators, o.account_id, o.enrollment_id, o.request_id, \
        o.total, o.done, o.unchanged, o.refused, o.replayed, o.failure_code, o.created_at, o.started_at, o.ended_at, \
        coalesce(u.email, k.name), a.administrator_id, a.kind, a.enrollment_id from operations o \
        left join accounts a on a.tenant_id = o.tenant_id and a.id = o.account_id \
        left join users u on u.tenant_id = o.tenant_id and u.id = o.principal_id \
        left join identity.api_keys k on k.tenant_id = o.tenant_id and k.id = o.principal_id
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        func word<Word: RawRepresentable>(_ text: String, as type: Word.Type = Word.self) throws -> Word
        where Word.RawValue == String {
            guard let word = Word(rawValue: text) else { throw UnknownWord() }
            return word
        }
        id = try column.next()
        action = try word(try column.next())
        mode = try word(try column.next())
        state = try word(try column.next())
        let kind: String = try column.next()
        asker = Asker(isKey: kind == "key", id: try column.next(), line: try column.next(), isOperator: try column.next())
        account = try column.next()
        enrollment = try column.next()
        requestID = try column.next()
        total = Int(try column.next(Int32.self))
        done = Int(try column.next(Int32.self))
        unchanged = Int(try column.next(Int32.self))
        refused = Int(try column.next(Int32.self))
        replayed = Int(try column.next(Int32.self))
        failureCode = try column.next()
        createdAt = try column.next()
        startedAt = try column.next()
        endedAt = try column.next()
        askerName = try column.next()
        accountAdministrator = try column.next()
        accountKind = try column.next(String?.self).flatMap { AccountKind(rawValue: $0) }
        accountEnrollment = try column.next()
    }

    /// Who asked, as people read it; the provider's own people and keys have names for the provider alone.
    func asker(for reader: Principal, _ t: Localiser) -> String {
        asker.isOperator && !reader.isOperator ? t("actor.operator") : askerName ?? asker.text
    }

    // MARK: Who may

    /// Whoever asked sees it, and whoever sees the one account or the one agreement that everything in it belongs to.
    func confirmVisible(to principal: Principal) throws {
        if isOwn(of: principal) || principal.isOperator { return }
        let roles = principal.roles(
            on: Belonging(
                account: account, accountAdministrator: account == nil ? nil : accountAdministrator,
                enrollment: enrollment ?? accountEnrollment))
        try TenantContext.require(.seeAccount, of: roles, in: accountKind ?? .enterprise)
    }

    /// A key's work is its successor's too: by the same idempotency key it is given the same answer.
    func isOwn(of principal: Principal) -> Bool {
        guard principal.viewing == nil else { return false }
        return principal.idempotencyID == asker.line
    }

    /// Whoever began it stops it, and the operator.
    func mayBeCancelled(by principal: Principal) -> Bool { isOwn(of: principal) || principal.isOperator }

    // MARK: JSON

    func write(to json: inout JSONWriter, items: [Item]? = nil, _ words: ((Failure) -> String)? = nil) {
        json.object { json in
            json.field("id", id)
            json.field("object", "operation")
            json.field("action", action.rawValue)
            json.field("mode", mode.rawValue)
            json.field("state", state.rawValue)
            json.field(
                "progress",
                object: {
                    $0.field("total", total)
                    $0.field("finished", finished)
                    $0.field("done", done)
                    $0.field("unchanged", unchanged)
                    $0.field("refused", refused)
                    $0.field("replayed", replayed)
                })
            json.field(
                "requested_by",
                object: {
                    $0.field("kind", asker.isKey ? "key" : "user")
                    $0.field("id", asker.text)
                })
            json.field("account_id", account)
            json.field("enrollment_id", enrollment)
            json.field("error_code", failureCode)
            json.field("created_at", createdAt)
            json.field("started_at", startedAt)
            json.field("ended_at", endedAt)
            json.field("expires_at", expiresAt)
            guard let items, let words else { return }
            if let failureCode {
                json.field("error_detail", words(.conflict(code: failureCode)))
            } else {
                json.nullField("error_detail")
            }
            guard state.hasEnded else { return json.nullField("result") }
            json.field("result", object: { result(items, words, to: &$0) })
        }
    }

    /// As the answer of work that was done at once.
    private func result(_ items: [Item], _ words: (Failure) -> String, to json: inout JSONWriter) {
        json.field("object", "subscription_actions")
        json.field("action", action.rawValue)
        json.field("mode", mode.rawValue)
        json.field("done", done)
        json.field("unchanged", unchanged)
        json.field("refused", refused)
        json.field("replayed", replayed)
        json.field("not_begun", items.count { $0.outcome?.verdict ?? .notBegun == .notBegun })
        json.field(
            "results",
            array: { json in
                for item in items {
                    json.object { json in
                        json.field("id", item.id)
                        json.field("idempotency_key", item.key)
                        (item.outcome ?? ActOnSubscriptions.Outcome(verdict: .notBegun)).write(to: &json, words)
                    }
                }
            })
    }

    /// One thing to be done, and what has come of it.
    package struct Item: Sendable {
        package let id: SubscriptionID
        package let key: String?
        let outcome: ActOnSubscriptions.Outcome?
    }
}

/// One operation; what is not the asker's to see is not there.
package enum FindOperation {
    package static func byID(_ id: OperationID, _ context: TenantContext) async throws -> Operation {
        let tenant = context.tenant.id
        let rows = try await context.read("\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(id)").rows
        guard let operation = try rows.first.map(Operation.init) else { throw Failure.notFound }
        try operation.confirmVisible(to: context.principal)
        return operation
    }

    /// With its items, in their order: of one instant, so that counts and verdicts agree.
    package static func whole(_ id: OperationID, _ context: TenantContext) async throws -> (Operation, [Operation.Item]) {
        let tenant = context.tenant.id
        let rows = try await context.read([
            "\(Operation.select) where o.tenant_id = \(tenant) and o.id = \(id)",
            """
            select subscription_id, item_key, verdict, code, arguments, state, recoverable_until, replayed from operation_items \
            where tenant_id = \(tenant) and operation_id = \(id) order by position
            """,
        ]).rows
        guard let operation = try rows[0].first.map(Operation.init) else { throw Failure.notFound }
        try operation.confirmVisible(to: context.principal)
        return (operation, try rows[1].map(item))
    }

    private static func item(_ row: Row) throws -> Operation.Item {
        var column = Columns(row)
        let id: SubscriptionID = try column.next()
        let key: String? = try column.next()
        let verdict = try column.next(String?.self).flatMap { ActOnSubscriptions.Verdict(rawValue: $0) }
        let code: String? = try column.next()
        let arguments = try column.next(PostgresJSON?.self).map { words(of: $0.text) } ?? [:]
        let state: String? = try column.next()
        let until: Instant? = try column.next()
        let isReplay: Bool = try column.next()
        return Operation.Item(
            id: id, key: key,
            outcome: verdict.map {
                ActOnSubscriptions.Outcome(
                    verdict: $0, failure: code.map { .conflict(code: $0, arguments: arguments) }, state: state,
                    recoverableUntil: until, isReplay: isReplay)
            })
    }

    private static func words(of text: String) -> [String: String] {
        let fields = (try? JSON(parsing: Array(text.utf8)))?.members?.fields ?? []
        return fields.reduce(into: [:]) { words, field in
            if case .string(let value) = field.value { words[field.key] = value }
        }
    }
}
