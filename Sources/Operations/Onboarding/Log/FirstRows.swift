import AdLogs
import Postgres

/// How many different values the columns of some neighbouring impressions have: the first rows of the table, in which a
/// request's impressions stand together.
struct FirstRows {
    private let source: SourceProposal
    private let connection: Connection
    private let milliseconds: Int
    /// For each column rows with a value, and different values; empty where counting took too long.
    private var counts: [String: (rows: Int, values: Int)] = [:]
    /// Whether counting took too long, so that nothing is known but what the catalog says.
    private(set) var areUnknown = false

    enum Uniqueness { case unique, repeated, unknown }

    private static let most = 20_000
    private static let nearlyAll = 0.99
    /// Columns of which pairs and triples are made.
    private static let mostParts = 8
    private static let mostTripleParts = 5

    /// - Throws: `PostgresError`.
    init(_ source: SourceProposal, on connection: Connection, milliseconds: Int) throws {
        (self.source, self.connection, self.milliseconds) = (source, connection, milliseconds)
        let columns = source.impressions.table.columns.filter { $0.reasonAgainstKey == nil && $0.family != .moment }
        guard !columns.isEmpty else { return }
        let wanted = columns.indices.flatMap {
            ["pg_catalog.count(s.v\($0)) AS n\($0)", "pg_catalog.count(DISTINCT s.v\($0)) AS d\($0)"]
        }
        guard let row = try count(wanted, of: columns) else {
            areUnknown = true
            return
        }
        for (position, column) in columns.enumerated() {
            counts[column.name] = (try row.int("n\(position)"), try row.int("d\(position)"))
        }
    }

    /// Whether a column has a value of its own in nearly every row.
    func uniqueness(of column: SurveyedColumn) -> Uniqueness {
        if column.isUnique { return .unique }
        guard let count = counts[column.name] else { return areUnknown ? .unknown : .repeated }
        return count.rows > 0 && Double(count.values) >= Self.nearlyAll * Double(count.rows) ? .unique : .repeated
    }

    /// Different values of a column; nil where they are not known.
    func values(of column: SurveyedColumn) -> Int? { counts[column.name]?.values }

    /// Returns the pairs of columns, and where there is none the triples, that nearly every row has for itself, the
    /// likeliest first.
    mutating func unique(
        among parts: [SurveyedColumn], _ pair: ([SurveyedColumn]) -> KeySearch.Pair?
    ) throws -> [KeySearch.Pair] {
        let several = parts.filter { uniqueness(of: $0) == .repeated && (values(of: $0) ?? 0) > 1 }
        let columns = Array(several.prefix(Self.mostParts))
        for size in 2...3 {
            let chosen = size == 2 ? columns : Array(columns.prefix(Self.mostTripleParts))
            let sets = Self.subsets(of: chosen.count, size)
            guard !sets.isEmpty else { continue }
            let wanted =
                ["pg_catalog.count(*) AS n"]
                + sets.enumerated().map { number, set in
                    "pg_catalog.count(DISTINCT (\(set.map { "s.v\($0)" }.joined(separator: ", ")))) AS d\(number)"
                }
            guard let row = try count(wanted, of: chosen) else {
                areUnknown = true
                return []
            }
            let rows = Double(try row.int("n"))
            var found: [KeySearch.Pair] = []
            for (number, set) in sets.enumerated() {
                guard Double(try row.int("d\(number)")) >= Self.nearlyAll * rows,
                    let pair = pair(set.map { chosen[$0] })
                else { continue }
                found.append(pair)
            }
            if !found.isEmpty { return KeyPairs.likeliestFirst(found) }
        }
        return []
    }

    /// Nil where it takes too long.
    private func count(_ wanted: [String], of columns: [SurveyedColumn]) throws -> Row? {
        let values = try columns.enumerated().map { position, column in
            let name = try connection.quoteIdentifier(column.name)
            return "pg_catalog.hashtextextended(i.\(name)::text, 0::bigint) AS v\(position)"
        }
        let rows = try connection.within(milliseconds: milliseconds, [.scansFromStart, .oneProcess]) { connection in
            try connection.execute(
                """
                SELECT \(wanted.joined(separator: ", "))
                FROM (SELECT \(values.joined(separator: ", ")) FROM \(try source.impressions.from("i", on: connection))
                      WHERE \(try source.impressions.condition("i", on: connection)) LIMIT \(Self.most)) s
                """)
        }
        return rows?.first
    }

    private static func subsets(of count: Int, _ size: Int) -> [[Int]] {
        if size == 0 { return [[]] }
        return (0..<count).flatMap { first in
            subsets(of: count - first - 1, size - 1).map { [first] + $0.map { $0 + first + 1 } }
        }
    }
}
