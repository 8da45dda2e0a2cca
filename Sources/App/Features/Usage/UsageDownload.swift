import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// A7: every usage record of a range as CSV, JSON or FOCUS, streamed row by row: a million rows never stand in memory.
package struct UsageDownload: Sendable {
    package enum Format: String, Sendable, CaseIterable { case csv, json, focus }

    /// How the file is written, beyond what is in it.
    package struct Style: Sendable {
        package var format: Format
        /// The rows above a CSV; FOCUS has its own.
        package var header: [CSVHeader] = [.machine]
        package var withMark = false
        /// Whether times carry the account's offset; programs get UTC.
        package var localTimes = false

        package init(_ format: Format) { self.format = format }
    }

    /// Whose usage: one subscription's, or all of an account's, one subscription after the other.
    struct Scope: Sendable {
        /// A subscription as its rows name it.
        struct Member: Sendable {
            let id: SubscriptionID
            let name: String
            let offer: Offer
            /// Whose it is, where a file holds more than one account's.
            var account: (id: AccountID, name: String)?
        }
        /// Who is billed: an account, or the agreement around several.
        enum Payer: String, Sendable {
            case account = "Account"
            case enterpriseAccount = "Enterprise account"
            case agreement = "Enterprise agreement"
        }
        /// `sub_…`, `acc_…` or `enr_…`, for the file's name.
        let id: String
        /// Nil where there are several.
        let account: AccountID?
        let payer: (kind: Payer, id: String, name: String)
        let zone: TimeZoneRule
        let currency: Currency
        let members: [Member]
        let spansSubscriptions: Bool
        var spansAccounts = false
    }

    let scope: Scope
    let span: UsageSpan
    let style: Style
    let context: TenantContext
    let localisation: Localisation

    static let rowsAtOnce = 500

    /// Up to `rowsAtOnce` rows of one subscription are read and sent in one piece, with their length known; more are streamed.
    package func response() async throws -> HTTPResponse {
        let headers: HTTPHeaders = [
            "Content-Type": style.format == .json ? "application/json" : "text/csv; charset=utf-8",
            "Content-Disposition": "attachment; filename=\"\(fileName)\"", "Cache-Control": "no-store",
        ]
        let charges = style.format == .focus ? try await FocusCharges.read(self) : []
        var encoder = encoder()
        var start = encoder.start()
        for charge in charges { encoder.append(charge, to: &start) }
        if scope.members.count == 1 {
            let first = try await context.read("\(query) limit \(Int64(Self.rowsAtOnce + 1))").rows
            if first.count <= Self.rowsAtOnce {
                for row in first { encoder.append(try UsageLine(row, of: scope.members), to: &start) }
                return HTTPResponse(status: 200, headers: headers, body: .bytes(start + encoder.end()))
            }
        }
        let (begun, opening) = (encoder, start)
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { writer in
                try await writer.write(opening)
                try await write(with: begun) { try await writer.write($0) }
            })
    }

    /// Hands the records out in pieces, the next when the one before was taken. Whatever ends it, the database's connection goes back.
    /// However many subscriptions there are, it is one statement: their records are of one instant.
    func write(with begun: any UsageEncoder, _ take: ([UInt8]) async throws -> Void) async throws {
        var encoder = begun
        let members = scope.members
        if !members.isEmpty {
            try await context.dependencies.database.reports.stream(
                scope: context.tenant.id.uuid, query, batchSize: Self.rowsAtOnce
            ) { rows in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(rows.count * 200)
                for row in rows { encoder.append(try UsageLine(row, of: members), to: &bytes) }
                try await take(bytes)
            }
        }
        try await take(encoder.end())
    }

    /// `usage_sub_…_2026-10_zh-Hans.csv` (G6): the language by the tag that addresses have, too.
    var fileName: String {
        let language = style.header.compactMap { if case .language(let one) = $0 { one } else { nil } }.first
        let tail = style.format == .csv ? language.map { "_\($0.tag)" } ?? "" : ""
        switch style.format {
        case .csv: return "usage_\(scope.id)_\(span.name)\(tail).csv"
        case .json: return "usage_\(scope.id)_\(span.name).json"
        case .focus: return "focus_\(scope.id)_\(span.name).csv"
        }
    }

    /// Subscription by subscription in the members' order, each one's records by time out of the index.
    ///
    /// The order of the members is asked for and costs nothing: PostgreSQL knows that `with ordinality` comes in it, and plans no sort. Each one's
    /// records are a subquery with an order of its own, looked up for one member after the other (a lateral one cannot be joined otherwise), and come
    /// out of their index in it. To ask for both in one `order by` would plan a sort of the whole, a million rows on disk before the first is sent.
    var query: SQL {
        let columns: SQL = "id, occurred_at, bill_month, product, meter, resource, quantity, unit, cost, currency"
        func records(_ subscription: SQL) -> SQL {
            """
            from usage_records where tenant_id = \(context.tenant.id) and subscription_id = \(subscription) \
            and occurred_at >= \(span.from) and occurred_at < \(span.to) order by occurred_at, id
            """
        }
        if scope.members.count == 1 { return "select \(columns), 1::bigint \(records("\(scope.members[0].id)"))" }
        return """
            select r.*, m.position from unnest(\(scope.members.map(\.id))) with ordinality m (subscription, position) \
            cross join lateral (select \(columns) \(records("m.subscription"))) r order by m.position
            """
    }

    func encoder() -> any UsageEncoder {
        switch style.format {
        case .csv: UsageCSV(scope: scope, style: style, localisation: localisation)
        case .json: UsageJSON()
        case .focus: FocusCSV(scope: scope, provider: context.tenant.name, withMark: style.withMark)
        }
    }
}

extension UsageDownload {
    /// One subscription's usage, for whoever may see it.
    package static func of(
        _ id: SubscriptionID, _ style: Style, localisation: Localisation, _ context: TenantContext,
        span: (Instant, TimeZoneRule) throws -> UsageSpan
    ) async throws -> UsageDownload {
        let (subscription, _, now, _) = try await FindSubscription.byID(id, context)
        if let gone = subscription.facts.gone { throw Failure(gone) }
        let scope = Scope(
            id: id.description, account: subscription.accountID,
            payer: (
                subscription.offer == .enterprise ? .enterpriseAccount : .account, subscription.accountID.description,
                subscription.accountName
            ), zone: subscription.zone, currency: subscription.currency,
            members: [.init(id: id, name: subscription.name ?? "", offer: subscription.offer)], spansSubscriptions: false)
        return UsageDownload(
            scope: scope, span: try span(now, subscription.zone), style: style, context: context, localisation: localisation)
    }

    /// All of an account's, for whoever may see the account; deleted subscriptions have nothing left.
    package static func of(
        _ id: AccountID, _ style: Style, localisation: Localisation, _ context: TenantContext,
        span: (Instant, TimeZoneRule) throws -> UsageSpan
    ) async throws -> UsageDownload {
        let account = try await FindAccount.byID(id, context)
        let (now, rows) = try await context.read(
            """
            select id, name, offer from subscriptions where tenant_id = \(context.tenant.id) and account_id = \(id) and state <> 'deleted' \
            order by created_at, id
            """)
        let members = try rows.map { row in
            Scope.Member(id: try row.get(0), name: try row.get(1), offer: try row.get(2))
        }
        let scope = Scope(
            id: id.description, account: id,
            payer: (account.kind == .enterprise ? .enterpriseAccount : .account, id.description, account.name),
            zone: account.zone, currency: account.currency, members: members, spansSubscriptions: true)
        return UsageDownload(
            scope: scope, span: try span(now, account.zone), style: style, context: context, localisation: localisation)
    }

    /// All of an agreement's, account by account, for whoever runs it.
    package static func of(
        _ id: EnrollmentID, _ style: Style, localisation: Localisation, _ context: TenantContext,
        span: (Instant, TimeZoneRule) throws -> UsageSpan
    ) async throws -> UsageDownload {
        let enrollment = try await FindEnrollment.byID(id, context)
        let (now, rows) = try await context.read(
            """
            select s.id, s.name, s.offer, a.id, a.name from subscriptions s join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id \
            where s.tenant_id = \(context.tenant.id) and s.enrollment_id = \(id) and s.state <> 'deleted' \
            order by a.name_key, a.id, s.created_at, s.id
            """)
        let members = try rows.map { row in
            Scope.Member(
                id: try row.get(0), name: try row.get(1), offer: try row.get(2), account: (try row.get(3), try row.get(4)))
        }
        let zone = TimeZoneRule(identifier: context.tenant.timeZone) ?? .utc
        let scope = Scope(
            id: id.description, account: nil, payer: (.agreement, id.description, enrollment.name), zone: zone,
            currency: enrollment.currency, members: members, spansSubscriptions: true, spansAccounts: true)
        return UsageDownload(
            scope: scope, span: try span(now, zone), style: style, context: context, localisation: localisation)
    }
}
