import AdLogs
import Days
import Extract
import Files
import Foundation
import JobFile
import Postgres

extension Doctor {
    /// Tables of fewer rows are read whole in no time.
    static let smallTable = 100_000

    /// The job file's columns against the live tables.
    static func columns(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let check = SourceCheck(try job.extractionSpecification())
        let problems = try check.problems(on: connection)
        if try check.isOfEmptyLog(problems, on: connection) { return [emptyLog(job)] }
        if problems.isEmpty {
            return [
                .ok(
                    .job, "columns",
                    "all are there, of fitting types, in \(job.source.impressions.table) and \(job.source.clicks.table); "
                        + "time zone \(job.source.timeZone) is known")
            ]
        }
        return try problems.map { .problem(.job, "columns", "\($0)", fix: try fix(of: $0, job, on: connection)) }
    }

    /// One finding for a log without rows, whose columns may come with them.
    private static func emptyLog(_ job: JobFile) -> Finding {
        .warning(
            .logs, job.source.impressions.table, "no rows yet",
            fix: "load logs first: rocket import --help; or generate some to try the job: rocket sample-logs --help")
    }

    private static func fix(of problem: AdLogError, _ job: JobFile, on connection: Connection) throws -> String {
        guard case .zoneless(let times) = problem else { return "correct \(job.path)" }
        let kind = try connection.execute(
            "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)",
            [.text(try connection.quoteRelation(times.table))]
        ).first?.text("relkind")
        let view = ZonedView(
            table: times.table, columns: times.columns, isPartitioned: kind == "p", isView: kind == "v" || kind == "f")
        return view.statements.joined(separator: " ")
            + "  -- your zone for UTC; then \(view.name) and \(view.times.joined(separator: ", ")) in " + job.path
    }

    /// Whether impressions and clicks are different events.
    static func events(
        _ job: JobFile, milliseconds: Int = SourceCheck.sampleMilliseconds, on connection: Connection
    ) throws -> [Finding] {
        let sample = try SourceCheck(job.extractionSpecification())
            .clickedSample(milliseconds: milliseconds, on: connection)
        if let problem = sample.nothingToLearn(of: job.source) {
            return [.problem(.job, "events", "\(problem)", fix: "correct source: in \(job.path)")]
        }
        let doubt = sample.doubt(of: job.source) ?? ""
        switch sample {
        case .mixed(let rows, let clicked):
            return [
                .ok(
                    .job, "events",
                    "\(clicked) of the first \(rows) impressions are clicked: impressions and clicks are different events"
                )
            ]
        case .empty: return [.ok(.job, "events", doubt)]
        case .allClicked:
            return [.warning(.job, "events", doubt, fix: "look again when there are more impressions")]
        case .noneClicked:
            return [
                .warning(
                    .job, "events", doubt,
                    fix: "compare a few ids of both tables; rocket init finds the column by which clicks name them")
            ]
        case .unknown:
            return [.warning(.job, "events", doubt, fix: "nothing, if the two are different events")]
        }
    }

    /// Indexes by which a day's rows are found without reading all others.
    static func indexes(_ source: LogSource, on connection: Connection) throws -> [Finding] {
        try [
            (source.impressions.table, [source.impressions.time], "a day's impressions"),
            (source.clicks.table, [source.clicks.time], "a day's clicks"),
            (source.impressions.table, source.impressions.id.columns, "impressions of stray clicks"),
        ].map { table, columns, purpose in
            try index(of: table, columns, purpose, on: connection)
        }
    }

    private static func index(
        of table: String, _ columns: [String], _ purpose: String, on connection: Connection
    ) throws -> Finding {
        let relation = try connection.quoteRelation(table)
        guard
            let row = try connection.execute(
                """
                SELECT c.relkind::text,
                       (SELECT bool_and(EXISTS (
                            SELECT FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
                            WHERE x.indrelid = t.relid AND x.indisvalid AND x.indpred IS NULL
                              AND a.attname IN (SELECT jsonb_array_elements_text($2))))
                        FROM (SELECT c.oid AS relid WHERE c.relkind <> 'p'
                              UNION SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf) t) AS is_indexed
                FROM pg_class c WHERE c.oid = to_regclass($1)
                """, [.text(relation), .json(String(decoding: try JSONEncoder().encode(columns), as: UTF8.self))]
            ).first
        else { return .problem(.logs, table, "there is no such table") }
        let name = try columns.map { try connection.quoteIdentifier($0) }.joined(separator: ", ")
        let subject = "\(table).\(LogKey(columns: columns))"
        let kind = try row.text("relkind")
        if !["r", "p", "m"].contains(kind) {
            return .ok(.logs, subject, "of a view or foreign table: the indexes of its own tables decide")
        }
        if try row.textOrNil("is_indexed") != "f" { return .ok(.logs, subject, "indexed: \(purpose) are found by it") }
        let rows = try connection.estimatedRows("SELECT 1 FROM \(relation)")
        if rows < smallTable { return .ok(.logs, subject, "not indexed; with about \(rows) rows that does not matter") }
        return .warning(
            .logs, subject, "not indexed: for \(purpose) all of about \(rows) rows are read",
            fix: kind == "p"
                ? "CREATE INDEX ON \(relation) (\(name));  -- blocks writers; or CONCURRENTLY on each partition"
                : "CREATE INDEX CONCURRENTLY ON \(relation) (\(name));")
    }

    /// How old the newest impression is, where finding out costs little.
    static func freshness(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let source = job.source
        let days = LogDays(source)
        let impressions = try source.impressions(as: "i", on: connection)
        let time = impressions.time
        let newest = try connection.execute(
            """
            SELECT extract(epoch FROM now() - \(time))::float8 AS age,
                   date_trunc('second', \(time)::timestamptz)::text AS newest
            FROM \(impressions.relation)
            WHERE \(time) >= now() - interval '3 days' AND \(time) < \(LogDays.endOfTimes) AND \(impressions.condition)
            ORDER BY \(time) DESC LIMIT 1
            """
        ).first
        guard let newest else {
            if try days.isEmpty(on: connection) { return [emptyLog(job)] }
            return [
                .warning(
                    .logs, source.impressions.table, "no impressions of the last three days",
                    fix: try olderNight(job, before: days.lastMature(asOf: .now, on: connection), on: connection)
                        ?? "find out why none come")
            ]
        }
        let age = try newest.double("age")
        let found = "the newest impression is of \(try newest.text("newest"))"
        if age < -300 {
            return [
                .warning(
                    .logs, source.impressions.table, "\(found), which is still to come",
                    fix: "correct the clock or the time zone of what writes the log")
            ]
        }
        let mature = try days.lastMature(asOf: .now, on: connection)
        if try days.present(in: mature...mature, on: connection).isEmpty,
            let fix = try olderNight(job, before: mature, on: connection)
        {
            let lacking = "\(found); a night now would judge on \(mature), which has none"
            return [.warning(.logs, source.impressions.table, lacking, fix: fix)]
        }
        return [.ok(.logs, source.impressions.table, found)]
    }

    /// Rows whose time is of no day, or still to come.
    static func times(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let days = LogDays(job.source)
        let odd = try days.oddTimes(on: connection).map { "\($0)" }
        let ahead = try days.rowsAhead(on: connection).map { "\($0)" }
        if odd.isEmpty, ahead.isEmpty {
            return [.ok(.logs, "times", "every row is of a day, and none is still to come")]
        }
        return odd.map { .warning(.logs, "times", $0, fix: "correct what writes them; a job leaves these rows out") }
            + ahead.map { .warning(.logs, "times", $0, fix: "synchronise the clocks: timedatectl set-ntp true") }
    }

    /// What to do where a log ends before the day that a night judges on; nil: it has no earlier day.
    private static func olderNight(_ job: JobFile, before day: Day, on connection: Connection) throws -> String? {
        let days = LogDays(job.source)
        return try days.newest(before: day, on: connection).map { newest in
            "find out why none come; a night on \(newest): "
                + "rocket nightly --job \(ShellWord.quoted(job.path)) --as-of \(days.maturity(of: newest))"
        }
    }
}
