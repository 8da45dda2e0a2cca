import Billing
import FoundationEssentials
import HTTP
import Values

/// The operator's desk in the API.
extension APIHandler {
    func search(_ request: APIRequest) async throws -> HTTPResponse {
        let found = try await Search.run(request["q"] ?? "", request.context)
        return await list(request, ListPage(items: found.hits, nextCursor: nil)) { $0.write(to: &$1) }
    }

    func accountTimeline(_ request: APIRequest) async throws -> HTTPResponse {
        let timeline = try await AccountTimeline.run(try request.pathID(), try request.page(), request.context)
        return await list(request, timeline.page) { $0.write(to: &$1) }
    }

    // MARK: Notes

    func accountNotes(_ request: APIRequest) async throws -> HTTPResponse {
        await list(request, try await ListAccountNotes.run(try request.pathID(), try request.page(), request.context)) {
            $0.write(to: &$1)
        }
    }

    func addAccountNote(_ request: APIRequest) async throws -> HTTPResponse {
        let account: AccountID = try request.pathID()
        let useCase = AddAccountNote(account: account, body: try request.body()["body"]?.text ?? "")
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    func eraseAccountNote(_ request: APIRequest) async throws -> HTTPResponse {
        _ = try request.body()
        let useCase = EraseAccountNote(account: try request.pathID(0), id: try request.pathID(1))
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    // MARK: Whole accounts

    func suspendAccount(_ request: APIRequest, _ direction: SuspendAccount.Direction) async throws -> HTTPResponse {
        let account: AccountID = try request.pathID()
        let body = try request.body()
        let useCase = SuspendAccount(
            account: account, direction: direction, reason: try reason(body), note: body["note"]?.text)
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    // MARK: Partners

    func updatePartner(_ request: APIRequest) async throws -> HTTPResponse {
        let id: PartnerID = try request.pathID()
        let body = try request.body()
        let retired: Bool? = if case .bool(let flag)? = body["retired"] { flag } else { nil }
        let useCase = EditPartner(
            id: id, companyName: body["company_name"]?.text, retired: retired, ifMatch: request.ifMatch)
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    // MARK: Identity

    func identityRequests(_ request: APIRequest) async throws -> HTTPResponse {
        await list(request, try await ListIdentityRequests.waiting(try request.page(), request.context)) { $0.write(to: &$1) }
    }

    func accountIdentityRequests(_ request: APIRequest) async throws -> HTTPResponse {
        await list(request, try await ListIdentityRequests.of(try request.pathID(), try request.page(), request.context)) {
            $0.write(to: &$1)
        }
    }

    func requestIdentity(_ request: APIRequest) async throws -> HTTPResponse {
        let account: AccountID = try request.pathID()
        let body = try request.body()
        let useCase = RequestIdentity(
            account: account, companyName: body["company_name"]?.text ?? "",
            registrationNumber: body["registration_number"]?.text ?? "",
            legalRepresentative: body["legal_representative"]?.text ?? "")
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    func decideIdentity(_ request: APIRequest, verified: Bool) async throws -> HTTPResponse {
        let id: IdentityRequestID = try request.pathID()
        let useCase = DecideIdentity(id: id, verified: verified, reason: try request.body()["reason"]?.text ?? "")
        return response(try await useCase.run(request.context, try request.options()), request)
    }
}

/// Offers, jobs and switches.
extension APIHandler {
    /// An offer of the path that there is none of names nothing.
    private func offer(_ request: APIRequest) throws -> Offer {
        guard let offer = Offer(rawValue: request.parameters[0]) else { throw Failure.notFound }
        return offer
    }

    private func currency(_ text: String?) throws -> Currency {
        guard let currency = text.flatMap({ Currency($0) }) else {
            throw Failure.invalid([FieldError("/currency", "unknown_currency")])
        }
        return currency
    }

    func offers(_ request: APIRequest) async throws -> HTTPResponse {
        let asked = request["currency"].flatMap { Currency($0) }
        let all = try await ListOffers.run(request.context)
        let shown = asked.map { currency in all.filter { $0.currency == currency } } ?? ListOffers.inUse(all)
        return await list(request, ListPage(items: Array(shown.prefix(100)), nextCursor: nil)) { $0.write(to: &$1) }
    }

    func offerPolicies(_ request: APIRequest) async throws -> HTTPResponse {
        guard let currency = request["currency"].flatMap({ Currency($0) }) else {
            throw Failure.malformed(code: "unknown_currency", pointer: "?currency")
        }
        let policies = try await ListOffers.policies(try offer(request), currency, request.context)
        return await list(request, ListPage(items: policies, nextCursor: nil)) { $0.write(to: &$1) }
    }

    func createPolicyDraft(_ request: APIRequest) async throws -> HTTPResponse {
        try request.context.require(.operate)
        let useCase = CreatePolicyDraft(
            offer: try offer(request), currency: try currency(try request.body()["currency"]?.text))
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    func updatePolicyDraft(_ request: APIRequest) async throws -> HTTPResponse {
        let id: PolicyDraftID = try request.pathID()
        let body = try request.body()
        var values: [PolicyNumber: PolicyNumber.Value] = [:]
        for number in PolicyNumber.allCases {
            guard let json = body[number.rawValue] else { continue }
            switch number {
            case .minimumPayment, .largestPayment, .trialPrice, .trialCredit:
                if let money = try request.money(json, at: "/\(number.rawValue)") { values[number] = .money(money) }
            case .validityMonths, .trialMonths: if let count = json.integer { values[number] = .months(Int(count)) }
            case .retentionDays, .graceDays, .pendingLapseDays: if let count = json.integer { values[number] = .days(Int(count)) }
            }
        }
        let useCase = EditPolicyDraft(id: id, values: values, ifMatch: request.ifMatch)
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    func closePolicyDraft(_ request: APIRequest, publishing: Bool) async throws -> HTTPResponse {
        let id: PolicyDraftID = try request.pathID()
        let body = try request.body()
        let answer =
            publishing
            ? try await PublishPolicyDraft(id: id, note: body["note"]?.text, ifMatch: request.ifMatch)
                .run(request.context, try request.options())
            : try await DiscardPolicyDraft(id: id, ifMatch: request.ifMatch).run(request.context, try request.options())
        return response(answer, request)
    }

    func moveSubscriptions(_ request: APIRequest) async throws -> HTTPResponse {
        try request.context.require(.operate)
        let body = try request.body()
        let useCase = MoveSubscriptions(
            offer: try offer(request), currency: try currency(body["currency"]?.text),
            to: Int(body["to_version"]?.integer ?? 0), from: body["from_version"]?.integer.map { Int($0) })
        return response(try await useCase.run(request.context, try request.options()), request)
    }

    // MARK: Jobs

    func jobs(_ request: APIRequest) async throws -> HTTPResponse {
        let state = request["state"].flatMap { Job.State(rawValue: $0) } ?? .failing
        let jobs = try await ListJobs.run(state, limit: request["limit"].flatMap { Int($0) } ?? 25, request.context)
        return await list(request, ListPage(items: jobs, nextCursor: nil)) { $0.write(to: &$1) }
    }

    func retryJob(_ request: APIRequest) async throws -> HTTPResponse {
        try request.context.require(.operate)
        guard let name = JobName(request.parameters[0]) else { throw Failure.notFound }
        let job = try await ListJobs.one(name, request.context)
        _ = try request.body()
        return response(try await RetryJob(name: job.name).run(request.context, try request.options()), request)
    }

    // MARK: Switches

    func updateSwitches(_ request: APIRequest) async throws -> HTTPResponse {
        let body = try request.body()
        func flag(_ name: String) -> Bool? { if case .bool(let flag)? = body[name] { flag } else { nil } }
        let useCase = SetTenantSwitches(
            additionalSubscriptions: flag("additional_subscriptions"), sandboxPayments: flag("sandbox_payments"),
            ifMatch: request.ifMatch)
        return response(try await useCase.run(request.context, try request.options()), request)
    }
}
