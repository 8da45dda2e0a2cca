import FoundationEssentials
import Values

/// Where the demo finds its real files: in the project, or beside an installed program.
package struct DemoData: Sendable {
    let folder: URL

    /// - Throws: `Configuration.Problem` when they are nowhere.
    package init(_ folders: Folders) throws {
        let home = folders.sql.deletingLastPathComponent()
        let places = ["Sources/App/Features/Demo/Data", "Demo"].map { home.appending(path: $0) }
        guard
            let folder = places.first(where: {
                FileManager.default.fileExists(atPath: $0.appending(path: "focus_1.0_sample_1000.csv").path)
            })
        else {
            throw Configuration.Problem(
                description: "The demo's files are in none of \(places.map(\.path).joined(separator: ", ")).")
        }
        self.folder = folder
    }

    package func path(_ name: String) -> String { folder.appending(path: name).path }

    static let azureFiles = ["EA_ActualCost_Small.csv", "azure_ea_export_anonymous.csv"]
    static let focusFile = "focus_1.0_sample_1000.csv"
}

/// What a provider charges for, taken from real bills: products, meters, units and the prices that were paid.
struct DemoPrices {
    struct Item {
        let product: String
        let meter: String
        let unit: String
        /// Per unit, in the currency of the subscription that uses it.
        let price: Price
    }

    private var items: [String: Item] = [:]

    init(_ data: DemoData) throws {
        for name in DemoData.azureFiles {
            do throws(LineFault) {
                try read(try FileBytes(path: data.path(name)))
            } catch {
                throw InputFault(file: name, error)
            }
        }
    }

    private mutating func read(_ file: FileBytes) throws(LineFault) {
        var reader = CSVReader(file)
        var record = CSVRecord()
        guard try reader.next(into: &record) else { return }
        var places: [String: Int] = [:]
        for index in 0..<record.count { places[String(decoding: record[index], as: UTF8.self)] = index }
        func text(_ column: String) -> String { places[column].map { String(decoding: record[$0], as: UTF8.self) } ?? "" }
        while try reader.next(into: &record) {
            guard let price = try? ExactDecimal(scientific: text("EffectivePrice")), price.isPositive else { continue }
            let meter = text("MeterName")
            let words = [text("MeterSubCategory"), meter].filter { !$0.isEmpty }.joined(separator: " – ")
            if items[meter] == nil {
                items[meter] = Item(product: text("MeterCategory"), meter: words, unit: text("UnitOfMeasure"), price: price)
            }
        }
    }

    /// The item of this meter; the price is the dollar's, or seven times as many of a smaller currency.
    func item(_ meter: String, in currency: Currency) throws -> Item {
        guard let item = items[meter], let price = try? item.price.multiplied(by: ExactDecimal(currency == .cny ? 7 : 1)) else {
            throw Configuration.Problem(description: "The demo's files name no meter \(meter).")
        }
        return Item(product: item.product, meter: item.meter, unit: item.unit, price: price)
    }
}
