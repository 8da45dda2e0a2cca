import Billing
import FoundationEssentials
import HTTP
import Values

/// From the checked body to the use case's own input.
extension APIHandler {
    func reason(_ body: JSONMembers) throws -> SuspensionReason {
        guard let reason = body["reason"]?.text.flatMap({ SuspensionReason(rawValue: $0) }) else {
            throw Failure.invalid([FieldError("/reason", "required")])
        }
        return reason
    }

    func payment(_ members: JSONMembers?, at pointer: String, _ request: APIRequest) throws -> Money {
        guard let amount = try request.money(members?["amount"], at: "\(pointer)/amount") else {
            throw Failure.invalid([FieldError("\(pointer)/amount", "required")])
        }
        return amount
    }

    func person(_ members: JSONMembers?) -> (email: String, firstName: String, lastName: String)? {
        guard let email = members?["email"]?.text else { return nil }
        return (email, members?["first_name"]?.text ?? "", members?["last_name"]?.text ?? "")
    }

    func zone(_ text: String?) throws -> TimeZoneRule? {
        guard let text else { return nil }
        guard let zone = TimeZoneRule(identifier: text) else {
            throw Failure.invalid([FieldError("/time_zone", "unknown_time_zone")])
        }
        return zone
    }

    func createAccount(_ request: APIRequest) throws -> CreateAccount {
        let body = try request.body()
        guard let currency = body["currency"]?.text.flatMap({ Currency($0) }) else {
            throw Failure.invalid([FieldError("/currency", "unknown_currency")])
        }
        guard let kind = body["kind"]?.text.flatMap({ AccountKind(rawValue: $0) }),
            let administrator = person(body["administrator"]?.members),
            let zone = try zone(body["time_zone"]?.text)
        else { throw Failure.invalid([FieldError("/time_zone", "unknown_time_zone")]) }
        return CreateAccount(
            kind: kind, name: body["name"]?.text ?? "", currency: currency, timeZone: zone, locale: body["locale"]?.text ?? "en",
            administrator: administrator, enrollment: body["enrollment_id"]?.text.flatMap { EnrollmentID($0) },
            department: body["department_id"]?.text.flatMap { DepartmentID($0) })
    }

    func updateAccount(_ request: APIRequest) throws -> UpdateAccount {
        let id: AccountID = try request.pathID()
        let body = try request.body()
        let isVerified: Bool? = if case .bool(let flag)? = body["identity_verified"] { flag } else { nil }
        return UpdateAccount(
            id: id, name: body["name"]?.text, timeZone: try zone(body["time_zone"]?.text), locale: body["locale"]?.text,
            identityVerified: isVerified, ifMatch: request.ifMatch)
    }

    func editProfile(_ request: APIRequest) throws -> EditProfile {
        let body = try request.body()
        /// Nil: not said; nil inside: said to be null.
        func optional(_ name: String) -> String?? { body[name].map { $0.isNull ? nil : $0.text } }
        var changes = EditProfile.Changes()
        changes.contactEmail = body["contact_email"]?.text
        changes.firstName = body["first_name"]?.text
        changes.lastName = body["last_name"]?.text
        changes.phone = body["phone"]?.text
        changes.company = body["company"]?.text
        changes.language = optional("locale")
        changes.zone = optional("time_zone")
        changes.theme = optional("theme")
        return EditProfile(.contactPerson(try request.pathID()), changes, ifMatch: request.ifMatch)
    }

    func createPortalSession(_ request: APIRequest) async throws -> HTTPResponse {
        let body = try request.body()
        let useCase = CreatePortalSession(
            email: body["user_email"]?.text ?? "", path: body["path"]?.text ?? "", returnURL: body["return_url"]?.text)
        let configuration = request.context.dependencies.configuration
        // Without a public address the caller's own way to this server is the one it can hand on.
        let host = request.http.headers["host"] ?? "\(configuration.listenHost):\(configuration.listenPort)"
        let answer = try await useCase.run(
            request.context, try request.options(), base: configuration.publicURL ?? "http://\(host)")
        return response(answer, request)
    }

    func createSubscription(_ request: APIRequest) throws -> CreateSubscription {
        let body = try request.body()
        guard let account = body["account_id"]?.text.flatMap({ AccountID($0) }),
            let offer = body["offer"]?.text.flatMap({ Offer(rawValue: $0) })
        else {
            throw Failure.invalid([FieldError("/account_id", "required")])
        }
        let paid = body["payment"]?.members
        let wish = paid == nil ? nil : try wish(paid, at: "/payment", request)
        return CreateSubscription(
            account: account, offer: offer, name: body["name"]?.text ?? "",
            payment: wish?.amount, method: wish?.method ?? .sandbox,
            serviceAdministratorEmail: body["service_administrator_email"]?.text,
            department: body["department_id"]?.text.flatMap { DepartmentID($0) }, partnerCode: body["partner_code"]?.text)
    }

    func editSubscription(_ request: APIRequest) throws -> EditSubscription {
        let id: SubscriptionID = try request.pathID()
        let body = try request.body()
        return EditSubscription(
            id: id, name: body["name"]?.text, serviceAdministratorEmail: body["service_administrator_email"]?.text,
            ifMatch: request.ifMatch)
    }

    func createEnrollment(_ request: APIRequest) throws -> CreateEnrollment {
        let body = try request.body()
        guard let currency = body["currency"]?.text.flatMap({ Currency($0) }) else {
            throw Failure.invalid([FieldError("/currency", "unknown_currency")])
        }
        guard let commitment = try request.money(body["commitment"], at: "/commitment"),
            let starts = body["starts_on"]?.text.flatMap({ CivilDate(iso: $0) }),
            let ends = body["ends_on"]?.text.flatMap({ CivilDate(iso: $0) })
        else { throw Failure.invalid([FieldError("/commitment", "required")]) }
        guard commitment.currency == currency else {
            throw Failure.invalid([FieldError("/commitment/currency", "currency_mismatch", ["currency": currency.code])])
        }
        return CreateEnrollment(
            number: body["number"]?.text ?? "", name: body["name"]?.text ?? "", commitment: commitment, startsOn: starts,
            endsOn: ends,
            administrator: person(body["administrator"]?.members))
    }
}
