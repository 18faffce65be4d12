import AdLogs
import Days
import Foundation
import Logging
import Postgres
import Runs
import SampleLogs

public typealias SampleLogSpecification = SampleLogs.SampleLogSpecification

/// `rocket sample-logs`: writes generated logs day by day, a transaction a day. A day that is there with the same
/// settings is left alone, so a run that was cut short is continued by running it again. Then the planner's statistics
/// of the tables are gathered.
///
/// - Returns: the days, and for each whether it was written now.
public func generateSampleLogs(
    _ specification: SampleLogSpecification, into prefix: String?, database: String?, log: Logger,
    progress: ProgressHandler
) throws -> [GeneratedDay] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket sample-logs")
    let tables = LogTables(prefix: prefix)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let settings = String(decoding: try encoder.encode(specification), as: UTF8.self)
    let generator = try SampleLogGenerator(specification)
    let days = try specification.impressionDays.map { day in
        return try connection.transaction { connection in
            let known = try connection.execute(
                """
                SELECT settings, impressions, clicked_impressions, oracle_auc FROM rocket.sample_logs
                WHERE impressions_table = $1 AND day = $2
                """, [.text(tables.impressions), .day(day)]
            ).first
            if let known {
                guard try known.text("settings") == settings else {
                    throw GenerateSampleLogsError.otherSettings(table: tables.impressions, day: day)
                }
                log.info("\(day): was generated before with the same settings")
                return GeneratedDay(
                    day: day, impressions: try known.int("impressions"), clicked: try known.int("clicked_impressions"),
                    oracleAUC: try known.doubleOrNil("oracle_auc"), isNew: false)
            }
            try tables.prepare(columns: SampleLogColumns.added, days: day...day, on: connection)
            try tables.prepareClicks(days: day...day.advanced(by: 1), on: connection)
            let writer = SampleLogWriter(
                impressions: try connection.quoteRelation(tables.impressions),
                clicks: try connection.quoteRelation(tables.clicks))
            let total = specification.impressions(on: day)
            let written = try writer.write(day, of: generator, to: connection) { rows in
                progress(StageProgress(title: "generate \(day)", done: rows, total: total, unit: "impressions"))
            }
            try connection.execute(
                """
                INSERT INTO rocket.sample_logs (impressions_table, day, settings, impressions, click_events,
                    clicked_impressions, late_clicks, duplicate_clicks, oracle_auc)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                [
                    .text(tables.impressions), .day(day), .text(settings), .int(written.impressions),
                    .int(written.clicksWritten), .int(written.clickedImpressions), .int(written.lateClicks),
                    .int(written.duplicateClicks), Value(written.oracleAUC),
                ])
            return GeneratedDay(
                day: day, impressions: written.impressions, clicked: written.clickedImpressions,
                oracleAUC: written.oracleAUC, isNew: true)
        }
    }
    if days.contains(where: \.isNew) { try analyze(tables, on: connection) }
    return days
}

/// One day of generated logs.
public struct GeneratedDay: Sendable {
    public var day: Day
    public var impressions: Int
    public var clicked: Int
    public var oracleAUC: Double?
    public var isNew: Bool
}

/// Why generated logs could not be written.
public enum GenerateSampleLogsError: Error, CustomStringConvertible {
    case otherSettings(table: String, day: Day)

    public var description: String {
        switch self {
        case .otherSettings(let table, let day):
            "\(table) has generated logs of \(day) made with other settings; choose other days (--first-day) or a table "
                + "of its own (--into NAME)"
        }
    }
}
