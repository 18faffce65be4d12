import AdLogs
import Features
import Postgres

/// The columns that a shard's statement asks for: each only once in each form, whatever number of features reads it.
/// The first two are the impression's time and id.
struct SelectedColumns {
    /// SQL of the columns after time and id.
    private(set) var expressions: [String] = []
    /// Form of each column, time and id included.
    private(set) var forms: [WireForm]
    private var positions: [String: Int] = [:]
    private let types: [String: String]
    private let connection: Connection

    init(_ source: LogSource, _ attribution: Attribution, on connection: Connection) throws {
        types = try connection.columnTypes(of: source.impressions.table).mapValues(\.withoutModifier)
        self.connection = connection
        forms = [.integer, attribution.impressionIDForm]
    }

    /// Position of a column that is read as text.
    mutating func text(_ column: String) throws -> Int {
        let form = types[column].flatMap { WireForm(type: $0) }
        // The server writes floating-point numbers as text in its own way.
        guard let form, form != .float else { return try add(column, cast: "text", .text) }
        return try add(column, cast: nil, form)
    }

    /// Position of a column that is read as a number.
    mutating func number(_ column: String) throws -> Int {
        // A numeric beyond the range of float8 ends the server's own conversion, and the statement with it; read here it is
        // a row's problem.
        guard let form = types[column].flatMap({ WireForm(type: $0) }), form != .uuid else {
            return try add(column, cast: "text", .text)
        }
        return try add(column, cast: nil, form)
    }

    /// Position of an array column, and the form of its elements.
    mutating func array(_ column: String) throws -> (position: Int, elements: WireForm) {
        let element = types[column].flatMap { $0.hasSuffix("[]") ? WireForm(type: String($0.dropLast(2))) : nil }
        guard let element, element != .float else { return (try add(column, cast: "text[]", .text), .text) }
        return (try add(column, cast: nil, element), element)
    }

    private mutating func add(_ column: String, cast: String?, _ form: WireForm) throws -> Int {
        let name = try connection.quoteIdentifier(column)
        let expression = cast.map { "i.\(name)::\($0)" } ?? "i.\(name)"
        if let position = positions[expression] { return position }
        expressions.append(expression)
        forms.append(form)
        positions[expression] = forms.count - 1
        return forms.count - 1
    }
}
