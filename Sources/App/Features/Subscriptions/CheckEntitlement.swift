import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// May a subscription be used now? Asked all day by control planes, so it is one look at one row, and nothing is remembered: the answer is as new as
/// the last transaction that was committed (L4).
package struct Entitlement: Sendable {
    package let subscription: SubscriptionID
    package let state: SubscriptionState
    package let reasons: SuspensionReasons

    package var isEntitled: Bool { state.isRunning }

    private static let columns: SQL = "s.id, s.state, s.suspension_reasons"

    private init(_ row: Row) throws {
        var column = Columns(row)
        subscription = try column.next()
        state = try column.next()
        guard let reasons = SuspensionReasons(rawValues: try column.next([String].self)) else { throw Failure.fault }
        self.reasons = reasons
    }

    /// - Throws: not found, also for one that is not theirs.
    package static func of(_ id: SubscriptionID, _ context: TenantContext) async throws -> Entitlement {
        let found = try await all("s.id = \(id)", context)
        guard let entitlement = found.first else { throw Failure.notFound }
        return entitlement
    }

    /// Those of them that are there and theirs; one statement, whatever their number.
    package static func of(_ ids: Set<SubscriptionID>, _ context: TenantContext) async throws -> [SubscriptionID: Entitlement] {
        let found = try await all("s.id = any(\(ids.sorted()))", context)
        return Dictionary(uniqueKeysWithValues: found.map { ($0.subscription, $0) })
    }

    private static func all(_ condition: SQL, _ context: TenantContext) async throws -> [Entitlement] {
        let (tenant, visible) = (
            context.tenant.id, Visibility.ofSubscriptions(to: context.principal, context.tenant.id)
        )
        // No business time is needed, so the sandbox tenant's clock is not asked either.
        let rows: [Rows]
        do {
            rows = try await context.dependencies.database.reads.read(
                scope: tenant.uuid,
                ["select \(columns) from subscriptions s where s.tenant_id = \(tenant) and \(condition) \(visible)"])
        } catch let error as PostgresError {
            throw Failure(error)
        }
        return try rows[0].map(Entitlement.init)
    }

    func write(to json: inout JSONWriter) {
        json.field("subscription_id", subscription)
        json.field("entitled", isEntitled)
        json.field("state", state.rawValue)
        json.field("suspension_reasons", words: reasons.rawValues)
    }
}

/// The same for up to a thousand at once, in the order in which they were asked. What is not there, or not theirs, is not entitled.
package struct CheckEntitlements: Sendable {
    static let idsAtMost = 1_000

    /// As they were given: a text that is no ID names nothing.
    let asked: [String]

    package func body(_ context: TenantContext) async throws -> [UInt8] {
        let ids = asked.map { SubscriptionID($0) }
        let found = try await Entitlement.of(Set(ids.compactMap { $0 }), context)
        var json = JSONWriter(capacity: 64 + asked.count * 128)
        json.object { json in
            json.field("object", "entitlements")
            json.field(
                "results",
                array: { json in
                    for (text, id) in zip(asked, ids) {
                        json.object { json in
                            if let entitlement = id.flatMap({ found[$0] }) {
                                entitlement.write(to: &json)
                                json.nullField("code")
                            } else {
                                Self.writeUnknown(text, to: &json)
                            }
                        }
                    }
                })
        }
        return json.bytes
    }

    private static func writeUnknown(_ text: String, to json: inout JSONWriter) {
        json.field("subscription_id", text)
        json.field("entitled", false)
        json.nullField("state")
        json.field("suspension_reasons", words: [])
        json.field("code", "not_found")
    }
}

extension APIHandler {
    func entitlement(_ request: APIRequest) async throws -> HTTPResponse {
        let entitlement = try await Entitlement.of(try request.pathID(), request.context)
        return response(Answer(status: 200, body: jsonObject { entitlement.write(to: &$0) }), request)
    }

    func entitlements(_ request: APIRequest) async throws -> HTTPResponse {
        let asked = try request.body()["subscription_ids"]?.items?.compactMap(\.text) ?? []
        return response(Answer(status: 200, body: try await CheckEntitlements(asked: asked).body(request.context)), request)
    }
}

extension EndpointDocumentation {
    static let checkEntitlements = EndpointDocumentation(
        tag: "subscriptions", summary: "May these subscriptions be used now? Up to 1,000, with a verdict for each.",
        audience: .member, body: Input.checkEntitlements, answer: .object(200, "Entitlements"), refusals: [403, 413, 415, 422])
}

extension Input {
    static let checkEntitlements: Schema = .object([
        .init(
            "subscription_ids", .list(.text(min: 1, max: 100), max: CheckEntitlements.idsAtMost),
            "One that is not there, or not yours, is not entitled: `not_found`.")
    ])
}

extension Schema {
    static let entitlementObjects: [(name: String, schema: Schema)] = [
        (
            "Entitlements",
            .object([
                .init("object", .word(["entitlements"])),
                .init("results", .list(.named("EntitlementVerdict"), max: CheckEntitlements.idsAtMost), "In the order asked."),
            ])
        ),
        (
            "EntitlementVerdict",
            .object([
                .init("subscription_id", .text(max: 100), "As it was asked."), .init("entitled", .boolean),
                .init("state", .nullable(.text(max: 20))),
                .init("suspension_reasons", .list(.word(suspensionReasons), max: 7)),
                .init("code", .nullable(.word(["not_found"]))),
            ])
        ),
    ]
}
