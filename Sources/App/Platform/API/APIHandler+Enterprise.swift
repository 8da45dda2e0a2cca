import Billing
import HTTP
import Values

/// The enterprise portal's part of the API.
extension APIHandler {
    func enterprise(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        switch request.endpoint {
        case .moveSubscription:
            let department = try request.body()["department_id"]?.text.flatMap { DepartmentID($0) }
            let useCase = MoveSubscription(id: try request.pathID(), department: department, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .actOnSubscriptions: return try await act(request)
        case .getEnrollmentBalance:
            return object(try await EnrollmentBalance.find(try request.pathID(), counting: .all, context), request) {
                $0.write(to: &$1)
            }
        case .downloadEnrollmentUsage: return try await downloadEnrollmentUsage(request, .csv)
        case .downloadEnrollmentUsageJSON: return try await downloadEnrollmentUsage(request, .json)
        case .downloadEnrollmentFOCUS: return try await downloadEnrollmentUsage(request, .focus)
        case .findDepartment:
            return response(try await FindDepartment.byID(try request.pathID(), context).answer(200), request)
        case .updateDepartment: return response(try await editDepartment(request).run(context, try request.options()), request)
        case .deleteDepartment:
            let useCase = DeleteDepartment(id: try request.pathID(), ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .moveAccount:
            guard let account = try request.body()["account_id"]?.text.flatMap({ AccountID($0) }) else {
                throw Failure.invalid([FieldError("/account_id", "required")])
            }
            let useCase = MoveAccount(id: account, department: try request.pathID())
            return response(try await useCase.run(context, try request.options()), request)
        default: throw Failure.notFound
        }
    }

    private func editDepartment(_ request: APIRequest) throws -> EditDepartment {
        let body = try request.body()
        let costCentre: String? = if case .null? = body["cost_centre"] { "" } else { body["cost_centre"]?.text }
        var quota = EditDepartment.Quota.unchanged
        if let stated = body["quota"] {
            quota = try request.money(stated, at: "/quota").map { .of($0) } ?? .none
        }
        return EditDepartment(
            id: try request.pathID(), name: body["name"]?.text, costCentre: costCentre, quota: quota, ifMatch: request.ifMatch)
    }

    private func act(_ request: APIRequest) async throws -> HTTPResponse {
        let body = try request.body()
        guard let action = body["action"]?.text.flatMap({ ActOnSubscriptions.Action(rawValue: $0) }),
            let mode = body["mode"]?.text.flatMap({ ActOnSubscriptions.Mode(rawValue: $0) })
        else { throw Failure.invalid([FieldError("/action", "required")]) }
        let items = try (body["items"]?.items ?? []).enumerated().map { index, json in
            let fields = json.members
            guard let id = fields?["id"]?.text.flatMap({ SubscriptionID($0) }) else {
                throw Failure.invalid([FieldError("/items/\(index)/id", "required")])
            }
            let said = fields?["reason"]?.text.flatMap { SuspensionReason(rawValue: $0) }
            let reason: SuspensionReason =
                switch action {
                case .cancel: .cancelled
                case .suspend: said ?? .requested
                case .reactivate: said ?? .cancelled
                }
            return ActOnSubscriptions.Item(
                id: id, key: fields?["idempotency_key"]?.text, reason: reason, note: fields?["note"]?.text)
        }
        let work = ActOnSubscriptions(action: action, items: items, mode: mode)
        let options = try request.options(isDryRun: body["dry_run"] == .bool(true))
        let prefersNotToWait = try request.prefersNotToWait()
        if !options.dryRun, work.isLong || prefersNotToWait {
            return response(try await StartOperation(work).run(request.context, options), request)
        }
        let words = localisation[request.language]
        return response(try await work.run(request.context, options) { Problem.detail($0, words) }, request)
    }
}
