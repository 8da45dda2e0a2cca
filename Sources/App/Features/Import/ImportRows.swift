import Values

/// The rows of one reading of the file, one after the other.
struct ImportRows {
    private var reader: CSVReader
    private(set) var record = CSVRecord()
    let layout: ImportLayout

    init(_ file: FileBytes, format: ImportFormat) throws(LineFault) {
        reader = CSVReader(file)
        guard try reader.next(into: &record), !record.isBlank else { throw LineFault(1, "the file is empty") }
        layout = try ImportLayout(header: record, format: format)
    }

    /// Nil behind the last row. Blank lines may stand at the end of the file and nowhere else.
    mutating func next() throws(LineFault) -> ImportRow? {
        var blank: Int?
        while try reader.next(into: &record) {
            if record.isBlank {
                blank = blank ?? record.line
                continue
            }
            if let blank { throw LineFault(blank, "the line is empty, but rows follow") }
            guard record.count == layout.fieldCount else {
                let fields = "the row has \(record.count) of \(layout.fieldCount) fields"
                throw LineFault(record.line, record.endsFile ? "\(fields): the file is cut off" : fields)
            }
            return try layout.row(record)
        }
        return nil
    }
}

/// What a whole file says, found before anything is stored.
struct ImportSurvey {
    struct Account {
        let number: String
        let currency: Currency
        let firstLine: Int
        var name: String?
        var owner: String?
        /// The first day of the earliest billing period, or of the earliest charge where the file names no periods.
        var firstDay: CivilDate
        /// In the order in which the file brings them.
        var subscriptions: [(number: String, name: String?)] = []
        fileprivate var known: Set<String> = []
    }

    private(set) var rows = 0
    private(set) var accounts: [Account] = []
    private(set) var totals: [Currency: ExactDecimal] = [:]
    private var indices: [String: Int] = [:]
    /// Sums without signs: as long as these can be kept exactly, every bill line that the rows fall on can.
    private var costs = ExactDecimal.zero
    private var quantities = ExactDecimal.zero

    /// Reads the file from beginning to end. Throws the first fault.
    init(_ file: FileBytes, format: ImportFormat) throws(LineFault) {
        var rows = try ImportRows(file, format: format)
        while let row = try rows.next() { try add(row) }
        guard self.rows > 0 else { throw LineFault(1, "there is a header, but no row") }
    }

    private mutating func add(_ row: ImportRow) throws(LineFault) {
        rows += 1
        do throws(DecimalError) {
            totals[row.currency] = try (totals[row.currency] ?? .zero).adding(row.cost)
            costs = try costs.adding(row.cost.magnitude)
            quantities = try quantities.adding(row.quantity.magnitude)
        } catch {
            throw LineFault(row.line, "the sum up to here has more digits than can be kept exactly")
        }
        let index = indices[row.account] ?? newAccount(row)
        let currency = accounts[index].currency
        guard currency == row.currency else {
            throw LineFault(
                row.line,
                "the currency is \(row.currency.code), but billing account \(LineFault.quoted(row.account)) has \(currency.code) since line \(accounts[index].firstLine)"
            )
        }
        accounts[index].firstDay = min(accounts[index].firstDay, row.billingPeriodStart ?? row.time.date)
        if accounts[index].name == nil { accounts[index].name = row.accountName }
        if accounts[index].owner == nil { accounts[index].owner = row.owner }
        if accounts[index].known.insert(row.subscription).inserted {
            accounts[index].subscriptions.append((row.subscription, row.subscriptionName))
        }
    }

    private mutating func newAccount(_ row: ImportRow) -> Int {
        accounts.append(
            Account(
                number: row.account, currency: row.currency, firstLine: row.line,
                firstDay: row.billingPeriodStart ?? row.time.date))
        indices[row.account] = accounts.count - 1
        return accounts.count - 1
    }
}
