import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// An event of the log with the names that stand behind its IDs.
package struct AuditEntry: Sendable {
    let event: AuditEvent
    /// Those of the whole page: read together, shared.
    var names = AuditNames()
}

extension AuditEntry {
    /// The log of what the principal administers, newest first; operators see that of the whole tenant.
    package static let list = ListDescription<AuditEntry>(
        name: "audit", endpoint: .listAuditEvents, table: "audit_events e", idColumn: "e.id", id: { $0.event.id.uuid },
        select: { "select \(AuditEvent.columns) \(ListAuditEvents.source) where \($0)" },
        decode: { rows, context in try rows.map { AuditEntry(event: try AuditEvent($0, context)) } },
        enrich: { entries, context in
            let names = try await AuditNames.load(entries.map(\.event), context)
            return entries.map { AuditEntry(event: $0.event, names: names) }
        },
        visible: { context in
            try ListAuditEvents.allow(context.principal)
            return Visibility.ofAudit(to: context.principal, context.tenant.id)
        },
        orders: [.newest("created_at", "e.at") { $0.event.at }],
        filters: [
            ListFilter(
                "actor_kind", label: "audit.filter.actor_kind", .word(actorKinds), "",
                .words(actorKinds) { $1("actor.\($0)") }
            ) { value, _ in "e.actor_kind = \(value)" },
            ListFilter(
                "actor", label: "audit.filter.actor", .text(min: 1, max: 254),
                "Who did it: an e-mail address, or the ID of a person or a key.", .search(hint: "audit.actor_hint")
            ) { value, ask in AuditFilter.done(by: value, ask.context) },
            ListFilter(
                "action", label: "audit.filter.action", .word(AuditActions.all), "", .choices
            ) { value, _ in "e.action = \(value)" },
            ListFilter(
                "object_id", label: "audit.filter.object_id", .format("object-id"),
                "What it was done to: the ID of any object.", .search(hint: "audit.object_hint")
            ) { value, _ in "e.object_id = \(UUID(anyID: value) ?? .zero)" },
            ListFilter(
                "from", label: "list.from", .format("date-time"), "Done at this instant or later.", .day(.first)
            ) { value, _ in "e.at >= \(Instant(rfc3339: value))" },
            ListFilter("to", label: "list.to", .format("date-time"), "Done before this instant.", .day(.last)) { value, _ in
                "e.at < \(Instant(rfc3339: value))"
            },
            ListFilter(
                "request_id", label: "audit.request_id", .text(min: 1, max: 64),
                "The request that did it, as `X-Request-Id` named it."
            ) { value, _ in AuditFilter.asked(by: value) },
            ListFilter("account_id", label: "subscriptions.account", .id("acc")) { value, _ in
                "e.account_id = \(AccountID(value) ?? AccountID(.zero))"
            },
            ListFilter("enrollment_id", label: "shell.enrollment", .id("enr")) { value, _ in
                "e.enrollment_id = \(EnrollmentID(value) ?? EnrollmentID(.zero))"
            },
        ],
        columns: [when, who, what, object, changes], write: { row, _, json in row.event.write(to: &json) })

    private static let actorKinds = [Actor.Kind.user, .key, .operator, .timer].map(\.rawValue)

    /// The actions that can stand in this log, by their words.
    static func actions(_ t: Localiser, in place: AuditPlace) -> [FilterBar.Choice] {
        AuditActions.all.filter(place.holds).map { FilterBar.Choice($0, t.words(ofAction: $0)) }.sorted { $0.label < $1.label }
    }

    /// The address or the key's name of who did it; none of the provider's people for anybody else.
    fileprivate var actorName: String? { event.actor.isTheProvider ? nil : names[event.actor.id] }

    /// The object's own page, where it has one that this reader may open.
    fileprivate func address(_ reader: ListReader) -> URLPath? {
        switch event.objectKind {
        case "subscription":
            guard let account = names.accounts[event.objectID] ?? event.account else { return nil }
            return SubscriptionLinks(account: account, id: SubscriptionID(event.objectID)).overview
        case "account": return PageRoute.subscriptions.url(AccountID(event.objectID).description)
        case "enrollment": return PageRoute.enrollment.url(EnrollmentID(event.objectID).description)
        case "payment": return names.payments[event.objectID]
        case "remittance":
            return reader.principal.isOperator ? PageRoute.remittance.url(RemittanceID(event.objectID).description) : nil
        default: return nil
        }
    }
}

// MARK: Columns

extension AuditEntry {
    private static let when = ListColumn<AuditEntry>(
        "at", "audit.when", order: "created_at",
        cell: { row, reader in
            group {
                reader.t.timeElement(row.event.at)
                if let ip = row.event.ip { span(.class("sub")) { reader.t("audit.from_ip", ["ip": ip]) } }
            }
        },
        file: [
            FileColumn("id", "list.id") { row, _ in .text(row.event.id.description) },
            FileColumn("at", "audit.when") { row, _ in .instant(row.event.at) },
            FileColumn("ip", "audit.ip") { row, _ in .text(row.event.ip) },
        ])

    private static let who = ListColumn<AuditEntry>(
        "actor", "audit.who",
        cell: { row, reader in
            let (actor, t) = (row.event.actor, reader.t)
            return group {
                // The operator's hand in an account shall be seen at a glance.
                if actor.kind == .operator { strong { t("actor.operator") } } else { t("actor.\(actor.kind.rawValue)") }
                if let name = row.actorName ?? actor.shownName { span(.class("sub")) { name } }
            }
        },
        file: [
            FileColumn(
                "actor_kind", "audit.filter.actor_kind", code: { $0.event.actor.kind.rawValue },
                words: { $1.t("actor.\($0.event.actor.kind.rawValue)") }),
            FileColumn("actor_id", "audit.actor_id") { row, _ in .text(row.event.actor.typeID) },
            FileColumn("actor", "audit.filter.actor") { row, _ in .text(row.actorName) },
        ])

    private static let what = ListColumn<AuditEntry>(
        "action", "audit.what",
        cell: { row, reader in
            group {
                reader.t.words(ofAction: row.event.action, from: row.event.from)
                if let reason = row.event.reason { span(.class("sub")) { reader.t.words(ofReason: reason) } }
            }
        },
        file: [
            FileColumn("action", "audit.action_code") { row, _ in .text(row.event.action) },
            // Words only: empty for a program, which has the code beside it, so that every other column stays where it was.
            FileColumn(
                "action_words", "audit.what", code: { _ in nil },
                words: { $1.t.words(ofAction: $0.event.action, from: $0.event.from) }),
            FileColumn(
                "reason", "audit.reason", code: { $0.event.reason },
                words: { $0.event.reason.map($1.t.words(ofReason:)) }),
        ])

    private static let object = ListColumn<AuditEntry>(
        "object", "audit.object_column",
        cell: { row, reader in
            let name = row.names[row.event.objectID] ?? row.event.objectTypeID
            return group {
                if let url = row.address(reader) { a(.href(url)) { name } } else { name }
                span(.class("sub")) {
                    reader.t.words(ofObjectKind: row.event.objectKind)
                    if let page = reader.page {
                        " · "
                        a(.href(page.adding([("object_id", row.event.objectTypeID)]))) { reader.t("audit.history") }
                    }
                }
            }
        },
        file: [
            FileColumn(
                "object_kind", "audit.object_kind", code: { $0.event.objectKind },
                words: { $1.t.words(ofObjectKind: $0.event.objectKind) }),
            FileColumn("object_id", "audit.filter.object_id") { row, _ in .text(row.event.objectTypeID) },
            FileColumn("object", "audit.object_column") { row, _ in .text(row.names[row.event.objectID]) },
            FileColumn("account_id", "list.account_id") { row, _ in .text(row.event.account?.description) },
        ])

    private static let changes = ListColumn<AuditEntry>(
        "changes", "audit.changes",
        cell: { row, reader in
            let (event, t) = (row.event, reader.t)
            let changes = event.changes(row.names, t)
            return group {
                if event.from != nil || event.to != nil {
                    t(
                        "audit.state_change",
                        [
                            "from": event.from.map(t.words(ofState:)) ?? t("common.none"),
                            "to": event.wordAfter(t) ?? t("common.none"),
                        ])
                }
                for change in changes {
                    span(.class("sub")) {
                        t.html(
                            "audit.change", ["before": del { change.before }, "after": ins { change.after }],
                            ["field": change.field])
                    }
                }
                if let amount = row.names.amounts[event.objectID] {
                    span(.class("sub")) {
                        // Of a part the whole is only what it belongs to.
                        if event.action == "payment.part_received" {
                            t.html("audit.part_of", ["amount": t.moneyElement(amount)])
                        } else {
                            t.moneyElement(amount)
                        }
                    }
                }
                if event.to == nil, changes.isEmpty, row.names.amounts[event.objectID] == nil { t.nothing }
                if let request = event.requestID { span(.class("sub mono")) { request } }
            }
        },
        file: [
            FileColumn(
                "from", "audit.from_state", code: { $0.event.from }, words: { $0.event.from.map($1.t.words(ofState:)) }),
            FileColumn("to", "audit.to_state", code: { $0.event.to }, words: { $0.event.wordAfter($1.t) }),
            FileColumn("before", "audit.before") { row, _ in .text(row.event.before) },
            FileColumn("after", "audit.after") { row, _ in .text(row.event.after) },
            FileColumn("request_id", "audit.request_id") { row, _ in .text(row.event.requestID) },
        ])
}
