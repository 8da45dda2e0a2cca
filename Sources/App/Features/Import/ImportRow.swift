import Values

/// One charge of a file.
struct ImportRow {
    let line: Int
    /// The number of the enrollment, and of the account below it.
    let account: String
    let accountName: String?
    /// The owner's e-mail address, in small letters, when the file names one.
    let owner: String?
    /// The subscription's number; the account's own when the file leaves it empty.
    let subscription: String
    let subscriptionName: String?
    let currency: Currency
    let cost: ExactDecimal
    let quantity: Quantity
    let unit: String
    let product: String
    let meter: String
    let resource: String?
    let time: ImportTime
    let billingPeriodStart: CivilDate?
}

/// Where the columns of one file are, by the names in its header, in any order and any case.
struct ImportLayout {
    private static let columnsAtMost = 2_000

    let format: ImportFormat
    let fieldCount: Int
    private let places: [ImportColumn: [Int]]
    let identity: RowIdentity

    init(header: CSVRecord, format: ImportFormat) throws(LineFault) {
        self.format = format
        fieldCount = header.count
        guard fieldCount <= Self.columnsAtMost else { throw LineFault(header.line, "the header has \(fieldCount) columns") }
        var names: [String] = []
        for index in 0..<header.count {
            guard let name = String(validating: header[index], as: UTF8.self) else {
                throw LineFault(header.line, "the header is not UTF-8")
            }
            names.append(Trimmed.text(name).lowercased())
        }
        var places: [ImportColumn: [Int]] = [:]
        for column in ImportColumn.allCases {
            var found: [Int] = []
            for header in format.headers(of: column) {
                let indices = names.indices.filter { names[$0] == header.lowercased() }
                guard indices.count < 2 else { throw LineFault(1, "the column \(header) is there \(indices.count) times") }
                found += indices
            }
            places[column] = column.isTakenFromOneColumn ? Array(found.prefix(1)) : found
        }
        let missing = ImportColumn.allCases.filter { $0.isRequired && (places[$0] ?? []).isEmpty }
            .map { format.headers(of: $0).joined(separator: " or ") }
        guard missing.isEmpty else {
            throw LineFault(
                header.line,
                "this is not the header of a \(format.rawValue) file: there is no column \(missing.joined(separator: ", no column "))"
            )
        }
        self.places = places
        identity = RowIdentity(headers: names, format: format)
    }

    /// The row that the record holds.
    func row(_ record: CSVRecord) throws(LineFault) -> ImportRow {
        let line = record.line
        guard let account = try text(.billingAccount, record) else { throw LineFault(line, "\(name(.billingAccount)) is empty") }
        guard let code = try text(.currency, record) else { throw LineFault(line, "\(name(.currency)) is empty") }
        guard let currency = Currency(code) else {
            throw LineFault(line, "\(name(.currency)) \(LineFault.quoted(code)) is no currency of ISO 4217")
        }
        guard let written = try text(.time, record) else { throw LineFault(line, "\(name(.time)) is empty") }
        guard let time = ImportTime(written) else {
            throw LineFault(line, "\(name(.time)) \(LineFault.quoted(written)) is no date")
        }
        let (quantity, unit) = try measure(record, currency)
        return ImportRow(
            line: line, account: Shortened.text(account, to: 100),
            accountName: try text(.billingAccountName, record).map { Shortened.text($0, to: 200) },
            owner: try text(.owner, record).flatMap(EMailAddress.init).map(\.text),
            subscription: Shortened.text(try text(.subAccount, record) ?? account, to: 300),
            subscriptionName: try text(.subAccount, record) == nil
                ? nil : try text(.subAccountName, record).map { Shortened.text($0, to: 200) },
            currency: currency, cost: try cost(record, currency), quantity: quantity, unit: Shortened.text(unit, to: 100),
            product: Shortened.text(try text(.product, record) ?? "Other", to: 300),
            meter: Shortened.text(try meter(record), to: 200),
            resource: try text(.resource, record).map { Shortened.text($0, to: 1_000) }, time: time,
            billingPeriodStart: try text(.billingPeriodStart, record).flatMap { ImportTime($0)?.date })
    }

    private func cost(_ record: CSVRecord, _ currency: Currency) throws(LineFault) -> ExactDecimal {
        guard let text = try text(.cost, record) else { throw LineFault(record.line, "\(name(.cost)) is empty") }
        return try number(text, .cost, record.line, currency)
    }

    /// What was consumed; what was priced where nothing was consumed (a fee); nothing where neither is said (a credit).
    private func measure(_ record: CSVRecord, _ currency: Currency) throws(LineFault) -> (Quantity, String) {
        for (quantity, unit) in [(ImportColumn.quantity, ImportColumn.unit), (.otherQuantity, .otherUnit)] {
            guard let text = try text(quantity, record) else { continue }
            return (try number(text, quantity, record.line, currency), try self.text(unit, record) ?? "")
        }
        return (.zero, "")
    }

    /// Says what was charged for. What is no usage (a credit, an adjustment, a purchase) begins with that word, so that it makes a bill line of its own.
    private func meter(_ record: CSVRecord) throws(LineFault) -> String {
        var words = [try text(.meterGroup, record), try text(.meter, record)].compactMap { $0 }.joined(separator: " – ")
        let category = try text(.category, record)
        if words.isEmpty { words = category ?? "usage" }
        guard let category, category.lowercased() != "usage", category != words else { return words }
        return "\(category): \(words)"
    }

    private func number(_ text: String, _ column: ImportColumn, _ line: Int, _ currency: Currency) throws(LineFault)
        -> ExactDecimal
    {
        do throws(ImportNumber.Refusal) {
            return try ImportNumber.read(text, currency: currency)
        } catch {
            throw LineFault(line, "\(name(column)) \(LineFault.quoted(text)) \(ImportNumber.words(error))")
        }
    }

    /// The first of the column's fields that says something; nil for empty ones, for the literal `NULL`, and without such a column.
    private func text(_ column: ImportColumn, _ record: CSVRecord) throws(LineFault) -> String? {
        for index in places[column] ?? [] {
            let field = record[index]
            if field.isEmpty { continue }
            guard let text = String(validating: field, as: UTF8.self) else {
                throw LineFault(record.line, "\(name(column)) is not UTF-8")
            }
            let trimmed = Trimmed.text(text)
            if !trimmed.isEmpty && trimmed.uppercased() != "NULL" { return trimmed }
        }
        return nil
    }

    private func name(_ column: ImportColumn) -> String { format.headers(of: column).first ?? "" }
}

/// Text without spaces and control characters at its ends, and with spaces for control characters inside.
enum Trimmed {
    static func text(_ text: String) -> String {
        // Most fields are clean, and a file has many.
        let bytes = text.utf8
        if let first = bytes.first, let last = bytes.last, first > 0x20, last > 0x20,
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
        {
            return text
        }
        var scalars = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }[...]
        while scalars.first == " " { scalars.removeFirst() }
        while scalars.last == " " { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }
}

/// Text that fits: what is too long keeps its beginning and ends in `~` and 16 digits of its own hash, so that equal texts stay equal and different ones
/// different, in every import.
enum Shortened {
    static func text(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 17))) + "~"
            + RowIdentity.digest(of: text).prefix(16)
    }
}

/// An address that mail could go to; an owner's number or name is none.
struct EMailAddress {
    let text: String

    init?(_ given: String) {
        let text = given.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.isASCII && $0.value > 0x20 && !"\"(),:;<>[\\]".unicodeScalars.contains($0)
        }
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), parts[1].first != ".", parts[1].last != ".",
            text.utf8.count <= 254, isPlain
        else { return nil }
        self.text = text
    }
}
