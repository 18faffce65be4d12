import Nets

/// Why a model cannot be served, or a row not be scored.
public enum ServingError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// `features.json` and the weights do not belong together.
    case mismatch(String)
    case timeZone(String)
    case unknownColumn(String, known: [String])
    case width(row: Int, found: Int, expected: [String])
    case value(row: Int, column: String, found: String, expected: String)
    case unsupported(DenseType)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): \(reason); fetch the files with: rocket models pull VERSION"
        case .mismatch(let what):
            "the model's features do not fit its weights: \(what); fetch both from one version: rocket models pull VERSION"
        case .timeZone(let name): "the model's time zone ‘\(name)’ is not known here; install the time-zone data"
        case .unknownColumn(let name, let known):
            "no feature of the model reads a column ‘\(name)’; it reads \(known.joined(separator: ", "))"
        case .width(let row, let found, let expected):
            "row \(row) has \(found) values, expected \(expected.count): \(expected.joined(separator: ", "))"
        case .value(let row, let column, let found, let expected):
            "row \(row), column \(column): found \(found), expected \(expected)"
        case .unsupported(let type): "this CPU has no instructions for \(type.rawValue); use f32"
        }
    }
}
