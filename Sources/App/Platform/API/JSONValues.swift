import Billing
import FoundationEssentials
import HTTP
import Values

extension JSONWriter {
    /// `{"amount": "1234.50", "currency": "CNY"}`
    mutating func field(_ name: String, _ money: Money) {
        field(
            name,
            object: {
                $0.field("amount", plain: Money.longestText, money.write)
                $0.field("currency", money.currency.code)
            })
    }
    mutating func field(_ name: String, _ instant: Instant?) {
        guard let instant else { return nullField(name) }
        field(name, plain: Instant.longestText, instant.write)
    }
    mutating func field<Tag>(_ name: String, _ id: ID<Tag>?) {
        guard let id else { return nullField(name) }
        field(name, plain: ID<Tag>.textLength, id.write)
    }
    mutating func field(_ name: String, _ person: Person?) {
        guard let person else { return nullField(name) }
        field(
            name,
            object: {
                $0.field("id", person.id)
                $0.field("email", person.email)
                $0.field("name", person.name)
            })
    }
    mutating func field(_ name: String, words: [String]) {
        field(name, array: { for word in words { $0.value(word) } })
    }
}

extension KnownActor {
    static func operatorID(_ id: UUID, isKey: Bool) -> String { isKey ? APIKeyID(id).description : UserID(id).description }

    /// The ID in the form of whoever it is: an operator acts through a key or as a person.
    package var typeID: String? {
        guard let id else { return nil }
        switch kind {
        case .user: return UserID(id).description
        case .key: return APIKeyID(id).description
        case .operator: return Self.operatorID(id, isKey: isKey)
        case .timer: return nil
        }
    }
}

/// One JSON object as bytes.
func jsonObject(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.object(body)
    return writer.bytes
}

/// The text of one JSON object, for a `jsonb` column.
func jsonText(_ body: (inout JSONWriter) -> Void) -> String { String(decoding: jsonObject(body), as: UTF8.self) }
