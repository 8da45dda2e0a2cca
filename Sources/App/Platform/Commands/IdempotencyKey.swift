import FoundationEssentials
import Postgres
import Values

/// A caller's `Idempotency-Key`, bound to the tenant, to the principal (`Principal.idempotencyID`) and, by the hash of the input, to the route.
package struct IdempotencyKey: Sendable {
    package let text: String
    package let principal: UUID
    /// SHA-256 of method, path and body.
    package let requestHash: [UInt8]

    package init(text: String, principal: UUID, requestHash: [UInt8]) {
        self.text = text
        self.principal = principal
        self.requestHash = requestHash
    }

    /// What is sent in the first flush. The insert waits for a running twin up to two seconds (then SQLSTATE 55P03: still running); every later
    /// statement waits as long as the statement timeout lets it.
    func claim(tenant: TenantID, at now: Instant) -> [SQL] {
        [
            "set local lock_timeout = '2s'",
            """
            insert into idempotency_keys (tenant_id, principal_id, key, request_hash, created_at) \
            values (\(tenant), \(principal), \(text), \(requestHash), \(now)) on conflict do nothing returning true
            """,
            "set local lock_timeout = 0",
            """
            select request_hash, status, location, response_body, etag from idempotency_keys \
            where tenant_id = \(tenant) and principal_id = \(principal) and key = \(text)
            """,
        ]
    }

    /// - Throws: `Replay` with the first answer; `Failure` when the key belongs to other input.
    func judge(_ answers: ArraySlice<Rows>) throws {
        let claimed = answers[answers.startIndex + 1]
        let stored = answers[answers.startIndex + 3]
        guard claimed.isEmpty else { return }
        guard let row = stored.first else { throw Failure.conflict(code: "idempotency_key_in_use") }
        throw Replay(answer: try answer(of: row))
    }

    /// The answer that a row keeps, if the row is of the same input.
    private func answer(of row: Row) throws -> Answer {
        var column = Columns(row)
        let hash: [UInt8] = try column.next()
        guard hash == requestHash else { throw Failure.idempotencyKeyReused() }
        let status: Int32? = try column.next()
        let location: String? = try column.next()
        let body: String? = try column.next()
        guard let status, let body else { throw Failure.conflict(code: "idempotency_answer_erased") }
        return Answer(
            status: Int(status), body: Array(body.utf8), location: location, etag: try column.next(), isReplay: true)
    }

    /// For work of many transactions: the answer that was kept when it had been done.
    func answer(in context: TenantContext) async throws -> Answer? {
        let rows = try await context.read(
            """
            select request_hash, status, location, response_body, etag from idempotency_keys \
            where tenant_id = \(context.tenant.id) and principal_id = \(principal) and key = \(text)
            """
        ).rows
        return try rows.first.map(answer(of:))
    }

    /// The counterpart of `answer(in:)`.
    func keep(_ answer: Answer, tenant: TenantID, at now: Instant) -> SQL {
        """
        insert into idempotency_keys (tenant_id, principal_id, key, request_hash, status, response_body, created_at) \
        values (\(tenant), \(principal), \(text), \(requestHash), \(Int32(answer.status)), \(String(decoding: answer.body, as: UTF8.self)), \(now)) \
        on conflict do nothing
        """
    }

    /// Stores the answer under the key, in the transaction of the effect.
    func store(_ answer: Answer, tenant: TenantID) -> SQL {
        """
        update idempotency_keys set status = \(Int32(answer.status)), location = \(answer.isLocationSecret ? nil : answer.location), \
        response_body = \(String(decoding: answer.keptBody ?? answer.body, as: UTF8.self)), object_id = \(answer.objectID), \
        etag = \(answer.entityTag) \
        where tenant_id = \(tenant) and principal_id = \(principal) and key = \(text)
        """
    }
}

/// The key has its answer: the transaction ends and the answer is given again.
struct Replay: Error {
    let answer: Answer
}
