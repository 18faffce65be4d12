import AdLogs
import Features
import Postgres

/// A check of a job file's source and features against the live tables, before any work is done with them.
public struct SourceCheck: Sendable {
    private let specification: ExtractionSpecification

    public init(_ specification: ExtractionSpecification) {
        self.specification = specification
    }

    /// Returns everything that does not fit: missing relations and columns, columns of a type that their use does not
    /// allow, an unknown time zone. Empty if everything fits.
    ///
    /// - Throws: `AdLogError.noRight` if the role may not read a table; `PostgresError` if row-level security might
    ///   hide rows of it; `AdLogError.unreadable` if one of the first rows in a database that keeps any bytes is not
    ///   UTF-8.
    public func problems(on connection: Connection) throws -> [AdLogError] {
        var problems: [AdLogError] = []
        let source = specification.source
        do {
            try connection.execute("SELECT now() AT TIME ZONE $1", [.text(source.timeZone)])
        } catch {
            guard error.sqlState == "22023" else { throw error }
            problems.append(.timeZone(source.timeZone))
        }
        for table in [source.impressions.table, source.clicks.table] {
            try ReadingRight.require(table, on: connection)
        }
        problems += try misfits(in: source.clicks.table, [(source.clicks.time, Self.instants)], on: connection)
        var wanted: [(String, Set<String>?)] = [(source.impressions.time, Self.instants)]
        wanted += [specification.group].compactMap { $0.map { ($0, nil) } }
        wanted += [specification.trueProbability].compactMap { $0.map { ($0, Self.numbers) } }
        problems += try misfits(in: source.impressions.table, wanted, on: connection)
        problems += try source.misfits(on: connection)
        problems += try featureMisfits(on: connection)
        problems = Self.zoned(problems)
        guard problems.isEmpty else { return problems }
        for table in [source.impressions.table, source.clicks.table] {
            // Requires the privilege to read all rows, and reads none.
            try connection.execute("SELECT FROM \(connection.quoteRelation(table)) LIMIT 0")
        }
        if let first = try unreadable(most: Self.sampledRows, on: connection).first { throw first }
        return []
    }

    /// Returns whether the only problem is that the impressions lack columns while they have no rows: filling the table
    /// makes those columns, so the log is empty, and no more is to be said.
    public func isOfEmptyLog(_ problems: [AdLogError], on connection: Connection) throws -> Bool {
        let table = specification.source.impressions.table
        let lacksColumns = problems.allSatisfy {
            if case .noColumn(table, _, _) = $0 { true } else { false }
        }
        guard !problems.isEmpty, lacksColumns else { return false }
        return try connection.execute("SELECT FROM \(connection.quoteRelation(table)) LIMIT 1").isEmpty
    }

    /// Returns features whose columns are missing, or of a type that their kind cannot read.
    private func featureMisfits(on connection: Connection) throws -> [AdLogError] {
        let table = specification.source.impressions.table
        let present = try connection.columnTypes(of: table)
        // A missing relation has already been reported.
        if present.isEmpty { return [] }
        return specification.features.features.compactMap { feature in
            guard feature.kind.readsColumn else { return nil }
            guard let type = present[feature.column] else {
                return .noColumn(relation: table, column: feature.column, has: Array(present.keys))
            }
            if Self.fits(feature.kind, type: type) { return nil }
            let plain = type.withoutModifier
            let isList = type.hasSuffix("[]")
            switch feature.kind {
            case .multiValued where isList, .categorical:
                let name = feature.kind == .multiValued ? String(plain.dropLast(2)) : plain
                return .featureType(
                    table: table, column: feature.column, found: plain, reason: ColumnType.refusal(of: name))
            default:
                let expected =
                    feature.kind == .multiValued
                    ? "an array, such as text[]" : Self.numbersAndText.sorted().joined(separator: " or ")
                return .columnType(table: table, column: feature.column, found: plain, expected: expected)
            }
        }
    }

    /// Finds the first text in each log table that is not UTF-8.
    ///
    /// - Parameters:
    ///   - range: The range of the impressions, and of clicks on them; nil for all.
    ///   - most: The number of rows per table to examine; nil for all.
    public func unreadable(
        in range: Range<Instant>? = nil, most: Int? = nil, on connection: Connection
    ) throws -> [AdLogError] {
        let source = specification.source
        let read = specification.features.features.filter(\.kind.readsColumn)
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

    /// Looks how many of some impressions are clicked: where all are, impressions and clicks could be the same events,
    /// which no name gives away; where none is, the clicks may be joined by a wrong column.
    ///
    /// - Throws: `AdLogError`, `PostgresError`.
    public func clickedSample(
        milliseconds: Int = Self.sampleMilliseconds, on connection: Connection
    ) throws -> ClickedSample {
        try specification.source.clickedSample(milliseconds: milliseconds, on: connection)
    }

    private static let sampledRows = 10_000
    public static let sampleMilliseconds = 20_000

    /// Returns whether a feature of a kind can be read from a column.
    ///
    /// - Parameter type: The type as `Connection.columnTypes` names it.
    public static func fits(_ kind: Feature.Kind, type: String) -> Bool {
        switch kind {
        case .numeric, .bucketed: numbersAndText.contains(type.withoutModifier)
        case .multiValued: ColumnType(postgres: type)?.isArray == true
        case .categorical: ColumnType(postgres: type)?.isArray == false
        case .cross, .hourOfDay, .dayOfWeek, .history: false
        }
    }

    private func misfits(
        in relation: String, _ wanted: [(column: String, types: Set<String>?)], on connection: Connection
    ) throws -> [AdLogError] {
        let present = try connection.columns(of: relation)
        if present.isEmpty { return [try .missing(relation, on: connection)] }
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

    /// Puts the times of a table that say no zone into one problem, because one view gives all of them their zone.
    private static func zoned(_ problems: [AdLogError]) -> [AdLogError] {
        var views: [ZonedView] = []
        var others: [AdLogError] = []
        for problem in problems {
            guard case .columnType(let table, let column, let found, "timestamp with time zone") = problem,
                ["timestamp without time zone", "date"].contains(found)
            else {
                others.append(problem)
                continue
            }
            let times = [ZonedView.Column(name: column, isDate: found == "date")]
            if let known = views.firstIndex(where: { $0.table == table }) {
                views[known].add(times)
            } else {
                views.append(ZonedView(table: table, columns: times))
            }
        }
        return views.map { .zoneless($0) } + others
    }

    private static let instants: Set = ["timestamp with time zone"]
    private static let numbers: Set = [
        "smallint", "integer", "bigint", "real", "double precision", "numeric",
    ]
    /// Text is parsed as a number row by row; rows that fail go to rocket.rejected_rows.
    private static let numbersAndText = numbers.union(["text", "character varying", "boolean"])
}
