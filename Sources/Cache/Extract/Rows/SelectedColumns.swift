import AdLogs
import Features
import Postgres

/// The columns that a shard's statement selects: each only once per form, however many features read it. The first two
/// are the impression's time and id.
struct SelectedColumns {
    /// SQL of the columns after time and id.
    private(set) var expressions: [String] = []
    /// Form of each column, including time and id.
    private(set) var forms: [WireForm]
    private var positions: [String: Int] = [:]
    private let types: [String: String]
    private let connection: Connection

    init(_ source: LogSource, _ attribution: Attribution, on connection: Connection) throws {
        types = try connection.columnTypes(of: source.impressions.table).mapValues(\.withoutModifier)
        self.connection = connection
        forms = [.integer, attribution.impressionIDForm]
    }

    /// Selects a column as text and returns its position.
    mutating func text(_ column: String) throws -> Int {
        let form = types[column].flatMap { WireForm(type: $0) }
        // The server writes floating-point numbers as text in its own way.
        guard let form, form != .float else { return try add(column, cast: "text", .text) }
        return try add(column, cast: nil, form)
    }

    /// Selects a column as a number and returns its position.
    mutating func number(_ column: String) throws -> Int {
        // A numeric beyond the range of float8 would end the server's own conversion, and the whole statement; read
        // here, it is a problem of one row.
        guard let form = types[column].flatMap({ WireForm(type: $0) }), form != .uuid else {
            return try add(column, cast: "text", .text)
        }
        return try add(column, cast: nil, form)
    }

    /// Selects an array column and returns its position and the form of its elements.
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
