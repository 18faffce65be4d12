import Files

/// A column of CSV output: its name, and a row's value in it; nil is an empty field.
struct CSVColumn<Row> {
    let name: String
    let value: (Row) -> (any CustomStringConvertible)?

    init(_ name: String, _ value: @escaping (Row) -> (any CustomStringConvertible)?) {
        self.name = name
        self.value = value
    }
}

/// Returns rows as CSV (RFC 4180): a header row, CRLF after each line, quotes where a field needs them. Numbers keep
/// all digits that identify them.
func csvText<Row>(_ rows: [Row], _ columns: [CSVColumn<Row>]) -> String {
    let lines = [columns.map(\.name)] + rows.map { row in columns.map { $0.value(row)?.description ?? "" } }
    return lines.map { $0.map(CSVField.quoted).joined(separator: ",") + "\r\n" }.joined()
}

/// Prints rows as CSV; the last line ends like the others.
func printCSV<Row>(_ rows: [Row], _ columns: [CSVColumn<Row>]) {
    printUnchanged(csvText(rows, columns), terminator: "")
}
