import Days

/// Why a file cannot be imported at all. A row that does not parse is no error: it goes to the quarantine.
public enum ImportError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case empty(file: String)
    case noColumn(file: String, column: String, has: [String])
    case header(file: String, reason: String)
    case option(String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .empty(let file): "\(file) is empty; expected a header line and rows"
        case .noColumn(let file, let column, let has):
            "\(file) has no column ‘\(column)’; its header has \(has.prefix(40).joined(separator: ", "))"
        case .header(let file, let reason): "\(file), header: \(reason)"
        case .option(let what): what
        }
    }
}
