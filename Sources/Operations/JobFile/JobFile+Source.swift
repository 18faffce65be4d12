import AdLogs
import Names
import Yams

extension JobFile {
    mutating func readSource(_ section: Section) {
        var idLine = section.line
        section.requireSection("impressions") {
            $0.require("table", .relation, into: &source.impressions.table)
            Self.readKey("id", $0, into: &source.impressions.id)
            $0.require("time", .column, into: &source.impressions.time)
            Self.readConditions($0, into: &source.impressions.conditions)
        }
        section.requireSection("clicks") {
            idLine = $0.line(of: "impression_id")
            $0.require("table", .relation, into: &source.clicks.table)
            Self.readKey("impression_id", $0, into: &source.clicks.impressionID)
            $0.require("time", .column, into: &source.clicks.time)
            Self.readConditions($0, into: &source.clicks.conditions)
        }
        let (id, reference) = (source.impressions.id, source.clicks.impressionID)
        if !id.columns.isEmpty, !reference.columns.isEmpty, id.columns.count != reference.columns.count {
            section.problems.add(
                line: idLine,
                "source.clicks.impression_id is \(reference), but source.impressions.id is \(id); expected as many columns in "
                    + "both, in the same order")
        }
        section.require("attribution_window", .duration, into: &source.attributionWindow)
        section.read("time_zone", .timeZone, into: &source.timeZone)
        section.read("repeated_share", .share, into: &extraction.repeatedShare)
    }

    /// A column, or a list of columns that name an impression together.
    private static func readKey(_ key: String, _ section: Section, into destination: inout LogKey) {
        guard section.isList(key) else {
            var column = ""
            section.require(key, .column, into: &column)
            if !column.isEmpty { destination = LogKey(columns: [column]) }
            return
        }
        var columns: [String] = []
        section.read(key, listOf: .column, .refused, into: &columns)
        if columns.count > LogKey.mostColumns {
            section.problems.add(
                line: section.line(of: key),
                "\(section.qualified(key)) has \(columns.count) columns; expected at most \(LogKey.mostColumns)")
        }
        if !columns.isEmpty { destination = LogKey(columns: columns) }
    }

    /// `where: {event: click}`, or a list of `{column: event, value: click}`.
    private static func readConditions(_ section: Section, into destination: inout [RowCondition]) {
        var conditions: [RowCondition] = []
        if section.isList("where") {
            let expected = "a list, each item {column: …, value: …}"
            for (position, node) in section.items("where", expected: expected).enumerated() {
                let line = node.mark?.line ?? section.line(of: "where")
                let name = "\(section.qualified("where"))[\(position + 1)]"
                guard let mapping = node.mapping else {
                    section.problems.add(line: line, "\(name) \(node.finding); expected {column: …, value: …}")
                    continue
                }
                let item = Section(mapping, path: name, line: line, problems: section.problems)
                var condition = RowCondition(column: "", values: [])
                item.require("column", .column, into: &condition.column)
                readValues("value", item, into: &condition.values)
                item.close()
                conditions.append(condition)
            }
        } else {
            section.section("where") { columns in
                for column in columns.keys {
                    var condition = RowCondition(column: SQLName.column(column), values: [])
                    if Form<String>.isIdentifier(condition.column) {
                        readValues(column, columns, into: &condition.values)
                    } else {
                        columns.problems.add(
                            line: columns.line(of: column),
                            "\(columns.path): ‘\(column)’ is no column; expected \(Form<String>.column.expected)")
                    }
                    conditions.append(condition)
                }
                if columns.keys.isEmpty {
                    columns.problems.add(
                        line: columns.line, "\(columns.path) is empty; expected columns with their values, or no where")
                }
            }
        }
        for (index, condition) in conditions.enumerated() {
            guard conditions[..<index].contains(where: { $0.column == condition.column }), !condition.column.isEmpty
            else { continue }
            section.problems.add(
                line: section.line(of: "where"),
                "\(section.qualified("where")) names the column ‘\(condition.column)’ twice; a list of values means one of them"
            )
        }
        // The order in which they are written does not matter, to the rows or to the fingerprint.
        destination = conditions.sorted { $0.column < $1.column }
    }

    private static func readValues(_ key: String, _ section: Section, into values: inout [String]) {
        if section.isList(key) {
            section.read(key, listOf: .condition, .refused, into: &values)
            values.sort()
        } else {
            var value: String?
            section.require(key, .condition, into: &value)
            values = value.map { [$0] } ?? []
        }
    }
}

extension Form where Value == String {
    /// A value that a column must have, as PostgreSQL writes it: text, a number, true or false.
    static var condition: Form {
        Form(expected: "a value as PostgreSQL writes it, not empty, of at most 1000 bytes") { scalar in
            guard !scalar.isNull, !scalar.string.allSatisfy(\.isWhitespace), scalar.string.utf8.count <= 1_000,
                !scalar.string.unicodeScalars.contains("\0")
            else {
                return nil
            }
            return scalar.string
        }
    }
}
