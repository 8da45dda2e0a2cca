import Billing
import FoundationEssentials
import HTTP
import Values

/// The log in words: what an action is called, and what was before and after.
extension Localiser {
    private static let actionFamily = "audit.action."

    /// An action that has no words of its own is told by its name. `from`: the state before it, where that is known.
    func words(ofAction action: String, from: String? = nil) -> String {
        if let type = TransitionType(rawValue: action) { return word(type, from: from.flatMap(SubscriptionState.init)) }
        return strings.has(Self.actionFamily + action) ? self(Self.actionFamily + action) : action
    }

    func words(ofObjectKind kind: String) -> String {
        strings.has("audit.object.\(kind)") ? self("audit.object.\(kind)") : kind
    }

    /// What happened to a subscription; an order that was never paid lapsed (L11).
    func word(_ type: TransitionType, from: SubscriptionState?) -> String {
        type.isLapse(from: from) ? self("state.lapsed") : word(type)
    }

    /// A state, a reason of a suspension, or a word that only its area knows.
    func words(ofState state: String) -> String { SubscriptionState(rawValue: state).map(word) ?? state }
    func words(ofReason reason: String) -> String { SuspensionReason(rawValue: reason).map(word) ?? reason }
}

/// One thing that changed.
package struct AuditChange: Sendable, Equatable {
    package let field: String
    package let before: String
    package let after: String

    package init(field: String, before: String, after: String) {
        self.field = field
        self.before = before
        self.after = after
    }
}

extension AuditEvent {
    /// The state after it.
    func wordAfter(_ t: Localiser) -> String? {
        let isLapse = TransitionType(rawValue: action)?.isLapse(from: from.flatMap(SubscriptionState.init)) ?? false
        return isLapse ? t("state.lapsed") : to.map(t.words(ofState:))
    }

    /// What the details say changed, field by field, in the reader's words; fields that stayed are left out.
    func changes(_ names: AuditNames, _ t: Localiser) -> [AuditChange] {
        let old = Self.fields(before)
        let new = Self.fields(after)
        let order = old.map(\.key) + new.map(\.key).filter { key in !old.contains { $0.key == key } }
        return order.compactMap { key in
            let was = Self.text(old.first { $0.key == key }?.value, names, t)
            let now = Self.text(new.first { $0.key == key }?.value, names, t)
            guard was != now else { return nil }
            let label = t.strings.has("audit.field.\(key)") ? t("audit.field.\(key)") : key
            return AuditChange(field: label, before: was, after: now)
        }
    }

    private static func fields(_ text: String?) -> [(key: String, value: JSON)] {
        guard let text, let json = try? JSON(parsing: Array(text.utf8)) else { return [] }
        return json.members?.fields ?? []
    }

    private static func text(_ value: JSON?, _ names: AuditNames, _ t: Localiser) -> String {
        switch value {
        case nil, .null?: return t("common.none")
        case .bool(let flag)?: return flag ? t("audit.yes") : t("audit.no")
        case .number(let digits)?: return digits
        case .string(let text)?:
            if let id = UUID(mention: text) { return names[id].map { "\($0) (\(text))" } ?? text }
            if let role = Role(rawValue: text) { return t.word(role) }
            if let instant = Instant(rfc3339: text) { return t.dateTime(instant) }
            return text.isEmpty ? t("common.none") : text
        case .array(let items)?: return items.map { Self.text($0, names, t) }.joined(separator: t("common.list_comma"))
        case .object(let fields)?:
            if let money = Self.money(JSONMembers(fields: fields)) { return t.money(money) }
            return fields.map { "\($0.key): \(Self.text($0.value, names, t))" }.joined(separator: t("common.list_comma"))
        }
    }

    private static func money(_ members: JSONMembers) -> Money? {
        guard let amount = members["amount"]?.text, let currency = members["currency"]?.text.flatMap({ Currency($0) }) else {
            return nil
        }
        return try? Money(amount, currency: currency)
    }
}
