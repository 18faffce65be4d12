import AdLogs
import Foundation
import Names

extension [RowCondition] {
    /// Reads what `--impressions-where` or `--clicks-where` were given, each `column=value` or `column=value,value`.
    ///
    /// Blanks around columns and values are cut. Values of one column are put together, whether they are in one option
    /// or in several; what is given twice counts once.
    ///
    /// - Throws: `JobDraftError.condition`.
    init(_ texts: [String], of option: String) throws {
        var values: [String: Set<String>] = [:]
        for text in texts {
            func refused(_ reason: String) -> JobDraftError { .condition(option: option, text: text, reason: reason) }
            guard let (column, rest) = Self.parts(text) else { throw refused("it has no = after a column") }
            if column.isEmpty { throw refused("it names no column") }
            let given = rest.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
            guard !given.contains("") else {
                throw refused(given.count == 1 ? "it has no value" : "one of its values is empty")
            }
            values[column, default: []].formUnion(given)
        }
        self = values.map { RowCondition(column: $0, values: $1.sorted()) }.sorted { $0.column < $1.column }
    }

    /// The column, without the quotes that psql prints around it, and what follows the `=`. A column in quotes may have
    /// one in its name.
    private static func parts(_ text: String) -> (column: String, values: Substring)? {
        for place in text.indices where text[place] == "=" {
            let column = trimmed(text[..<place])
            let isOpen = column.hasPrefix("\"") && SQLName.parts(column) == nil
            if !isOpen { return (SQLName.column(column), text[text.index(after: place)...]) }
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
