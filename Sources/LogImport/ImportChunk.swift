import AdLogs
import Days
import Postgres

/// Rows of one file on their way into the tables.
struct ImportChunk {
    private let tables: LogTables
    private let columns: [LogColumn]
    private let source: String
    private let file: String
    private var rows: [(row: LogRow, line: Int)] = []
    private var rejected: [Rejected] = []
    /// Days whose partitions are known to be there.
    private var preparedDays: Set<Day> = []

    private struct Rejected {
        var line: Int
        var key: String?
        var reason: String
        var raw: String?
    }

    init(tables: LogTables, columns: [LogColumn], source: String, file: String) {
        self.tables = tables
        self.columns = columns
        self.source = source
        self.file = file
    }

    /// Rows and rejected rows that wait.
    var count: Int { rows.count + rejected.count }

    mutating func append(_ row: LogRow, _ record: FileRecord) {
        rows.append((row, record.line))
    }

    mutating func reject(_ record: FileRecord, _ problem: RowProblem) {
        let text = record.fields.joined(separator: "\u{1F}").split(separator: "\0", omittingEmptySubsequences: false)
            .joined(separator: "␀")
        rejected.append(
            Rejected(
                line: record.line, key: nil, reason: problem.reason,
                raw: String(decoding: text.utf8.prefix(2_000), as: UTF8.self)
                    .split(separator: "\u{1F}", omittingEmptySubsequences: false).joined(separator: " | ")))
    }

    /// Writes what waits and counts it.
    mutating func flush(on connection: Connection, into summary: inout ImportSummary) throws {
        try prepareDays(on: connection, &summary)
        if !rows.isEmpty {
            try connection.script("SAVEPOINT chunk")
            do {
                try copyImpressions(
                    to: try connection.quoteRelation(tables.impressions), withLines: false, on: connection)
            } catch let error as PostgresError where error.sqlState == "23505" {
                // An id is there already: take the slower way, which finds out which.
                try connection.script("ROLLBACK TO SAVEPOINT chunk")
                try insertNew(on: connection)
            }
            try connection.script("RELEASE SAVEPOINT chunk")
            summary.impressions += rows.count
            summary.clicks += try copyClicks(on: connection)
        }
        try copyRejected(on: connection)
        for row in rejected { summary.reasons[Self.general(row.reason), default: 0] += 1 }
        rows.removeAll(keepingCapacity: true)
        rejected.removeAll(keepingCapacity: true)
    }

    private mutating func prepareDays(on connection: Connection, _ summary: inout ImportSummary) throws {
        let micros = rows.compactMap(\.row.time)
        let days = Set(micros.map { Day(utc: Double($0) / 1_000_000) })
        for day in days.subtracting(preparedDays).sorted() {
            try tables.prepare(columns: [], days: day...day, on: connection)
        }
        preparedDays.formUnion(days)
        if let first = preparedDays.min(), let last = preparedDays.max() { summary.days = first...last }
        let clicks = Set(
            rows.compactMap { row -> Day? in
                guard case .at(let time) = row.row.click else { return nil }
                return Day(utc: Double(time) / 1_000_000)
            })
        for day in clicks.sorted() { try tables.prepareClicks(days: day...day, on: connection) }
    }

    private func copyImpressions(to relation: String, withLines: Bool, on connection: Connection) throws {
        var names = try (["impression_id", "impressed_at", "user_id"] + columns.map(\.name))
            .map { try connection.quoteIdentifier($0) }
        if withLines { names.append("import_line") }
        let writer = try connection.copyIn(
            "COPY \(relation) (\(names.joined(separator: ", "))) FROM STDIN (FORMAT binary)")
        for (row, line) in rows {
            writer.row(names.count)
            writer.text(row.id)
            writer.timestamptz(microsecondsSince1970: row.time ?? 0)
            writer.text(orNull: row.user)
            for value in row.values {
                switch value {
                case .null: writer.null()
                case .text(let text): writer.text(text)
                case .double(let number): writer.double(number)
                case .texts(let texts): writer.textArray(texts)
                }
            }
            if withLines { writer.int64(Int64(line)) }
        }
        _ = try writer.finish()
    }

    /// Inserts the rows whose id and time are new, by way of a temporary table, and rejects the others.
    private mutating func insertNew(on connection: Connection) throws {
        let target = try connection.quoteRelation(tables.impressions)
        try connection.script(
            """
            CREATE TEMPORARY TABLE import_chunk (LIKE \(target), import_line bigint) ON COMMIT DROP
            """)
        try copyImpressions(to: "import_chunk", withLines: true, on: connection)
        let repeated = try connection.execute(
            """
            DELETE FROM import_chunk c USING (
                SELECT impression_id, impressed_at, import_line,
                       row_number() OVER (PARTITION BY impression_id, impressed_at ORDER BY import_line) AS number
                FROM import_chunk) n
            WHERE c.import_line = n.import_line AND (n.number > 1 OR EXISTS (
                SELECT 1 FROM \(target) t
                WHERE t.impression_id = n.impression_id AND t.impressed_at = n.impressed_at))
            RETURNING c.import_line, c.impression_id
            """)
        var lines = Set<Int>()
        for row in repeated {
            let line = try row.int("import_line")
            lines.insert(line)
            rejected.append(
                Rejected(
                    line: line, key: try row.text("impression_id"),
                    reason: "an impression with this id and time is there already", raw: nil))
        }
        rows.removeAll { lines.contains($0.line) }
        let names = try (["impression_id", "impressed_at", "user_id"] + columns.map(\.name))
            .map { try connection.quoteIdentifier($0) }.joined(separator: ", ")
        try connection.script(
            "INSERT INTO \(target) (\(names)) SELECT \(names) FROM import_chunk; DROP TABLE import_chunk")
    }

    private func copyClicks(on connection: Connection) throws -> Int {
        let writer = try connection.copyIn(
            """
            COPY \(try connection.quoteRelation(tables.clicks)) (impression_id, clicked_at) FROM STDIN (FORMAT binary)
            """)
        for (row, _) in rows {
            let time: Int64
            switch row.click {
            case .none: continue
            case .atImpression: time = row.time ?? 0
            case .at(let click): time = click
            }
            writer.row(2)
            writer.text(row.id)
            writer.timestamptz(microsecondsSince1970: time)
        }
        return try writer.finish()
    }

    private func copyRejected(on connection: Connection) throws {
        guard !rejected.isEmpty else { return }
        let writer = try connection.copyIn(
            "COPY rocket.quarantine_rows (source, file, line, key, reason, raw) FROM STDIN (FORMAT binary)")
        for row in rejected {
            writer.row(6)
            writer.text(source)
            writer.text(file)
            writer.int64(Int64(row.line))
            writer.text(orNull: row.key)
            writer.text(row.reason)
            writer.text(orNull: row.raw)
        }
        _ = try writer.finish()
    }

    /// The reason without the value in quotes.
    private static func general(_ reason: String) -> String {
        reason.split(separator: "‘", maxSplits: 1).count == 2 && reason.contains("’")
            ? String(reason.prefix { $0 != "‘" }) + "…" + String(reason.drop { $0 != "’" }.dropFirst())
            : reason
    }
}
