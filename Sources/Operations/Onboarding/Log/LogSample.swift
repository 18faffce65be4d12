import AdLogs
import Days
import Foundation
import Postgres

/// What a first job file is made from: a description of each column, with clicks, over the whole time of the log.
struct LogSample: Sendable {
    var profiles: [ColumnProfile]
    /// Rows by which columns are described, and those of them that were clicked.
    var rows: Int
    var clicks: Int
    /// Rows of the table; an estimate where they could not be counted.
    var tableRows: Int
    /// From impression to first click, seconds, ascending.
    var delays: [Double]
    /// Days (UTC) with rows, in order.
    var days: [Day]
    /// Whether the days are those of the whole log.
    var hasAllDays: Bool
    /// Whether every row was read.
    var isWhole: Bool
    /// Whether rows and days were counted.
    var isCounted: Bool
    /// The newest rows; a column's codes are at the position of its profile.
    var recent: RecentRows
    /// Likewise rows of the last month's days before the judged one; some of them where there are many.
    var month: RecentRows
    /// Whether the clicks on these rows could be read.
    var hasClicks: Bool
    /// The time within which no row could be read; nil: rows were read, or there are none.
    var limit: String?
    var remarks: [String]

    /// - Throws: `PostgresError`.
    init(_ search: SourceSearch, _ source: SourceProposal, limits: ReadingLimits = ReadingLimits()) throws {
        let columns = source.featureColumns.filter { $0.reasonUnread == nil }
        let read = try LogReading(search: search, source: source, columns: columns, limits: limits).read()
        self.init(columns, read, table: search.impressions.name)
    }

    private init(_ columns: [SurveyedColumn], _ read: LogReading.Result, table: String) {
        let sample = read.tally.sample
        let firsts = sample.map { read.clicks.first(on: $0.hash, from: $0.at) }
        let clicked = firsts.map { $0 != nil }
        rows = sample.count
        clicks = clicked.count { $0 }
        tableRows = read.rows
        delays = zip(sample, firsts).compactMap { row, first in first.map { Double($0 - row.at) / 1_000_000 } }.sorted()
        isCounted = read.extent != nil
        days = read.extent?.days ?? read.days ?? Set(sample.map { Instant(microseconds: $0.at).day }).sorted()
        hasAllDays = read.isSpread
        isWhole = read.isWhole
        (hasClicks, limit) = (read.hasClicks, read.limit)
        recent = read.tally.recentRows(read.clicks)
        let spread = read.tally.spreadRows(read.clicks)
        // All rows of a few days tell more of keys than some rows of many.
        month = spread.count > 0 && recent.daySpans.count < Self.historyDays ? spread : recent
        remarks = read.remarks
        if let timeless = read.extent?.timeless, timeless > 0 {
            remarks.append(
                "\(timeless) row\(timeless == 1 ? "" : "s") of \(table) without a time, or with one before 1900, from 2200 "
                    + "on or at infinity: no day has them")
        }
        var array = 0
        profiles = []
        for (number, column) in columns.enumerated() {
            var elements: [String]?
            if column.family == .array {
                elements = sample.flatMap { $0.elements[array] }
                array += 1
            }
            profiles.append(
                ColumnProfile(
                    column, values: sample.map { $0.values[number] }, elements: elements, clicked: clicked,
                    tableRows: max(read.rows, sample.count), counted: read.tally.distinct[number], isWhole: read.isWhole
                ))
            profiles[number].seenBefore = recent.seenBefore(number)
        }
    }

    /// Days of the log; where they are not known, as many as a night wants.
    var dayCount: Int { hasAllDays ? days.count : max(days.count, DraftSizes.mostWindowDays + 1) }

    /// The time within which nearly all of the sample's clicks came, rounded up to what a person would write; nil where
    /// they are too few to tell.
    var attributionWindow: (seconds: Int, text: String)? {
        guard delays.count >= 50 else { return nil }
        let last = delays[min(delays.count - 1, Int(0.99 * Double(delays.count)))]
        return Self.windows.first { Double($0.seconds) > last } ?? Self.windows.last
    }

    /// The number of days that the newest rows must be of to try history on them.
    private static let historyDays = 8

    private static let windows: [(seconds: Int, text: String)] = [
        (60, "1m"), (300, "5m"), (600, "10m"), (900, "15m"), (1_800, "30m"), (3_600, "1h"), (7_200, "2h"),
        (10_800, "3h"),
        (21_600, "6h"), (43_200, "12h"), (86_400, "24h"), (172_800, "2d"), (259_200, "3d"), (604_800, "7d"),
        (1_209_600, "14d"), (2_592_000, "30d"),
    ]
}
