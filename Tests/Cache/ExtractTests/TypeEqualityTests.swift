import AdLogs
import Days
import Extract
import FeatureCache
import Features
import Postgres
import RocketServing
import Runs
import TestSupport
import Testing

/// Each of PostgreSQL's types that may be a feature: a value has the same id or number in the cache, in `predict
/// --day`, from JSON lines and from the library, or serving refuses it. The page ValueTypes has this table.
@Suite struct TypeEqualityTests {
    @Test("A value of each type has one id, whoever sends it", arguments: [false, true])
    func ids(_ isArray: Bool) throws {
        try Self.run(ColumnCase.hashed, kind: isArray ? .multiValued : .categorical)
    }

    @Test("A value of each numeric type is one number, whoever sends it", arguments: [Feature.Kind.numeric, .bucketed])
    func numbers(_ kind: Feature.Kind) throws {
        try Self.run(ColumnCase.numbers, kind: kind)
    }

    @Test("The hour, and the ids of the time column itself, are the same, whoever sends the time")
    func times() throws {
        try Self.withTypes { logs in
            try logs.connection.script(
                """
                CREATE TABLE typed (id text, at timestamptz);
                INSERT INTO typed VALUES ('1', '2026-01-05 00:15:00.25+00'), ('2', '2026-01-05 17:45+00')
                """)
            let features = [
                Feature(name: "hour", column: "hour", kind: .hourOfDay),
                Feature(name: "weekday", column: "weekday", kind: .dayOfWeek),
                Feature(name: "moment", column: "at", kind: .categorical),
            ]
            let found = try Self.compared(features, logs, zone: "Asia/Kolkata") { row in
                [row == 0 ? "2026-01-05T00:15:00.25Z" : .integer(1_767_635_100)]
            }
            #expect(found.allSatisfy { $0.problems.isEmpty } && found[0].ids[0] != found[0].ids[1])
        }
    }

    @Test(
        "A type whose values have no text of their own is refused by the check of the job file",
        arguments: ColumnCase.refused)
    func refused(_ type: String) throws {
        try Self.withTypes { logs in
            try logs.connection.script("CREATE TABLE typed (id text, at timestamptz, value \(type))")
            for kind in [Feature.Kind.categorical, .multiValued, .numeric]
            where !(type == "text[]" && kind == .multiValued) {
                let problems = try SourceCheck(
                    Self.specification([Feature(name: "value", column: "value", kind: kind)], logs, "UTC")
                ).problems(on: logs.connection)
                #expect(problems.count == 1 && "\(problems)".contains(type), "\(type) as \(kind): \(problems)")
            }
        }
    }

    /// One column a case; each case in a feature of its own, so that each value's problem is seen.
    private static func run(_ cases: [ColumnCase], kind: Feature.Kind) throws {
        try withTypes { logs in
            let isArray = kind == .multiValued
            let columns = cases.indices.map { "c\($0)" }
            let rows = (cases.map(\.values.count).max() ?? 0) + 1
            func sql(_ row: Int) -> String {
                cases.map { column in
                    guard row < column.values.count else { return "NULL" }
                    let value = "(\(column.values[row].sql))::\(column.type)"
                    return isArray ? "ARRAY[\(value), NULL, \(column.values[0].sql)]::\(column.type)[]" : value
                }.joined(separator: ", ")
            }
            try logs.connection.script(
                """
                CREATE TABLE typed (id text, at timestamptz, \
                \(zip(columns, cases).map { "\($0) \($1.type)\(isArray ? "[]" : "")" }.joined(separator: ", ")));
                """)
            for row in 0..<rows {
                try logs.connection.script(
                    "INSERT INTO typed VALUES ('\(row)', '2026-01-05 10:\(10 + row)+00', \(sql(row)))")
            }
            for (name, column) in zip(columns, cases) {
                var feature = Feature(name: name, column: name, kind: kind, hashBits: 28)
                if kind == .bucketed { feature.buckets = 4 }
                func library(_ row: Int) -> RawValue {
                    guard row < column.values.count else { return .missing }
                    let value = column.values[row].library
                    return isArray ? .list([value, .missing, column.values[0].library]) : value
                }
                let found = try compared([feature], logs) { [library($0)] }
                for (row, value) in column.values.enumerated() {
                    #expect(
                        found.allSatisfy { ($0.problems[row] != nil) == value.isRefused },
                        "\(column.type) \(value.sql): \(found.map { $0.problems[row].map { "\($0)" } ?? "scored" })")
                }
            }
        }
    }

    /// What one way of sending rows makes of them.
    private struct Found {
        var ids: [[UInt32]]
        var problems: [Int: ServingError]
    }

    /// Compares the cache with the three ways, wherever a row has no problem.
    ///
    /// - Parameter library: values of a row in the order of the encoder's columns.
    private static func compared(
        _ features: [Feature], _ logs: ExtractionFixture, zone: String = "UTC", library: (Int) -> [RawValue]
    ) throws -> [Found] {
        let specification = specification(features, logs, zone)
        #expect(try SourceCheck(specification).problems(on: logs.connection) == [])
        let built = try logs.build(specification, "2026-01-05", workers: 1)
        let batch = try ExtractionFixture.rows(built.cached)
        let expected = (0..<batch.rows).map { row in
            batch.fields.flatMap { field -> [UInt32] in
                switch field {
                case .single(let ids): [ids[row]]
                case .multi(let offsets, let ids): Array(ids[Int(offsets[row])..<Int(offsets[row + 1])])
                }
            } + batch.numerics.map { $0[row].isNaN ? 0x7FC0_0000 : $0[row].bitPattern }
        }
        let day = try #require(Day("2026-01-05"))
        var served = ServedFeatures(
            try logs.extraction(specification).learnedFeatures(from: day), timeColumn: "at", timeZone: zone)
        served.columnTypes = try logs.connection.columnTypes(of: "typed")
        let encoder = try FeatureEncoder(served)

        var fromLog = RawRows(columns: encoder.candidateColumns)
        let range = try LogDays(specification.source).instants(of: day, on: logs.connection)
        try RawImpressions(specification.source, served, on: logs.connection)
            .forEach(in: range, on: logs.connection) { _, _, values in try fromLog.append(values) }

        // Another session's settings, as whoever writes the lines has them.
        try logs.connection.script("BEGIN; SET LOCAL TimeZone = 'Asia/Kolkata'")
        let lines = try logs.connection.execute(
            "SELECT row_to_json(i)::text AS line FROM typed i ORDER BY at, id COLLATE \"C\"")
        try logs.connection.script("ROLLBACK")
        var (fromJSON, fromLibrary) = (
            RawRows(columns: encoder.candidateColumns, unknownColumns: .ignored),
            RawRows(columns: encoder.candidateColumns)
        )
        for (row, line) in lines.enumerated() {
            try fromJSON.append(json: Array(try line.text("line").utf8)[...])
            try fromLibrary.append(library(row))
        }
        return try [fromLog, fromJSON, fromLibrary].enumerated().map { way, rows in
            var (encoded, problems) = (encoder.empty(), RowProblems())
            try encoder.encode(candidates: rows, of: encoder.empty(), into: &encoded, problems: &problems)
            let ids = (0..<encoded.count).map { row in
                encoded.rows.fields.flatMap { field -> [UInt32] in
                    guard let offsets = field.offsets else { return [field.ids[row]] }
                    return Array(field.ids[Int(offsets[row])..<Int(offsets[row + 1])])
                } + encoded.rows.numerics.map { $0[row].isNaN ? 0x7FC0_0000 : $0[row].bitPattern }
            }
            #expect(ids.count == expected.count)
            for row in ids.indices where problems.byRow[row] == nil {
                let type = served.columnTypes?[features[0].column] ?? ""
                #expect(ids[row] == expected[row], "\(type), row \(row), \(["the log", "JSON", "the library"][way])")
            }
            return Found(ids: ids, problems: problems.byRow)
        }
    }

    private static func specification(
        _ features: [Feature], _ logs: ExtractionFixture, _ zone: String
    ) -> ExtractionSpecification {
        var specification = logs.specification(features, zone: zone, shards: 1)
        specification.source.impressions.table = "typed"
        specification.group = nil
        return specification
    }

    private static func withTypes(_ body: (ExtractionFixture) throws -> Void) throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN nickname AS text;
                CREATE DOMAIN price AS numeric(8,3); CREATE TYPE pair AS (a int, b int);
                """)
            try body(logs)
        }
    }
}
