import Billing
import HTTP
import Values

/// What is wrong with an event before any rule is asked.
enum EventFault: String, CaseIterable, Sendable {
    case notObject = "event_not_object"
    case specversionUnsupported = "specversion_unsupported"
    case idInvalid = "id_invalid"
    case sourceInvalid = "source_invalid"
    /// Nobody's, or another tenant's: nothing tells the two apart.
    case unknownSubscription = "unknown_subscription"
    case timeInvalid = "time_invalid"
    case meterInvalid = "meter_invalid"
    case dataNotJSON = "data_not_json"
    case dataInvalid = "data_invalid"
    case dataUnknownField = "data_unknown_field"
    case productInvalid = "product_invalid"
    case quantityInvalid = "quantity_invalid"
    case unitInvalid = "unit_invalid"
    case resourceInvalid = "resource_invalid"
    case costInvalid = "cost_invalid"
}

/// Every code that a verdict on an event may carry, in the order in which an event is judged; the document names these, and a client bears others.
package enum UsageVerdictCode {
    package static let all: [String] = {
        let faults = EventFault.allCases.map(\.rawValue)
        return faults + UsageRejection.allCases.map(\.code).filter { !faults.contains($0) }
    }()
}

/// One CloudEvents 1.0 event as usage. Attributes that Bursar does not know are extensions and ignored; `data` is ours and must be as documented.
enum CloudEvent {
    static func read(_ json: JSON) -> ReceiveUsage.Incoming {
        guard let event = json.members else { return .faulty(id: "", fault: .notObject) }
        let id = event["id"]?.text ?? ""
        func fault(_ fault: EventFault) -> ReceiveUsage.Incoming { .faulty(id: echo(of: id), fault: fault) }
        guard event["specversion"]?.text == "1.0" else { return fault(.specversionUnsupported) }
        guard isName(id) else { return fault(.idInvalid) }
        guard let source = event["source"]?.text, isName(source) else { return fault(.sourceInvalid) }
        guard let subject = event["subject"]?.text, let subscription = SubscriptionID(subject) else {
            return fault(.unknownSubscription)
        }
        guard let time = event["time"]?.text.flatMap({ Instant(rfc3339: $0) }) else { return fault(.timeInvalid) }
        guard let type = event["type"]?.text else { return fault(.meterInvalid) }
        if let contentType = event["datacontenttype"], contentType.text?.hasPrefix("application/json") != true {
            return fault(.dataNotJSON)
        }
        guard let data = event["data"]?.members else { return fault(.dataInvalid) }
        for (name, _) in data.fields where !["product", "quantity", "unit", "cost", "resource"].contains(name) {
            return fault(.dataUnknownField)
        }
        guard let product = data["product"]?.text else { return fault(.productInvalid) }
        guard let quantity = data["quantity"]?.text.flatMap({ ExactDecimal($0) }) else { return fault(.quantityInvalid) }
        guard let unit = data["unit"]?.text else { return fault(.unitInvalid) }
        var observation = UsageObservation(time: time, meter: type, product: product, quantity: quantity, unit: unit)
        if let resource = data["resource"], !resource.isNull {
            guard let text = resource.text else { return fault(.resourceInvalid) }
            observation.resource = text
        }
        if let cost = data["cost"], !cost.isNull {
            guard let members = cost.members, members.fields.count == 2,
                let amount = members["amount"]?.text.flatMap({ ExactDecimal($0) }),
                let currency = members["currency"]?.text.flatMap({ Currency($0) })
            else { return fault(.costInvalid) }
            observation.cost = amount
            observation.costCurrency = currency
        }
        return .readable(ReceiveUsage.Event(id: id, source: source, subscription: subscription, observation: observation))
    }

    private static func isName(_ text: String) -> Bool {
        (1...300).contains(text.unicodeScalars.count) && !text.unicodeScalars.contains { isControl($0) || $0.value == 0x7f }
    }

    /// What a refused event was called, for whoever looks for it: characters that no name may have, which neither a client nor a terminal may be able to bear,
    /// stand as U+FFFD.
    private static func echo(of id: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in id.unicodeScalars.prefix(300) {
            scalars.append(isControl(scalar) || (0x7f...0x9f).contains(scalar.value) ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 }
}
