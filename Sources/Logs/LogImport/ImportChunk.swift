import AdLogs
import Days
import Foundation
import Postgres

/// Rows of one file waiting to be written to the tables.
struct ImportChunk {
    private let tables: LogTables
    private let columns: [LogColumn]
    private let source: String
    private let file: String
    private var rows: [(row: LogRow, record: FileRecord)] = []
    private var rejected: [Rejected] = []
    /// Days whose partitions are known to exist.
    private var preparedDays: Set<Day> = []
    /// The rejected rows that are kept of a refused file.
    private(set) var firstRejected: [Rejected] = []
    /// The number of days that one file may have.
    private let mostDays: Int

    struct Rejected {
        var line: Int
        var key: String?
        var reason: String
        var raw: String
    }

    /// - Parameter mostDays: The number of days that one file may have.
    init(tables: LogTables, columns: [LogColumn], source: String, file: String, mostDays: Int) {
        self.mostDays = mostDays
        self.tables = tables
        self.columns = columns
        self.source = source
        self.file = file
    }

    /// Rows and rejected rows that are pending.
    var count: Int { rows.count + rejected.count }

    mutating func append(_ row: LogRow, _ record: FileRecord) {
        rows.append((row, record))
    }

    mutating func reject(_ record: FileRecord, key: String?, _ problem: RowProblem) {
        // PostgreSQL's text holds no NUL.
        func visible(_ text: String) -> String {
            text.split(separator: "\0", omittingEmptySubsequences: false).joined(separator: "␀")
        }
        let row = Rejected(
            line: record.line, key: key.map(visible), reason: visible(problem.reason), raw: visible(record.raw))
        rejected.append(row)
        if firstRejected.count < Self.mostKept { firstRejected.append(row) }
    }

    /// The most rows of a refused file that go to the quarantine.
    static let mostKept = 10_000

    /// Writes and counts the pending rows.
    ///
    /// - Parameter progress: Called with the days whose partitions are being created.
    /// - Throws: `ImportError.manyDays`, `PostgresError`.
    mutating func flush(
        on connection: Connection, into summary: inout ImportSummary, progress: (ImportProgress) -> Void
    ) throws {
        try prepareDays(on: connection, &summary, progress)
        try rejectRepeated(on: connection)
        if !rows.isEmpty {
            try copyImpressions(on: connection)
            summary.impressions += rows.count
            summary.clicks += try copyClicks(on: connection)
        }
        try Self.copy(rejected, source: source, file: file, on: connection)
        for row in rejected { summary.reasons[Self.general(row.reason), default: 0] += 1 }
        rows.removeAll(keepingCapacity: true)
        rejected.removeAll(keepingCapacity: true)
    }

    private mutating func prepareDays(
        on connection: Connection, _ summary: inout ImportSummary, _ progress: (ImportProgress) -> Void
    ) throws {
        let micros = rows.compactMap(\.row.time)
        let days = Set(micros.map { Day(utc: Double($0) / 1_000_000) })
        let fresh = days.subtracting(preparedDays).sorted()
        guard preparedDays.count + fresh.count <= mostDays else {
            throw ImportError.manyDays(file: file, days: preparedDays.count + fresh.count, most: mostDays)
        }
        for (done, day) in fresh.enumerated() {
            progress(.days(done, of: fresh.count))
            try tables.prepare(columns: [], days: day...day, on: connection)
        }
        preparedDays.formUnion(days)
        if let first = preparedDays.min(), let last = preparedDays.max() { summary.days = first...last }
        let clicks = Set(
            rows.compactMap { row -> Day? in
                guard case .at(let time) = row.row.click else { return nil }
                return Day(utc: Double(time) / 1_000_000)
            })
        guard clicks.count <= mostDays else {
            throw ImportError.manyDays(file: file, days: clicks.count, most: mostDays)
        }
        for day in clicks.sorted() { try tables.prepareClicks(days: day...day, on: connection) }
    }

    private func copyImpressions(on connection: Connection) throws {
        let names = try (["impression_id", "impressed_at", "user_id"] + columns.map(\.name))
            .map { try connection.quoteIdentifier($0) }
        let writer = try connection.copyIn(
            """
            COPY \(try connection.quoteRelation(tables.impressions)) (\(names.joined(separator: ", ")))
            FROM STDIN (FORMAT binary)
            """)
        for (row, _) in rows {
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
        }
        _ = try writer.finish()
    }

    /// Rejects rows whose id occurred before, in this file or in the table. The table's key cannot do it: a partitioned
    /// table's key includes the time, and an id repeated at another time is just as wrong.
    private mutating func rejectRepeated(on connection: Connection) throws {
        let ids = String(decoding: try JSONEncoder().encode(rows.map(\.row.id)), as: UTF8.self)
        let known = try connection.execute(
            """
            SELECT DISTINCT t.impression_id FROM json_array_elements_text($1::json) AS ids(id)
            JOIN \(try connection.quoteRelation(tables.impressions)) t ON t.impression_id = ids.id
            """, [.json(ids)])
        var seen = Set(try known.map { try $0.text("impression_id") })
        var fresh: [(row: LogRow, record: FileRecord)] = []
        fresh.reserveCapacity(rows.count)
        for (row, record) in rows {
            if seen.insert(row.id).inserted {
                fresh.append((row, record))
            } else {
                reject(record, key: row.id, RowProblem("an impression with this id already exists"))
            }
        }
        rows = fresh
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

    static func copy(_ rejected: [Rejected], source: String, file: String, on connection: Connection) throws {
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
            writer.text(row.raw)
        }
        _ = try writer.finish()
    }

    /// Returns the reason without the value in quotes.
    private static func general(_ reason: String) -> String {
        reason.split(separator: "‘", maxSplits: 1).count == 2 && reason.contains("’")
            ? String(reason.prefix { $0 != "‘" }) + "…" + String(reason.drop { $0 != "’" }.dropFirst())
            : reason
    }
}
