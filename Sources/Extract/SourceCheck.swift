import AdLogs
import Features
import Postgres

/// Holds a job file's source and features against the live tables, before any work is done with them.
public struct SourceCheck: Sendable {
    private let specification: ExtractionSpecification

    public init(_ specification: ExtractionSpecification) {
        self.specification = specification
    }

    /// All that does not fit, empty when everything does: missing relations and columns, columns of a type that their
    /// use does not allow, an unknown time zone.
    ///
    /// - Throws: `PostgresError` where the role may not read a table, or row-level security might hide rows of it;
    ///   `AdLogError.unreadable` where one of the first rows of a database that keeps any bytes is not UTF-8.
    public func problems(on connection: Connection) throws -> [AdLogError] {
        var problems: [AdLogError] = []
        let source = specification.source
        do {
            try connection.execute("SELECT now() AT TIME ZONE $1", [.text(source.timeZone)])
        } catch {
            guard error.sqlState == "22023" else { throw error }
            problems.append(.timeZone(source.timeZone))
        }
        problems += try misfits(in: source.clicks.table, [(source.clicks.time, Self.instants)], on: connection)
        var wanted: [(String, Set<String>?)] = [(source.impressions.time, Self.instants)]
        wanted += [specification.group].compactMap { $0.map { ($0, nil) } }
        wanted += [specification.trueProbability].compactMap { $0.map { ($0, Self.numbers) } }
        for feature in specification.features.features {
            if feature.kind.readsColumn { wanted.append((feature.column, Self.types(of: feature.kind))) }
        }
        problems += try misfits(in: source.impressions.table, wanted, on: connection)
        problems += try source.misfits(on: connection)
        guard problems.isEmpty else { return problems }
        for table in [source.impressions.table, source.clicks.table] {
            // Asks for the right to read all rows, and reads none.
            try connection.execute("SELECT FROM \(connection.quoteRelation(table)) LIMIT 0")
        }
        if let first = try unreadable(most: Self.sampledRows, on: connection).first { throw first }
        return []
    }

    /// The first text of each log table that is not UTF-8.
    ///
    /// - Parameters:
    ///   - range: of the impressions, and of clicks on them; nil: all.
    ///   - most: rows of a table that are looked at; nil: all.
    public func unreadable(
        in range: Range<Instant>? = nil, most: Int? = nil, on connection: Connection
    ) throws -> [AdLogError] {
        let source = specification.source
        let read = specification.features.features.filter { ![.cross, .hourOfDay, .dayOfWeek].contains($0.kind) }
        let tables = try [
            UnreadableText(
                in: source.impressions.table, keys: source.impressions.id.columns,
                columns: read.map(\.column) + [specification.group].compactMap { $0 }
            ).first(at: range.map { (source.impressions.time, $0) }, most: most, on: connection),
            UnreadableText(in: source.clicks.table, keys: source.clicks.impressionID.columns, columns: []).first(
                at: range.map {
                    let end = $0.upperBound.advanced(bySeconds: source.attributionWindow.seconds)
                    return (source.clicks.time, $0.lowerBound..<end)
                }, most: most, on: connection),
        ]
        return tables.compactMap { $0 }
    }

    private static let sampledRows = 10_000

    /// Whether a feature of a kind can be read from a column of a type, as `format_type` writes it.
    public static func fits(_ kind: Feature.Kind, type: String) -> Bool {
        kind.readsColumn && types(of: kind)?.contains(type) != false
    }

    /// Nil: of any type.
    private static func types(of kind: Feature.Kind) -> Set<String>? {
        switch kind {
        case .numeric, .bucketed: numbersAndText
        case .multiValued: arrays
        case .categorical, .cross, .hourOfDay, .dayOfWeek: nil
        }
    }

    private func misfits(
        in relation: String, _ wanted: [(column: String, types: Set<String>?)], on connection: Connection
    ) throws -> [AdLogError] {
        let present = try connection.columns(of: relation)
        if present.isEmpty { return [.noRelation(relation)] }
        return wanted.compactMap { column, types in
            guard let type = present[column] else {
                return .noColumn(relation: relation, column: column, has: Array(present.keys))
            }
            if let types, !types.contains(type) {
                return .columnType(
                    table: relation, column: column, found: type, expected: types.sorted().joined(separator: " or "))
            }
            return nil
        }
    }

    private static let instants: Set = ["timestamp with time zone"]
    private static let numbers: Set = [
        "smallint", "integer", "bigint", "real", "double precision", "numeric",
    ]
    /// A text is read as a number row by row; what is none goes to rocket.rejected_rows.
    private static let numbersAndText = numbers.union(["text", "character varying", "boolean"])
    private static let arrays: Set = [
        "text[]", "character varying[]", "integer[]", "bigint[]", "smallint[]", "uuid[]", "boolean[]",
    ]
}
