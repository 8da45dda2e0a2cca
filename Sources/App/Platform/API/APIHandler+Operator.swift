import Billing
import FoundationEssentials
import HTTP
import Values

/// The operator's desk in the API.
extension APIHandler {
    func search(_ request: APIRequest) async throws -> HTTPResponse {
        let found = try await Search.run(request["q"] ?? "", request.context)
        return list(request, ListPage(items: found.hits, nextCursor: nil)) { $0.write(to: &$1) }
    }

    func accountTimeline(_ request: APIRequest) async throws -> HTTPResponse {
        let timeline = try await AccountTimeline.run(try request.pathID(), try request.page(), request.context)
        return list(request, timeline.page) { $0.write(to: &$1) }
    }

    // MARK: Notes

    func accountNotes(_ request: APIRequest) async throws -> HTTPResponse {
        list(request, try await ListAccountNotes.run(try request.pathID(), try request.page(), request.context)) {
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
        list(request, try await ListIdentityRequests.waiting(try request.page(), request.context)) { $0.write(to: &$1) }
    }

    func accountIdentityRequests(_ request: APIRequest) async throws -> HTTPResponse {
        list(request, try await ListIdentityRequests.of(try request.pathID(), try request.page(), request.context)) {
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
