import AdLogs
import JobFile
import Names
import Postgres

extension Doctor {
    /// Whether the server finds a day's rows without reading a whole table, by the plans of the day's statements.
    ///
    /// - Parameter known: what was found out about indexes of the tables themselves; nothing is said twice.
    static func plans(_ job: JobFile, known: [Finding], on connection: Connection) throws -> [Finding] {
        let days = LogDays(job.source)
        let tomorrow = try days.lastMature(asOf: .now, on: connection).advanced(by: 1)
        guard let day = try days.newest(before: tomorrow, on: connection) else { return [] }
        let range = try days.instants(of: day, on: connection)
        let attribution = try Attribution(job.source, on: connection)
        let isKnown = Set(known.filter { $0.state != .ok }.map(\.subject))
        var findings: [Finding] = []
        for (rows, table, time, statement) in [
            (
                "impressions", job.source.impressions.table, job.source.impressions.time,
                attribution.impressions(in: range, selecting: [], breaksTies: false)
            ),
            ("clicks", job.source.clicks.table, job.source.clicks.time, attribution.clicks(in: range)),
        ] where !isKnown.contains("\(table).\(time)") {
            let finding = try plan(of: statement, subject: "a day's \(rows)", on: connection)
            // One table with both events lacks one index.
            if finding.fix == nil || !findings.contains(where: { $0.fix == finding.fix }) {
                findings.append(finding)
            }
        }
        return findings
    }

    private static func plan(of statement: String, subject: String, on connection: Connection) throws -> Finding {
        for step in try QueryPlan(statement, on: connection).steps where step.isWholeScan {
            guard let schema = step.schema, let table = step.relation else { continue }
            let name = SQLName.relation("\(SQLName.quoted(schema)).\(SQLName.quoted(table))")
            let relation = try connection.quoteRelation(name)
            let rows = try estimatedRows(of: relation, schema, table, on: connection)
            // Where a day is much of the table, reading it whole is right.
            guard rows >= smallTable, 5 * step.rows < Double(rows) else { continue }
            let found = "all of about \(rows) rows of \(name) are read for them, as the server's plan says"
            guard let expression = timeExpression(of: step) else {
                return .warning(
                    .logs, subject, found, fix: "ANALYZE \(relation); and look at: EXPLAIN \(statement)")
            }
            if try isIndexed(schema, table, expression, on: connection) {
                return .warning(
                    .logs, subject, "\(found), although \(expression) is indexed", fix: "ANALYZE \(relation);")
            }
            guard TimeExpression.canBeIndexed(expression) else {
                return .warning(
                    .logs, subject, "\(found): they are found by the expression \(expression), and no index is on it",
                    fix:
                        "have the view compute the time in a way that an index can have, such as (column AT TIME ZONE "
                        + "'UTC') of a timestamp or to_timestamp(column) of seconds, or keep a column of the type timestamp "
                        + "with time zone in \(name); then run rocket doctor again, which names the index. An index on the "
                        + "expression as it is helps only where PostgreSQL takes it: it refuses casts that depend on the "
                        + "session's time zone")
            }
            return .warning(
                .logs, subject, "\(found): no index leads to \(expression)",
                fix: "CREATE INDEX CONCURRENTLY ON \(relation) (\(expression)); ANALYZE \(relation);")
        }
        return .ok(.logs, subject, "the server's plan reads no large table whole for them")
    }

    /// By the planner; a table that only its view may be read of, by the catalog.
    private static func estimatedRows(
        of relation: String, _ schema: String, _ table: String, on connection: Connection
    ) throws -> Int {
        do {
            return try connection.estimatedRows("SELECT 1 FROM \(relation)")
        } catch let error as PostgresError where error.sqlState == "42501" {
            return try connection.execute(
                """
                SELECT greatest(c.reltuples, 0)::bigint AS rows
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = $2
                """, [.text(schema), .text(table)]
            ).first?.int("rows") ?? 0
        }
    }

    /// The expression that a step compares with the day's first instant, as its table's index needs it: `"at"`, or
    /// `("at" AT TIME ZONE 'UTC'::text)` of a view. Every comparison of a plan is in parentheses, within which names of
    /// types have blanks: `("at")::timestamp with time zone`.
    static func timeExpression(of step: QueryPlan.Step) -> String? {
        guard let filter = step.filter, let end = filter.firstRange(of: " >= '")?.lowerBound else { return nil }
        var start = end
        var depth = 0
        var isQuoted = false
        while start > filter.startIndex {
            let before = filter.index(before: start)
            let character = filter[before]
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted {
                if character == "(" {
                    if depth == 0 { break }
                    depth -= 1
                } else if character == ")" {
                    depth += 1
                }
            }
            start = before
        }
        let expression = String(filter[start..<end])
        guard !expression.isEmpty, let alias = step.alias else { return nil }
        return expression.replacing("\(SQLName.quoted(alias)).", with: "").replacing("\(alias).", with: "")
    }

    /// By names: the role need not have a right to the schema of the table below a view.
    private static func isIndexed(
        _ schema: String, _ table: String, _ expression: String, on connection: Connection
    ) throws -> Bool {
        try connection.execute(
            """
            SELECT FROM pg_catalog.pg_index x
            JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND x.indisvalid AND x.indpred IS NULL
              AND pg_catalog.replace(pg_catalog.pg_get_indexdef(x.indexrelid, 1, false), '"', '')
                  = pg_catalog.replace($3, '"', '')
            """, [.text(schema), .text(table), .text(expression)]
        ).isEmpty == false
    }
}
