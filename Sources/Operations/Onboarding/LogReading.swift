import AdLogs
import Days
import Foundation
import Postgres

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
        var remarks: [String] = []
    }

    /// - Throws: `PostgresError`.
    func read() throws -> Result {
        let extent = try LogExtent.counted(
            table.name, time: source.impressionTime.name, milliseconds: limits.countMilliseconds, on: connection)
        guard let extent else { return try readPart() }
        if extent.rows * max(1, columns.count) <= limits.cells {
            return try readWhole(extent)
        }
        return try readByHash(extent)
    }

    private var connection: Connection { search.connection }
    private var table: SurveyedTable { search.impressions }

    // MARK: Which rows

    private func readWhole(_ extent: LogExtent) throws -> Result {
        if extent.rows > Self.worthSaying { search.notice("reading all \(extent.rows) rows of \(table.name)") }
        var tally = try tally()
        if let newest = extent.newest(recentRows, before: extent.judged) {
            tally.keepRecent(from: newest.start, before: extent.judged, expecting: newest.rows)
        }
        keepSpread(of: extent, share: 1, &tally)
        try stream("\(try relation) i", try times, into: &tally, [.sample, .recent, .spread])
        tally.cutSample()
        var clicks = ClickTimes()
        try clicks.read(search.clicks, id: source.clickImpression, time: source.clickTime, on: connection)
        return Result(tally: tally, clicks: clicks, extent: extent, rows: extent.rows, isWhole: true)
    }

    private func readByHash(_ extent: LogExtent) throws -> Result {
        search.notice("reading some of the \(extent.rows) rows of \(table.name)")
        // The server's hash picks, by the id's text, the same impressions and clicks on both sides.
        let share = min(1, Double(limits.sampleRows) / Double(extent.rows))
        let most = Int(share * Double(1 << 32))
        func isPicked(_ column: String) -> String {
            "(pg_catalog.hashtextextended(\(column)::text, 0::bigint) & 4294967295::bigint) < \(most)"
        }
        let id = "i.\(try connection.quoteIdentifier(source.impressionID.name))"
        let click = "c.\(try connection.quoteIdentifier(source.clickImpression.name))"
        var tally = try tally()
        keepSpread(of: extent, share: share, &tally)
        try stream("\(try relation) i", "\(try times) AND \(isPicked(id))", into: &tally, [.sample, .spread])
        var clicks = ClickTimes()
        try clicks.read(
            search.clicks, id: source.clickImpression, time: source.clickTime, where: isPicked(click), on: connection)
        if let newest = extent.newest(recentRows, before: extent.judged) {
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

    private func readRecent(
        from start: Instant, before end: Instant?, rows: Int, _ tally: inout RowTally, _ clicks: inout ClickTimes
    ) throws {
        tally.keepRecent(from: start, before: end, expecting: rows)
        try stream(
            "\(try relation) i", "\(try times) AND i.\(try time) >= '\(start)'\(try before(end))", into: &tally, .recent
        )
        let clickTime = try connection.quoteIdentifier(source.clickTime.name)
        try clicks.read(
            search.clicks, id: source.clickImpression, time: source.clickTime, where: "c.\(clickTime) >= '\(start)'",
            on: connection)
    }

    /// Reads part of a log that cannot be counted in time.
    private func readPart() throws -> Result {
        let patience = "\(limits.statementMilliseconds / 1_000) s"
        var remarks = [
            "\(table.name) could not be counted within \(limits.countMilliseconds / 1_000) s: what is said of it is of a "
                + "sample"
        ]
        var tally = try tally()
        let rows = table.canBeSampled ? try readPages(&tally) : try readSlices(&tally, &remarks)
        tally.cutSample()
        var clicks = ClickTimes()
        if try readClicks(of: tally.sample, &clicks) == nil {
            remarks.append(
                "the clicks on the sample could not be read within \(patience); create an index that begins "
                    + "with \(source.clickImpression.name) of \(search.clicks.name) and run rocket init again")
        }
        let last = tally.sample.map(\.at).max().map { Instant(microseconds: $0).day }
        let judged = last.map { Instant(microseconds: Int64($0.ordinal) * 86_400_000_000) }
        let newest = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.min(n.at)::text AS at FROM (
                    SELECT i.\(try time) AS at FROM \(try relation) i WHERE \(try times)\(try before(judged))
                    ORDER BY i.\(try time) DESC LIMIT \(recentRows)) n
                """
            ).first?.textOrNil("at")
        }
        if let newest, let newest, let start = Self.instant(newest) {
            var (withRecent, recentClicks) = (tally, clicks)
            let isRead: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
                try readRecent(from: start, before: judged, rows: recentRows, &withRecent, &recentClicks)
            }
            if isRead != nil { (tally, clicks) = (withRecent, recentClicks) }
        }
        if tally.recent.times.isEmpty {
            remarks.append(
                "the newest rows could not be read within \(patience), so that no crosses were looked for; "
                    + "an index on \(source.impressionTime.name) makes that possible")
        }
        return Result(tally: tally, clicks: clicks, extent: nil, rows: rows, isWhole: false, remarks: remarks)
    }

    /// - Returns: rows of the table, by those of the pages read.
    private func readPages(_ tally: inout RowTally) throws -> Int {
        let row = try connection.execute(
            """
            SELECT (greatest(pg_catalog.pg_table_size(pg_catalog.to_regclass($1)), (
                       SELECT pg_catalog.sum(pg_catalog.pg_table_size(t.relid))
                       FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) t))
                   / pg_catalog.current_setting('block_size')::bigint)::bigint AS pages
            """, [.text(try relation)]
        ).first
        let share = min(1, Double(limits.sampledPages) / Double(max(1, try row?.int("pages") ?? 1)))
        try stream(
            "\(try relation) i TABLESAMPLE SYSTEM (\(100 * share)) REPEATABLE (1)", try times, into: &tally, .sample)
        return Int(Double(tally.rows) / share)
    }

    /// - Returns: rows of the view, by the share of the time that was read.
    private func readSlices(_ tally: inout RowTally, _ remarks: inout [String]) throws -> Int {
        let bounds = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.min(i.\(try time))::text AS first, pg_catalog.max(i.\(try time))::text AS last
                FROM \(try relation) i WHERE \(try times)
                """
            ).first
        }
        if let bounds, let row = bounds, let first = try row.textOrNil("first").flatMap(Self.instant),
            let last = try row.textOrNil("last").flatMap(Self.instant)
        {
            var read = tally
            // Of each part of the time, its first hundredth.
            let parts = (first..<last.advanced(bySeconds: 1)).parts(limits.slices)
            let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
                for part in parts {
                    let length = max(1_000_000, (part.upperBound.microseconds - part.lowerBound.microseconds) / 100)
                    let end = Instant(microseconds: part.lowerBound.microseconds + length)
                    try stream(
                        "\(try relation) i", "i.\(try time) >= '\(part.lowerBound)' AND i.\(try time) < '\(end)'",
                        into: &read, .sample)
                }
            }
            if done != nil, read.rows > 0 {
                tally = read
                return 100 * read.rows
            }
        }
        remarks.append(
            "\(table.name) is a view that is slow to read by time: what is said of its columns is of its first rows")
        try stream(
            "(SELECT * FROM \(try relation) LIMIT \(limits.sampleRows)) i", try times, into: &tally, .sample)
        return tally.rows
    }

    /// The clicks on sampled impressions; nil where they cannot be read in time.
    private func readClicks(of sample: [RowTally.SampledRow], _ clicks: inout ClickTimes) throws -> Void? {
        let ids = sample.map(\.id)
        let click = "c.\(try connection.quoteIdentifier(source.clickImpression.name))"
        let type = source.clickImpression.family == source.impressionID.family ? source.clickImpression.type : nil
        let wanted = try connection.quoteLiteral(Self.arrayLiteral(ids))
        // An index is used only where the column is compared as it is.
        let condition =
            type.map { "\(click) = ANY (\(wanted)::text[]::\($0)[])" } ?? "\(click)::text = ANY (\(wanted)::text[])"
        var read = clicks
        let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try read.read(
                search.clicks, id: source.clickImpression, time: source.clickTime, where: condition, on: connection)
        }
        if done != nil { clicks = read }
        return done
    }

    // MARK: Reading

    private func tally() throws -> RowTally {
        RowTally(columns, forms: columns.map { Self.form(of: $0) }, limits: limits)
    }

    private var recentRows: Int { min(limits.recentRows, limits.recentCells / max(1, columns.count)) }

    private func stream(
        _ relation: String, _ condition: String, into tally: inout RowTally, _ uses: RowTally.Uses
    ) throws {
        let idForm = WireForm(type: source.impressionID.type).flatMap { $0 == .float ? nil : $0 }
        let id = "i.\(try connection.quoteIdentifier(source.impressionID.name))"
        var selected = ["i.\(try time)", idForm == nil ? "\(id)::text" : id]
        selected += try columns.map { try Self.expression("i.\(connection.quoteIdentifier($0.name))", $0) }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        let slices = UnsafeMutableBufferPointer<BinaryRow.Slice>.allocate(capacity: selected.count)
        slices.initialize(repeating: BinaryRow.Slice())
        defer { slices.deallocate() }
        try connection.copyOut(
            """
            COPY (SELECT \(selected.joined(separator: ", ")) FROM \(relation) WHERE \(condition) AND \(id) IS NOT NULL)
            TO STDOUT (FORMAT binary)
            """
        ) { row in
            try tally.take(try row.locate(slices), slices, id: idForm ?? .text, uses, scratch: scratch)
        }
    }

    /// Long texts are cut: they are prose whatever follows.
    private static func expression(_ name: String, _ column: SurveyedColumn) -> String {
        if column.family == .array { return name }
        switch WireForm(type: column.type) {
        case .integer, .uuid, .boolean: return name
        default: return "pg_catalog.left(\(name)::text, \(longestText))"
        }
    }

    /// Returns the wire form of a column; of an array, that of its elements.
    private static func form(of column: SurveyedColumn) -> WireForm {
        let type = column.family == .array ? String(column.type.dropLast(2)) : column.type
        return WireForm(type: type).flatMap { $0 == .float ? nil : $0 } ?? .text
    }

    private var relation: String {
        get throws { try connection.quoteRelation(table.name) }
    }

    private var time: String {
        get throws { try connection.quoteIdentifier(source.impressionTime.name) }
    }

    private var times: String {
        get throws {
            "i.\(try time) >= '\(LogExtent.times.first)' AND i.\(try time) < '\(LogExtent.times.end)'"
        }
    }

    /// A further condition; the judged day's rows are not asked about their clicks.
    private func before(_ end: Instant?) throws -> String {
        try end.map { " AND i.\(try time) < '\($0)'" } ?? ""
    }

    /// `{"a","b"}`
    private static func arrayLiteral(_ texts: [String]) -> String {
        "{"
            + texts.map {
                "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
            }.joined(separator: ",") + "}"
    }

    /// Reads a `timestamptz` from its text, `2026-01-05 12:00:00.25+00`; the session's time zone is UTC.
    private static func instant(_ text: String) -> Instant? {
        guard let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?\+00/),
            let day = Day(match.1), let hour = Int(match.2), let minute = Int(match.3), let second = Int(match.4)
        else { return nil }
        let fraction = match.5.flatMap { Double("0\($0)") } ?? 0
        let seconds = ((day.ordinal * 24 + hour) * 60 + minute) * 60 + second
        return Instant(microseconds: Int64(seconds) * 1_000_000 + Int64((fraction * 1_000_000).rounded()))
    }

    private static let worthSaying = 1_000_000
    private static let spreadDays: Int64 = 30
    private static let longestText = 300
}
