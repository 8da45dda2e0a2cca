import Billing
import FoundationEssentials
import HTTP
import Values

/// Webhooks and events as programs see them.
extension APIHandler {
    func webhooks(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        switch request.endpoint {
        case .listWebhookEndpoints: return try await list(request, ListedWebhookEndpoint.list)
        case .createWebhookEndpoint:
            let body = try request.body()
            let terms = WebhookTerms(
                url: body["url"]?.text ?? "", description: body["description"]?.text ?? "", eventTypes: words(body["event_types"])
            )
            let useCase = CreateWebhookEndpoint(account: body["account_id"]?.text.flatMap { AccountID($0) }, terms: terms)
            return response(try await useCase.run(context, try request.options()), request)
        case .updateWebhookEndpoint:
            let body = try request.body()
            var changes = EditWebhookEndpoint.Changes()
            changes.url = body["url"]?.text
            changes.description = body["description"]?.text
            if let types = body["event_types"] { changes.eventTypes = .some(words(types)) }
            if case .bool(let flag)? = body["enabled"] { changes.isEnabled = flag }
            let useCase = EditWebhookEndpoint(id: try request.pathID(), changes: changes, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .deleteWebhookEndpoint:
            let useCase = DeleteWebhookEndpoint(id: try request.pathID(), ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .rotateWebhookSecret:
            let body = try request.body()
            var overlap: Int64?
            if case .number(let text)? = body["overlap_seconds"] { overlap = Int64(text) }
            let useCase = RotateWebhookSecret(id: try request.pathID(), overlapSeconds: overlap)
            return response(try await useCase.run(context, try request.options()), request)
        case .testWebhookEndpoint:
            _ = try request.body()
            return response(try await TestWebhookEndpoint(id: try request.pathID()).run(context, try request.options()), request)
        case .listWebhookDeliveries: return try await list(request, WebhookDelivery.list)
        case .getWebhookDelivery:
            return response(try await FindWebhookDelivery.byID(try request.pathID(), context).answer(), request)
        case .retryWebhookDelivery:
            _ = try request.body()
            return response(try await RetryWebhookDelivery(id: try request.pathID()).run(context, try request.options()), request)
        case .listEvents:
            var filter = EventFilter()
            filter.account = request.id("account_id")
            filter.object = request["object_id"].flatMap { UUID(anyID: $0) }
            filter.type = request["type"]
            filter.from = request.instant("from")
            filter.to = request.instant("to")
            return await list(request, try await ListEvents.run(filter, try request.page(), context)) { $0.write(to: &$1) }
        case .getEvent: return object(try await ListEvents.one(try request.pathID(), context), request) { $0.write(to: &$1) }
        default: return response(try await FindWebhookEndpoint.byID(try request.pathID(), context).answer(), request)
        }
    }

    private func words(_ json: JSON?) -> [String]? { json?.items?.compactMap(\.text) }
}
