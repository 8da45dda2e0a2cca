import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// What operators tell each other about an account. Customers never see it; erased, it leaves only that it was there.
package struct AccountNote: Sendable {
    package let id: AccountNoteID
    package let account: AccountID
    package let author: UUID
    private let authorIsKey: Bool
    /// Nil where a key wrote it.
    package let authorName: String?
    package private(set) var body: String?
    package let createdAt: Instant
    package private(set) var erasedAt: Instant?

    static let select: SQL = """
        select n.id, n.account_id, n.author_id, u.id is null, \(Person.shownName(of: "u")), n.body, n.created_at, n.erased_at \
        from account_notes n left join users u on u.tenant_id = n.tenant_id and u.id = n.author_id
        """

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        account = try column.next()
        author = try column.next()
        authorIsKey = try column.next()
        authorName = try column.next()
        body = try column.next()
        createdAt = try column.next()
        erasedAt = try column.next()
    }

    init(id: AccountNoteID, account: AccountID, author: Principal, body: String?, createdAt: Instant) {
        self.id = id
        self.account = account
        self.author = author.id
        authorIsKey = if case .key = author { true } else { false }
        authorName = nil
        self.body = body
        self.createdAt = createdAt
        erasedAt = nil
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "account_note")
            $0.field("account_id", account)
            $0.field("author_id", KnownActor.operatorID(author, isKey: authorIsKey))
            $0.field("body", body)
            $0.field("created_at", createdAt)
            $0.field("erased_at", erasedAt)
        }
    }

    func erased(at now: Instant) -> AccountNote {
        var note = self
        (note.body, note.erasedAt) = (nil, now)
        return note
    }

    func answer(_ status: Int) -> Answer {
        var json = JSONWriter()
        write(to: &json)
        return Answer(
            status: status, body: json.bytes,
            location: status == 201 ? Endpoint.getAccountNote.path(account.description, id.description) : nil, objectID: id.uuid)
    }

    package static func find(_ id: AccountNoteID, of account: AccountID, _ context: TenantContext) async throws -> AccountNote {
        try context.require(.operate)
        let rows = try await context.read(
            "\(select) where n.tenant_id = \(context.tenant.id) and n.account_id = \(account) and n.id = \(id)"
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try AccountNote(row)
    }
}

package enum ListAccountNotes {
    package static func run(_ account: AccountID, _ page: PageRequest, _ context: TenantContext) async throws -> ListPage<
        AccountNote
    > {
        try context.require(.operate)
        _ = try await FindAccount.byID(account, context)
        let rows = try await context.read(
            "\(AccountNote.select) where n.tenant_id = \(context.tenant.id) and n.account_id = \(account) \(page.tail(at: "n.created_at", id: "n.id"))"
        ).rows
        return ListPage(try rows.map(AccountNote.init), limit: page.limit) { ($0.createdAt, $0.id.uuid) }
    }
}

package struct AddAccountNote: Sendable {
    let account: AccountID
    let body: String

    package init(account: AccountID, body: String) {
        self.account = account
        self.body = body
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let rows = try await write.begin(["select id from accounts where tenant_id = \(write.tenant.id) and id = \(account)"])
            guard !rows[0].isEmpty else { throw Failure.notFound }
            let note = AccountNote(
                id: write.newID(), account: account, author: write.principal, body: body, createdAt: write.now)
            write.enqueue(
                """
                insert into account_notes (tenant_id, id, account_id, author_id, body, created_at) \
                values (\(write.tenant.id), \(note.id), \(account), \(note.author), \(body), \(write.now))
                """)
            // Not the account's own audit log: what operators tell each other is not the customer's to read.
            write.audit("account_note.added", object: ("account_note", note.id.uuid))
            return note.answer(201)
        }
    }
}

package struct EraseAccountNote: Sendable {
    let account: AccountID
    let id: AccountNoteID

    package init(account: AccountID, id: AccountNoteID) {
        self.account = account
        self.id = id
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let rows = try await write.begin([
                """
                \(AccountNote.select) where n.tenant_id = \(write.tenant.id) and n.account_id = \(account) and n.id = \(id) \
                for no key update of n
                """
            ])
            guard let note = try rows[0].first.map(AccountNote.init) else { throw Failure.notFound }
            guard note.erasedAt == nil else { return note.answer(200) }
            write.enqueue(
                """
                update account_notes set body = null, erased_at = \(write.now) \
                where tenant_id = \(write.tenant.id) and account_id = \(account) and id = \(id)
                """)
            // An answer that was kept under a key holds the words too.
            write.enqueue(
                """
                update idempotency_keys set response_body = null, etag = null where tenant_id = \(write.tenant.id) and object_id = \(id)
                """)
            write.audit("account_note.erased", object: ("account_note", id.uuid))
            return note.erased(at: write.now).answer(200)
        }
    }
}
