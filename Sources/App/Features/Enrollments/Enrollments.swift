import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// An enterprise agreement with what is left of its commitment.
package struct Enrollment: Sendable {
    package let id: EnrollmentID
    package let number: String
    package let name: String
    package let currency: Currency
    package let commitment: Money
    /// All usage posted to it; the commitment pays first, the rest is overage (M5).
    package let posted: Money
    package let startsOn: CivilDate
    package let endsOn: CivilDate
    package let createdAt: Instant

    static let columns: SQL = "id, number, name, currency, commitment_minor, posted_minor, starts_on, ends_on, created_at"

    init(_ row: Row) throws {
        var column = Columns(row)
        id = try column.next()
        number = try column.next()
        name = try column.next()
        currency = try column.next()
        commitment = Money(minor: try column.next(), currency: currency)
        posted = Money(minor: try column.next(), currency: currency)
        startsOn = try column.next()
        endsOn = try column.next()
        createdAt = try column.next()
    }

    init(
        id: EnrollmentID, number: String, name: String, commitment: Money, startsOn: CivilDate, endsOn: CivilDate,
        createdAt: Instant
    ) {
        self.id = id
        self.number = number
        self.name = name
        currency = commitment.currency
        self.commitment = commitment
        posted = .zero(commitment.currency)
        self.startsOn = startsOn
        self.endsOn = endsOn
        self.createdAt = createdAt
    }

    package var commitmentRemaining: Money {
        Money(minor: commitment.minor - CommitmentDraw.share(of: posted, commitment).minor, currency: currency)
    }
    package var overage: Money {
        Money(minor: posted.minor - CommitmentDraw.share(of: posted, commitment).minor, currency: currency)
    }

    func write(to json: inout JSONWriter) {
        json.object {
            $0.field("id", id)
            $0.field("object", "enrollment")
            $0.field("number", number)
            $0.field("name", name)
            $0.field("currency", currency.code)
            $0.field("commitment", commitment)
            $0.field("commitment_remaining", commitmentRemaining)
            $0.field("overage", overage)
            $0.field("starts_on", startsOn.iso)
            $0.field("ends_on", endsOn.iso)
            $0.field("created_at", createdAt)
        }
    }
}

package enum FindEnrollment {
    package static func byID(_ id: EnrollmentID, _ context: TenantContext) async throws -> Enrollment {
        let roles = context.principal.roles(on: Belonging(enrollment: id))
        guard !roles.isEmpty else { throw Failure.notFound }
        let rows = try await context.read(
            "select \(Enrollment.columns) from enrollments where tenant_id = \(context.tenant.id) and id = \(id)"
        ).rows
        guard let row = rows.first else { throw Failure.notFound }
        return try Enrollment(row)
    }
}

/// The operator makes an enterprise agreement; its commitment is funded in the ledger in the same transaction.
package struct CreateEnrollment: Sendable {
    package var number: String
    package var name: String
    package var commitment: Money
    package var startsOn: CivilDate
    package var endsOn: CivilDate
    package var administrator: (email: String, firstName: String, lastName: String)?

    package init(
        number: String, name: String, commitment: Money, startsOn: CivilDate, endsOn: CivilDate,
        administrator: (email: String, firstName: String, lastName: String)? = nil
    ) {
        self.number = number
        self.name = name
        self.commitment = commitment
        self.startsOn = startsOn
        self.endsOn = endsOn
        self.administrator = administrator
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let enrollment = try await create(write)
            var json = JSONWriter()
            enrollment.write(to: &json)
            return Answer(
                status: 201, body: json.bytes, location: Endpoint.getEnrollment.path(enrollment.id.description),
                objectID: enrollment.id.uuid)
        }
    }

    func create(_ write: Write) async throws -> Enrollment {
        if commitment.isNegative { throw Failure.invalid([FieldError("/commitment/amount", "amount_negative")]) }
        if endsOn <= startsOn { throw Failure.invalid([FieldError("/ends_on", "ends_before_start")]) }
        let id: EnrollmentID = write.newID()
        let rows = try await write.begin([
            """
            select exists (select from offer_policies where tenant_id = \(write.tenant.id) and offer = 'enterprise' and currency = \(commitment.currency))
            """
        ])
        guard try rows[0][0].get(0, as: Bool.self) else {
            throw Failure.invalid([FieldError("/currency", "currency_not_offered", ["currency": commitment.currency.code])])
        }
        let made = try await write.query(
            """
            insert into enrollments (tenant_id, id, number, name, currency, commitment_minor, starts_on, ends_on, created_at) \
            values (\(write.tenant.id), \(id), \(number), \(name), \(commitment.currency), \(commitment.minor), \(startsOn), \(endsOn), \(write.now)) \
            on conflict (tenant_id, number) do nothing returning id
            """)
        guard !made.isEmpty else { throw Failure.conflict(code: "enrollment_exists", arguments: ["number": number]) }
        write.post(
            [
                Transfer(
                    debit: LedgerAccount(kind: .commitmentContract, owner: id.uuid),
                    credit: LedgerAccount(kind: .commitment, owner: id.uuid),
                    amountMinor: commitment.minor, purpose: "commitment")
            ], source: TransferSource(kind: .enrollment, id: id.uuid), account: AccountID(id.uuid), subscription: nil,
            currency: commitment.currency, at: write.now)
        if let administrator {
            let person = try await write.findOrAddPerson(
                email: administrator.email, firstName: administrator.firstName, lastName: administrator.lastName)
            write.enqueue(
                """
                insert into role_assignments (tenant_id, id, user_id, role, enrollment_id, created_at) \
                values (\(write.tenant.id), \(write.newID(UserID.self)), \(person.id), 'enterprise_admin', \(id), \(write.now)) on conflict do nothing
                """)
        }
        write.setTermNotice(of: id, endsOn: endsOn)
        write.audit("enrollment.created", object: ("enrollment", id.uuid))
        write.emit(.enrollmentCreated, object: ("enrollment", id.uuid), account: nil, sequence: 1)
        return Enrollment(
            id: id, number: number, name: name, commitment: commitment, startsOn: startsOn, endsOn: endsOn, createdAt: write.now)
    }
}
