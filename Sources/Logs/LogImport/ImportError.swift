import Days

/// The reason why a file cannot be imported at all. A row that does not parse is no error: it goes to the quarantine.
public enum ImportError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    /// Standard input, a pipe or a device.
    case stream(String)
    case empty(file: String)
    /// A quote opens a field in the record that begins on this line, and nothing closes it.
    case openQuote(file: String, line: Int, rows: Int)
    case noColumn(file: String, column: String, has: [String])
    case header(file: String, reason: String)
    case option(String)
    /// More days than the server can lock partitions of in one transaction.
    case manyDays(file: String, days: Int, most: Int)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .stream(let path):
            """
            \(path == "-" ? "standard input" : path) is no file, and a file is needed: it is read several times, and \
            its checksum tells what was imported before. Write it to one first: … > rows.csv && rocket import FORMAT \
            rows.csv
            """
        case .openQuote(let file, let line, let rows):
            """
            \(file), line \(line): a quote opens a field here and nothing closes it, so this line and the \(rows) \
            after it would be one row; nothing was imported. Close it, or double the quotes that are \
            part of a text (RFC 4180)
            """
        case .empty(let file): "\(file) is empty; expected a header line and rows"
        case .noColumn(let file, let column, let has):
            "\(file) has no column ‘\(column)’; its header has "
                + has.prefix(40).map { String($0.prefix(63)) }.joined(separator: ", ")
        case .header(let file, let reason): "\(file), header: \(reason)"
        case .option(let what): what
        case .manyDays(let file, let days, let most):
            """
            \(file) has rows of \(days) days or more, and one file may have \(most): each day becomes a partition, and \
            the server's max_locks_per_transaction allows no more at once. Nothing was imported. Check --time, \
            or split the file by time
            """
        }
    }
}
