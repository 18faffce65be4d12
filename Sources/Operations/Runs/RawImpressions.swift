import AdLogs
import Features
import Postgres
import RocketServing

/// Impressions of a log as a server would get them: raw values of the columns that a model reads. Each value has the
/// text, or is the number, that the extraction makes an id or a number of.
package struct RawImpressions {
    /// Those of a `FeatureEncoder` without a request.
    package let columns: [String]
    private let forms: [Form]
    private let expressions: [String]
    private let attribution: Attribution

    private enum Form {
        case text
        case number
        case integer
        case flag
        case list
        case time
    }

    /// Looks the columns' types up.
    ///
    /// - Throws: `AdLogError.noColumn`, `ServingError`, `PostgresError`.
    package init(_ source: LogSource, _ served: ServedFeatures, on connection: Connection) throws {
        columns = try FeatureEncoder(served).candidateColumns
        attribution = try Attribution(source, on: connection)
        let types = try connection.columnTypes(of: source.impressions.table).mapValues(\.withoutModifier)
        var (forms, expressions) = ([Form](), [String]())
        for column in columns {
            guard let type = types[column] else {
                throw AdLogError.noColumn(
                    relation: source.impressions.table, column: column, has: Array(types.keys))
            }
            let kinds = Set(served.features.filter { served.column(of: $0) == column }.map(\.kind))
            let name = "i.\(try connection.quoteIdentifier(column))"
            let onlyNumber = kinds.isSubset(of: [.numeric, .bucketed])
            switch WireForm(type: type) {
            // With ids of its own a time is read as text, which has both.
            case _ where kinds.isSubset(of: [.hourOfDay, .dayOfWeek]):
                forms.append(.time)
                expressions.append(name)
            case _ where kinds.contains(.multiValued):
                forms.append(.list)
                expressions.append("\(name)::text[]")
            case .integer:
                forms.append(.integer)
                expressions.append(name)
            case .boolean:
                forms.append(.flag)
                expressions.append(name)
            case .float where onlyNumber:
                forms.append(.number)
                expressions.append(name)
            default:
                forms.append(.text)
                expressions.append("\(name)::text")
            }
        }
        (self.forms, self.expressions) = (forms, expressions)
    }

    /// Calls the body with each impression of a range that has an id, in the order of time.
    ///
    /// - Parameters:
    ///   - limit: the most there may be; nil: all.
    ///   - breaksTies: whether impressions of one time come in the order of their ids.
    /// - Returns: how many have no id.
    @discardableResult
    package func forEach(
        in range: Range<Instant>, limit: Int? = nil, breaksTies: Bool = false, on connection: Connection,
        _ body: (_ id: String, _ at: Instant, _ values: [RawValue]) throws -> Void
    ) throws -> Int {
        let select = attribution.impressions(in: range, selecting: expressions, breaksTies: breaksTies)
        let sql = "COPY (\(select)\(limit.map { " LIMIT \($0)" } ?? "")) TO STDOUT (FORMAT binary)"
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        var withoutID = 0
        try connection.copyOut(sql) { row in
            guard let time = try row.int64() else {
                throw PostgresError.malformedCopy("an impression without time")
            }
            let id = try row.bytes { raw in
                attribution.impressionIDForm.text(of: raw, scratch: scratch).map { String(decoding: $0, as: UTF8.self) }
            }
            let values = try forms.map { try value(of: $0, in: &row) }
            guard let id, let id, !id.isEmpty else {
                withoutID += 1
                return
            }
            try body(id, Instant(postgresMicroseconds: time), values)
        }
        return withoutID
    }

    private func value(of form: Form, in row: inout BinaryRow) throws -> RawValue {
        switch form {
        case .text: return try row.text().map { .text($0) } ?? .missing
        case .number: return try row.double().map { .number($0) } ?? .missing
        case .integer: return try row.int64().map { .integer($0) } ?? .missing
        case .flag: return try row.bool().map { .flag($0) } ?? .missing
        case .time:
            return try row.int64().map {
                .number(Double(Instant(postgresMicroseconds: $0).microseconds) / 1e6)
            } ?? .missing
        case .list:
            var elements: [RawValue] = []
            let found: Void? = try row.bytes { bytes -> Void in
                do throws(WireArray.Problem) {
                    try WireArray.forEach(bytes) { element in
                        elements.append(element.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .missing)
                    }
                } catch {
                    // No list that the encoder takes: it names the column and the row.
                    elements = [.list([])]
                }
            }
            return found == nil ? .missing : .list(elements)
        }
    }
}
