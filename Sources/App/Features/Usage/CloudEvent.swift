import Billing
import HTTP
import Values

/// One CloudEvents 1.0 event as usage. Attributes that Bursar does not know are extensions and ignored; `data` is ours and must be as documented.
enum CloudEvent {
    static func read(_ json: JSON) -> ReceiveUsage.Incoming {
        guard let event = json.members else { return .faulty(id: "", code: "event_not_object") }
        let id = event["id"]?.text ?? ""
        func fault(_ code: String) -> ReceiveUsage.Incoming { .faulty(id: String(id.unicodeScalars.prefix(300)), code: code) }
        guard event["specversion"]?.text == "1.0" else { return fault("specversion_unsupported") }
        guard isName(id) else { return fault("id_invalid") }
        guard let source = event["source"]?.text, isName(source) else { return fault("source_invalid") }
        guard let subject = event["subject"]?.text, let subscription = SubscriptionID(subject) else {
            return fault("unknown_subscription")
        }
        guard let time = event["time"]?.text.flatMap({ Instant(rfc3339: $0) }) else { return fault("time_invalid") }
        guard let type = event["type"]?.text else { return fault("meter_invalid") }
        if let contentType = event["datacontenttype"], contentType.text?.hasPrefix("application/json") != true {
            return fault("data_not_json")
        }
        guard let data = event["data"]?.members else { return fault("data_invalid") }
        for (name, _) in data.fields where !["product", "quantity", "unit", "cost", "resource"].contains(name) {
            return fault("data_unknown_field")
        }
        guard let product = data["product"]?.text else { return fault("product_invalid") }
        guard let quantity = data["quantity"]?.text.flatMap({ ExactDecimal($0) }) else { return fault("quantity_invalid") }
        guard let unit = data["unit"]?.text else { return fault("unit_invalid") }
        var observation = UsageObservation(time: time, meter: type, product: product, quantity: quantity, unit: unit)
        if let resource = data["resource"], !resource.isNull {
            guard let text = resource.text else { return fault("resource_invalid") }
            observation.resource = text
        }
        if let cost = data["cost"], !cost.isNull {
            guard let members = cost.members, members.fields.count == 2,
                let amount = members["amount"]?.text.flatMap({ ExactDecimal($0) }),
                let currency = members["currency"]?.text.flatMap({ Currency($0) })
            else { return fault("cost_invalid") }
            observation.cost = amount
            observation.costCurrency = currency
        }
        return .readable(ReceiveUsage.Event(id: id, source: source, subscription: subscription, observation: observation))
    }

    private static func isName(_ text: String) -> Bool {
        (1...300).contains(text.unicodeScalars.count) && !text.unicodeScalars.contains { $0.value < 0x20 }
    }
}
