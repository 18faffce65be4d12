import AdLogs
import LogImport
import Logging
import Postgres
import Runs

public typealias ImportRequest = LogImport.ImportRequest
public typealias CSVMapping = LogImport.CSVMapping
public typealias ImportSummary = LogImport.ImportSummary
public typealias LogTables = AdLogs.LogTables

/// `rocket import`: each file in its own transaction; files imported before are left alone. Then the planner's
/// statistics of the tables are gathered.
public func importLogs(
    _ request: ImportRequest, database: String?, log: Logger, progress: ProgressHandler
) throws -> [ImportSummary] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket import")
    guard
        try connection.execute("SELECT to_regclass('rocket.imports') IS NOT NULL AS ok").first?.bool("ok") == true
    else { throw JobError.notMigrated }
    let importer = LogImporter(request, on: connection)
    // A name that is misspelt is said before the files before it are imported.
    for file in request.files { try importer.check(file: file) }
    let summaries = try request.files.map { file in
        let summary = try importer.run(file: file) { step in
            switch step {
            case .rows(let rows):
                progress(StageProgress(title: "import \(file)", done: rows, total: nil, unit: "rows"))
            case .days(let done, let total):
                progress(StageProgress(title: "partitions for \(file)", done: done, total: total, unit: "days"))
            }
        }
        if case .refused = summary.outcome {
            log.warning("\(file): nothing was imported; see rocket.quarantine_rows")
        } else if summary.quarantined > 0 {
            log.warning("\(file): \(summary.quarantined) rows went to rocket.quarantine_rows")
        }
        if !summary.missingColumns.isEmpty {
            let names = summary.missingColumns.joined(separator: ", ")
            log.warning("\(file) has no column for \(names), which other files have; it is NULL in this one's rows")
        }
        if let earlier = summary.earlierOfTheName {
            log.warning(
                """
                \(file): a file of this name, with other contents, brought \(earlier) impressions before; rows that are in both are \
                there twice now, because without ids of their own nothing tells them apart
                """)
        }
        return summary
    }
    if summaries.contains(where: { $0.outcome == .imported }) {
        try analyze(LogTables(prefix: request.prefix), on: connection)
    }
    return summaries
}

/// Gathers the planner's statistics of both tables, which autovacuum does later and never does of a partitioned table
/// as a whole. The server passes over tables whose owner this role is not.
func analyze(_ tables: LogTables, on connection: Connection) throws {
    try connection.script(
        "ANALYZE \(try connection.quoteRelation(tables.impressions)), \(try connection.quoteRelation(tables.clicks))")
}
