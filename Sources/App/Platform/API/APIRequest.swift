import Billing
import Crypto
import FoundationEssentials
import HTTP
import Values

/// A request of the API with its key checked, its query read by the document, and its body still to be asked for.
struct APIRequest {
    let http: HTTPRequest
    let endpoint: Endpoint
    let parameters: [String]
    let context: TenantContext
    let language: Language
    let requestID: String
    /// The query, by name; each value held against the document.
    let values: [String: String]

    init(
        _ http: HTTPRequest, _ endpoint: Endpoint, _ parameters: [String], _ context: TenantContext, _ language: Language,
        requestID: String
    ) throws {
        self.http = http
        self.endpoint = endpoint
        self.parameters = parameters
        self.context = context
        self.language = language
        self.requestID = requestID
        values = try Self.read(http.query, endpoint.documentation)
    }

    // MARK: Path and query

    /// The n-th ID of the path. One that is none names nothing: not found.
    func pathID<Tag>(_ index: Int = 0, as type: ID<Tag>.Type = ID<Tag>.self) throws -> ID<Tag> {
        guard let id = ID<Tag>(parameters[index]) else { throw Failure.notFound }
        return id
    }

    subscript(name: String) -> String? { values[name] }
    func id<Tag>(_ name: String, as type: ID<Tag>.Type = ID<Tag>.self) -> ID<Tag>? { values[name].flatMap { ID<Tag>($0) } }
    func instant(_ name: String) -> Instant? { values[name].flatMap { Instant(rfc3339: $0) } }
    var isDryRun: Bool { values["dry_run"] == "true" }

    func page() throws -> PageRequest {
        var page = try PageRequest(
            limit: values["limit"].flatMap { Int($0) } ?? 25, cursor: values["cursor"], ascending: values["sort"] == "created_at")
        (page.from, page.to) = (instant("created_from"), instant("created_to"))
        return page
    }

    /// Unknown, repeated or unreadable parameters are refused by name.
    private static func read(_ pairs: [(name: String, value: String)], _ documentation: EndpointDocumentation) throws -> [String:
        String]
    {
        var fields = documentation.query
        if documentation.dryRun { fields.append(.optional("dry_run", .word(["true", "false"]))) }
        var values: [String: String] = [:]
        for (name, value) in pairs {
            guard let field = fields.first(where: { $0.name == name }) else {
                throw Failure.malformed(
                    code: "unknown_parameter", pointer: "?\(SchemaReader.printable(name))",
                    arguments: SchemaReader.known(fields))
            }
            guard values[name] == nil else {
                throw Failure.malformed(code: "repeated_parameter", pointer: "?\(SchemaReader.printable(name))")
            }
            var reader = SchemaReader()
            let isNumber = if case .integer = field.schema { true } else { false }
            reader.read(isNumber && !value.contains(".") ? .number(value) : .string(value), field.schema, at: "?\(name)")
            if let fault = reader.faults.first {
                throw Failure.malformed(code: fault.code, pointer: fault.pointer, arguments: fault.arguments)
            }
            values[name] = value
        }
        for field in fields where field.required && values[field.name] == nil {
            throw Failure.malformed(code: "required", pointer: "?\(field.name)")
        }
        return values
    }

    // MARK: Body

    /// The body, held against the endpoint's own schema.
    func body() throws -> JSONMembers {
        let json = try parsedBody()
        if let schema = endpoint.documentation.body { try SchemaReader.check(json, schema) }
        return json.members ?? JSONMembers(fields: [])
    }

    /// The body as JSON of the endpoint's media type. An action that needs nothing may come without a body.
    func parsedBody() throws -> JSON {
        let documentation = endpoint.documentation
        if http.body.isEmpty, case .object(let fields)? = documentation.body, fields.allSatisfy({ !$0.required }) {
            return .object([])
        }
        let types = documentation.bodies.map(\.mediaType)
        guard let type = http.contentType, types.contains(type) else {
            throw Failure.unsupportedMediaType(expected: types.joined(separator: ", "))
        }
        do {
            return try JSON(parsing: http.body)
        } catch {
            throw Failure.malformed(
                code: "malformed_json", arguments: ["position": String(error.offset), "reason": error.reason])
        }
    }

    /// Money of `name`, which the schema has already found to be a decimal and a currency; here it must also fit the currency.
    func money(_ json: JSON?, at pointer: String) throws -> Money? {
        guard let members = json?.members, let amount = members["amount"]?.text, let code = members["currency"]?.text,
            let currency = Currency(code)
        else { return nil }
        do {
            return try Money(amount, currency: currency)
        } catch {
            let code = error == .tooManyDecimals ? "too_many_decimals" : "amount_out_of_range"
            throw Failure.invalid([
                FieldError("\(pointer)/amount", code, ["decimals": String(currency.exponent), "currency": currency.code])
            ])
        }
    }

    // MARK: Conditions

    /// `Idempotency-Key`, bound to this route and body. Missing where money moves: 400. `isDryRun` where the body may say so too.
    func options(isDryRun asked: Bool = false) throws -> CommandOptions {
        let need = endpoint.documentation.idempotency
        let isDryRun = isDryRun || asked
        var options = CommandOptions(key: nil, dryRun: isDryRun, requestID: requestID, remoteAddress: http.remoteAddress)
        let values = http.headers.all("idempotency-key")
        guard values.count <= 1 else { throw Failure.malformed(code: "invalid_idempotency_key") }
        guard let text = values.first else {
            if need == .required && !isDryRun { throw Failure.malformed(code: "idempotency_key_required") }
            return options
        }
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Failure.malformed(code: "invalid_idempotency_key")
        }
        guard http.method == .post else { return options }
        options.key = IdempotencyKey(
            text: text, principal: context.principal.idempotencyID,
            requestHash: SHA256.hash(Array("\(endpoint.method) \(http.path)\n".utf8) + http.body))
        return options
    }

    /// `If-Match`, also over several lines.
    var ifMatch: String? {
        let lines = http.headers.all("if-match")
        return lines.isEmpty ? nil : lines.joined(separator: ", ")
    }

    /// Whether the caller has this answer already (`If-None-Match`).
    func hasSeen(_ tag: String) -> Bool {
        let lines = http.headers.all("if-none-match")
        return !lines.isEmpty && EntityTagList(lines.joined(separator: ", "))?.holds(tag) == true
    }
}
