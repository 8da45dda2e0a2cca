import FoundationEssentials
import HTML
import HTTP
import Values

/// What an address asks of a list and cannot get.
struct ListFault: Sendable {
    enum Kind: Sendable {
        /// Not a civil day.
        case day
        /// The last day is before the first.
        case backwards
        /// None of these words.
        case word([String])
        /// Not what its schema says: an ID of another kind, a text that is too long.
        case value
    }

    let name: String
    let typed: String
    let kind: Kind
    /// What the page calls the filter, where it offers it.
    var label: String?

    /// What a page says beside the filter, or of its name in the address where it offers none.
    func problem(_ t: Localiser) -> FieldProblem {
        let field = label == nil ? FilterBar.whole : name
        let words = ["value": String(typed.prefix(100)), "name": label.map { t($0) } ?? name]
        return switch kind {
        case .day: FieldProblem(name, t("list.not_a_day", words))
        case .backwards: FieldProblem(name, t("list.backwards"))
        case .word where label != nil: FieldProblem(field, t("list.not_a_choice", words))
        case .word, .value: FieldProblem(field, t("list.not_a_value", words))
        }
    }

    /// A file has no place to say it, and one of everything is not what was asked for.
    var failure: Failure {
        switch kind {
        case .day: .malformed(code: "invalid_date", pointer: "?\(name)")
        case .backwards: .malformed(code: "range_backwards", pointer: "?\(name)")
        case .word(let words):
            .malformed(code: "not_one_of", pointer: "?\(name)", arguments: ["allowed": words.joined(separator: ", ")])
        case .value: .malformed(code: "invalid_filter", pointer: "?\(name)", arguments: ["name": name])
        }
    }
}

extension ListView {
    /// What the address says of the reader's own filters that none of them takes.
    var faults: [ListFault] {
        let typed = description.filters.compactMap { filter -> (filter: ListFilter, text: String)? in
            guard !frame.scope.contains(where: { $0.name == filter.name }), let text = visit[filter.name]?.trimmingBlankSpace(),
                !text.isEmpty
            else { return nil }
            return (filter, text)
        }
        let wrong = typed.compactMap { filter, text -> ListFault? in
            if value(text, filter) != nil { return nil }
            if case .day = filter.control { return ListFault(name: filter.name, typed: text, kind: .day) }
            let label = isOffered(filter) ? filter.label : nil
            if case .word(let words) = filter.schema {
                return ListFault(name: filter.name, typed: text, kind: .word(words), label: label)
            }
            return ListFault(name: filter.name, typed: text, kind: .value, label: label)
        }
        return wrong.isEmpty ? backwards.map { [$0] } ?? [] : wrong
    }

    private func isOffered(_ filter: ListFilter) -> Bool {
        switch filter.control {
        case .none: false
        case .choices: frame.choices[filter.name]?.isEmpty == false
        default: true
        }
    }

    /// Both ends of a range of days, each a day, in the wrong order.
    private var backwards: ListFault? {
        var ends: [ListFilter.DayBound: (name: String, at: Instant)] = [:]
        for (filter, value) in chosen {
            if case .day(let bound) = filter.control, let at = Instant(rfc3339: value) { ends[bound] = (filter.name, at) }
        }
        guard let first = ends[.first], let last = ends[.last], first.at >= last.at else { return nil }
        return ListFault(name: last.name, typed: visit[last.name] ?? "", kind: .backwards)
    }

    /// - Throws: what a file cannot be made of (400).
    func requireReadable() throws {
        if let fault = faults.first { throw fault.failure }
        let columns = askedColumns
        if !columns.isEmpty, let failure = description.strangeColumns(columns) { throw failure }
        if let format = visit.filled("format"), ListFileFormat(rawValue: format) == nil {
            let all = ListFileFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.malformed(code: "not_one_of", pointer: "?format", arguments: ["allowed": all])
        }
    }
}
