import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// A step of a subscription's history.
package struct HistoryEntry: Sendable {
    let record: TransitionRecord

    fileprivate var type: TransitionType? { TransitionType(rawValue: record.type) }
    fileprivate var state: SubscriptionState? { SubscriptionState(rawValue: record.to) }
    fileprivate var before: SubscriptionState? { record.from.flatMap { SubscriptionState(rawValue: $0) } }
    fileprivate var isLapse: Bool { type?.isLapse(from: before) ?? false }
    fileprivate var reason: SuspensionReason? { record.reason.flatMap { SuspensionReason(rawValue: $0) } }
}

extension HistoryEntry {
    /// What happened to a subscription, newest first. Steps of one instant stay in the order in which they were taken.
    package static let list = ListDescription<HistoryEntry>(
        name: "history", endpoint: .listSubscriptionEvents, table: "transition_events t", idColumn: "t.id",
        id: { $0.record.id.uuid }, select: { "select \(TransitionRecord.columns) from transition_events t where \($0)" },
        decode: { rows, context in try rows.map { HistoryEntry(record: try TransitionRecord($0, context)) } },
        visible: { context in
            let (tenant, own) = (context.tenant.id, Visibility.ofSubscriptions(to: context.principal, context.tenant.id))
            return "and exists (select from subscriptions s where s.tenant_id = \(tenant) and s.id = t.subscription_id \(own))"
        },
        orders: [
            ListOrder(name: "at", column: "t.sequence", kind: .number, isDescendingFirst: true, spokenOf: .instant) {
                .number($0.record.sequence)
            }
        ],
        filters: [
            ListFilter(
                "q", label: "list.search", .text(min: 1, max: 200), "Part of a note.", .search(hint: "history.search_hint")
            ) { text, _ in "position(lower(\(text.trimmingBlankSpace())) in lower(t.note)) > 0" },
            ListFilter("type", label: "history.what", .word(types), "", .words(types) { word, t in named(word, t) }) { value, _ in
                "t.type = \(value)"
            },
            ListFilter(
                "actor_kind", label: "history.who", .word(actorKinds), "", .words(actorKinds) { $1("actor.\($0)") }
            ) { value, _ in "t.actor_kind = \(value)" },
            ListFilter(
                "reason", label: "history.why", .word(reasons), "",
                .words(reasons) { word, t in SuspensionReason(rawValue: word).map { t.word($0) } ?? word }
            ) { value, _ in "t.reason = \(value)" },
            ListFilter(
                "from", label: "list.from", .format("date-time"), "Taken at this instant or later.", .day(.first)
            ) { value, _ in "t.at >= \(Instant(rfc3339: value))" },
            ListFilter("to", label: "list.to", .format("date-time"), "Taken before this instant.", .day(.last)) { value, _ in
                "t.at < \(Instant(rfc3339: value))"
            },
            ListFilter("subscription_id", label: "subscriptions.name", .id("sub"), isOfPath: true) { value, _ in
                "t.subscription_id = \(SubscriptionID(value) ?? SubscriptionID(.zero))"
            },
        ],
        columns: [when, what, state, who, why, amount], write: { row, _, json in row.record.write(to: &json) })

    private static let types = TransitionType.allCases.map(\.rawValue)
    private static let actorKinds = [Actor.Kind.user, .key, .operator, .timer].map(\.rawValue)
    private static let reasons = Schema.suspensionReasons

    private static func named(_ type: String, _ t: Localiser) -> String {
        TransitionType(rawValue: type).map { t.word($0) } ?? type
    }
}

// MARK: Columns

extension HistoryEntry {
    /// What happened in words: to come back from a cancellation is a recovery.
    private func words(_ t: Localiser) -> String {
        if type == .reactivated, reason == .cancelled { return t("recover.past") }
        return type.map { t.word($0, from: before) } ?? record.type
    }

    private static let when = ListColumn<HistoryEntry>(
        "at", "history.when", order: "at", cell: { row, reader in reader.t.timeElement(row.record.at) },
        file: [
            FileColumn("id", "list.id") { row, _ in .text(row.record.id.description) },
            FileColumn("at", "history.when") { row, _ in .instant(row.record.at) },
        ])

    private static let what = ListColumn<HistoryEntry>(
        "type", "history.what",
        cell: { row, reader in
            group {
                row.words(reader.t)
                if let amount = row.record.amount { span(.class("sub")) { reader.t.moneyElement(amount) } }
                if let note = row.record.note { span(.class("sub")) { reader.t("history.note", ["note": note]) } }
            }
        },
        file: [
            FileColumn("type", "history.what", code: { $0.record.type }, words: { $0.words($1.t) }),
            FileColumn("note", "history.note_column") { row, _ in .text(row.record.note) },
        ])

    private static let state = ListColumn<HistoryEntry>(
        "to", "history.state",
        cell: { row, reader in row.state.map { reader.t.pill($0, isLapsed: row.isLapse).html } ?? .text(row.record.to) },
        file: [
            FileColumn(
                "to", "history.state", code: { $0.record.to },
                words: { row, reader in
                    row.state.map { row.isLapse ? reader.t("state.lapsed") : reader.t.word($0) } ?? row.record.to
                })
        ])

    private static let who = ListColumn<HistoryEntry>(
        "actor", "history.who",
        cell: { row, reader in
            group {
                reader.t("actor.\(row.record.actor.kind.rawValue)")
                if let actor = row.record.actor.shownName { span(.class("sub")) { actor } }
            }
        },
        file: [
            FileColumn(
                "actor_kind", "audit.filter.actor_kind", code: { $0.record.actor.kind.rawValue },
                words: { $1.t("actor.\($0.record.actor.kind.rawValue)") }),
            FileColumn("actor", "history.who") { row, _ in .text(row.record.actor.shownName) },
        ])

    private static let why = ListColumn<HistoryEntry>(
        "reason", "history.why",
        cell: { row, reader in
            group {
                if let reason = row.reason { reader.t.word(reason) }
                span(.class("sub")) { reader.t("history.rule", ["rule": row.record.rule]) }
            }
        },
        file: [
            FileColumn("reason", "history.why", code: { $0.record.reason }, words: { $0.reason.map($1.t.word) }),
            FileColumn("rule", "history.rule_column") { row, _ in .text(row.record.rule) },
        ])

    /// What came later stands behind what was there: files are read by position, too.
    private static let amount = ListColumn<HistoryEntry>(
        "amount", "desk.amount", isNumber: true, isShownFirst: false,
        cell: { row, reader in row.record.amount.map(reader.t.moneyElement) ?? reader.t.nothing },
        file: [
            FileColumn("amount", "desk.amount") { row, _ in .money(row.record.amount) },
            FileColumn("currency", "accounts.currency") { row, _ in .text(row.record.amount?.currency.code) },
        ])
}
