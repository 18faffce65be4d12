import Names
import Nets

/// The reason why a model cannot be served, or a row cannot be scored.
public enum ServingError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// `features.json` and the weights do not belong together.
    case mismatch(String)
    /// `features.json` contradicts itself.
    case features(String)
    case timeZone(String)
    case unknownColumn(String, known: [String])
    /// A row has a name that is no column of the model or its log.
    case unknownName(row: Int, name: String, known: [String])
    /// A row has a column that belongs to the other part of a request.
    case misplacedColumn(row: Int, column: String, part: Part)
    /// A row names none of the columns.
    case noColumns(row: Int, known: [String])
    case width(row: Int, found: Int, expected: [String])
    case value(row: Int, column: String, found: String, expected: String)
    /// A line of JSON is not a row of values.
    case line(row: Int, String)
    /// A text of JSON is no request with candidates.
    case request(String)
    /// The net's result is not a finite number, although all of the row's values are.
    case noProbability(row: Int)
    /// The buffer for probabilities is smaller than the number of candidates.
    case room(found: Int, expected: Int)
    /// A request has more candidates than one may have.
    case candidates(found: Int, most: Int)
    case unsupported(DenseType)
    /// The model needs counts of earlier days, and there is no table of them.
    case noHistory([String], path: String)
    /// The table of earlier days' counts is damaged, or another model's.
    case history(String)

    /// The parts of a call: what all candidates share, and the candidates.
    public enum Part: Sendable {
        case request, candidates
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): \(reason); fetch the files with: rocket models pull VERSION"
        case .mismatch(let what):
            "the model's features do not fit its weights: \(what); fetch both from one version: "
                + "rocket models pull VERSION"
        case .features(let what):
            "features.json contradicts itself: \(what); fetch it again: rocket models pull VERSION"
        case .timeZone(let name): "the model's time zone ‘\(name)’ is not known here; install the time-zone data"
        case .unknownColumn(let name, let known):
            "no feature of the model reads a column ‘\(name)’\(Self.advice(name, known))"
        case .unknownName(let row, let name, let known):
            "row \(row): the model knows no column ‘\(name.beginning)’\(Self.advice(name, known))"
        case .misplacedColumn(let row, let column, .request):
            "row \(row): ‘\(column)’ is read from each candidate and was found in the request; give it with the candidates, "
                + "or name it among the request's columns"
        case .misplacedColumn(let row, let column, .candidates):
            "row \(row): ‘\(column)’ is one of the request's columns and was found in a candidate; give it with the request"
        case .noColumns(let row, let known):
            "row \(row) names none of the model's columns: \(known.joined(separator: ", "))"
        case .width(let row, let found, let expected):
            "row \(row) has \(found) values, expected \(expected.count): \(expected.joined(separator: ", "))"
        case .value(let row, let column, let found, let expected):
            "row \(row), column \(column): found \(found), expected \(expected)"
        case .line(let row, let what): "row \(row): the line is no JSON object of values by column: \(what)"
        case .request(let what):
            "the text is no request: \(what); expected {\"request\": {values by column}, \"candidates\": [{…}, …]}"
        case .noProbability(let row):
            "row \(row): the model's result is not a finite number; its weights are damaged, or the row's values lie "
                + "too far from those of training"
        case .room(let found, let expected):
            "there is room for \(found) probabilities, expected room for all \(expected) candidates"
        case .candidates(let found, let most):
            "the request has \(found) candidates, expected at most \(most); send them in several requests"
        case .noHistory(let names, let path):
            "the model reads the history of earlier days (\(names.joined(separator: ", "))), and there is no \(path); fetch "
                + "it with: rocket models pull VERSION --history"
        case .history(let what):
            "\(ServedHistory.fileName) is not the model's table of earlier days: \(what); fetch it with: rocket models "
                + "pull VERSION --history"
        case .unsupported(let type): "this CPU has no instructions for \(type.rawValue); use f32"
        }
    }

    /// What was probably meant, or else what there is.
    private static func advice(_ name: String, _ known: [String]) -> String {
        let guess = name.utf8.count <= 200 ? nearest(to: name, among: known) : nil
        return guess.map { "; did you mean \($0)?" } ?? "; it reads \(known.joined(separator: ", "))"
    }
}
