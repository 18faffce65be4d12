import AdLogs
import Days
import Foundation
import Postgres
import Runs

/// Reads a team's log for a first job file, writing nothing.
///
/// A log whose rows can be counted in time and whose values are not too many is read whole, once. Of a larger one that
/// can be counted, the rows with the lowest hashes of their ids are read, and the newest ones. Of one that cannot be
/// counted in time, some of a table's pages, or some stretches of a view's time. Which of these it is depends on counts
/// and on the limit of time, and not on the planner's statistics.
struct LogReading {
    let search: SourceSearch
    let source: SourceProposal
    let columns: [SurveyedColumn]
    let limits: ReadingLimits

    /// What was read.
    struct Result: Sendable {
        var tally: RowTally
        var clicks: ClickTimes
        /// Rows of the table; nil: they could not be counted.
        var extent: LogExtent?
        /// Rows of the table, estimated where they could not be counted.
        var rows: Int
        /// Whether all rows were read.
        var isWhole: Bool
        /// Whether what was read is of the log's whole time.
        var isSpread = true
        /// Whether the clicks on the sample could be read.
        var hasClicks = true
        /// The days of the log, where its first and last time are known and its rows are not counted.
        var days: [Day]?
        /// The time within which no row could be read; nil: rows were read, or there are none.
        var limit: String?
        var remarks: [String] = []
    }

    /// - Throws: `PostgresError`.
    func read() throws -> Result {
        search.notice("counting \(table.name)")
        let extent = try LogExtent.counted(
            source.impressions, time: source.impressionTime.name, milliseconds: limits.countMilliseconds, on: connection
        )
        guard let extent else {
            return try readPart(
                "\(table.name) could not be counted within \(Connection.limit(limits.countMilliseconds)): what is said of it "
                    + "is of a sample")
        }
        let isSmall = extent.rows * max(1, columns.count) <= limits.cells
        let read = try connection.within(milliseconds: limits.readingMilliseconds) { _ in
            isSmall ? try readWhole(extent) : try readByHash(extent)
        }
        if let read { return read }
        return try readPart(
            "\(table.name) could not be read within \(Connection.limit(limits.readingMilliseconds)): what is said of it is "
                + "of a sample")
    }

    var connection: Connection { search.connection }
    var table: SurveyedTable { search.impressions }

    // MARK: Which rows

    private func readWhole(_ extent: LogExtent) throws -> Result {
        search.notice("reading all \(extent.rows) rows of \(table.name)")
        var tally = try tally()
        if let newest = extent.newest(recentRows, before: extent.judged) {
            tally.keepRecent(from: newest.start, before: extent.judged, expecting: newest.rows)
        }
        keepSpread(of: extent, share: 1, &tally)
        try stream("\(try relation) i", try times, expecting: extent.rows, into: &tally, [.sample, .recent, .spread])
        tally.cutSample()
        search.notice("reading the clicks of \(search.clicks.name)")
        var clicks = ClickTimes()
        try clicks.read(source.clicks, id: source.clickImpression, time: source.clickTime, on: connection)
        return Result(tally: tally, clicks: clicks, extent: extent, rows: extent.rows, isWhole: true)
    }

    private func readByHash(_ extent: LogExtent) throws -> Result {
        search.notice("reading some of the \(extent.rows) rows of \(table.name)")
        // The server's hash picks, by the id's text, the same impressions and clicks on both sides.
        let share = min(1, Double(limits.sampleRows) / Double(extent.rows))
        let most = Int(share * Double(1 << 32))
        func isPicked(_ text: String) -> String {
            "(pg_catalog.hashtextextended(\(text), 0::bigint) & 4294967295::bigint) < \(most)"
        }
        let id = try source.impressionID.sql("i", on: connection).text
        let click = try source.clickImpression.sql("c", on: connection).text
        var tally = try tally()
        keepSpread(of: extent, share: share, &tally)
        try stream("\(try relation) i", "\(try times) AND \(isPicked(id))", into: &tally, [.sample, .spread])
        search.notice("reading the clicks on these rows")
        var clicks = ClickTimes()
        try clicks.read(
            source.clicks, id: source.clickImpression, time: source.clickTime, where: isPicked(click), on: connection)
        if let newest = extent.newest(recentRows, before: extent.judged) {
            search.notice("reading the newest rows of \(table.name)")
            try readRecent(from: newest.start, before: extent.judged, rows: newest.rows, &tally, &clicks)
        }
        tally.cutSample()
        return Result(tally: tally, clicks: clicks, extent: extent, rows: extent.rows, isWhole: false)
    }

    /// Where the newest rows are of few days, rows of the last month are kept too: history is tried over days.
    ///
    /// - Parameter share: Of all rows, those that are read.
    private func keepSpread(of extent: LogExtent, share: Double, _ tally: inout RowTally) {
        guard let judged = extent.judged else { return }
        let month = Instant(microseconds: judged.microseconds - Self.spreadDays * 86_400_000_000)
        let rows = extent.hours.reduce(0) { $1.start >= month && $1.start < judged ? $0 + $1.rows : $0 }
        guard rows > recentRows else { return }
        tally.keepSpread(from: month, before: judged, expecting: Int(share * Double(rows)))
    }

    func readRecent(
        from start: Instant, before end: Instant?, rows: Int, _ tally: inout RowTally, _ clicks: inout ClickTimes
    ) throws {
        tally.keepRecent(from: start, before: end, expecting: rows)
        try stream(
            "\(try relation) i", "\(try times) AND i.\(try time) >= '\(start)'\(try before(end))", into: &tally, .recent
        )
        let clickTime = try connection.quoteIdentifier(source.clickTime.name)
        try clicks.read(
            source.clicks, id: source.clickImpression, time: source.clickTime, where: "c.\(clickTime) >= '\(start)'",
            on: connection)
    }

    // MARK: Reading

    func tally() throws -> RowTally {
        RowTally(columns, forms: columns.map { Self.form(of: $0) }, limits: limits)
    }

    var recentRows: Int { min(limits.recentRows, limits.recentCells / max(1, columns.count)) }

    func stream(
        _ relation: String, _ condition: String, expecting rows: Int? = nil, into tally: inout RowTally,
        _ uses: RowTally.Uses
    ) throws {
        let id = try source.impressionID.sql("i", on: connection)
        var selected = ["i.\(try time)", id.sent]
        selected += try columns.map { try Self.expression("i.\(connection.quoteIdentifier($0.name))", $0) }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        let slices = UnsafeMutableBufferPointer<BinaryRow.Slice>.allocate(capacity: selected.count)
        slices.initialize(repeating: BinaryRow.Slice())
        defer { slices.deallocate() }
        try connection.copyOut(
            """
            COPY (SELECT \(selected.joined(separator: ", ")) FROM \(relation) WHERE \(condition) AND \(id.isPresent))
            TO STDOUT (FORMAT binary)
            """
        ) { row in
            try tally.take(try row.locate(slices), slices, id: id.form, uses, scratch: scratch)
            if tally.rows % Self.rowsPerSign == 0 {
                search.rows(StageProgress(title: "read \(table.name)", done: tally.rows, total: rows, unit: "rows"))
            }
        }
    }

    var relation: String {
        get throws { try connection.quoteRelation(table.name) }
    }

    var time: String {
        get throws { try connection.quoteIdentifier(source.impressionTime.name) }
    }

    var times: String {
        get throws {
            "i.\(try time) >= '\(LogExtent.times.first)' AND i.\(try time) < '\(LogExtent.times.end)'"
                + " AND \(try isImpression)"
        }
    }

    /// The condition that a row of the table is an impression.
    var isImpression: String {
        get throws { try source.impressions.condition("i", on: connection) }
    }

    /// A further condition; the judged day's rows are not asked about their clicks.
    func before(_ end: Instant?) throws -> String {
        try end.map { " AND i.\(try time) < '\($0)'" } ?? ""
    }

    private static let rowsPerSign = 1 << 17
    private static let spreadDays: Int64 = 30
}
