import AdLogs
import LogImport
import Logging
import Postgres

public typealias ImportRequest = LogImport.ImportRequest
public typealias CSVMapping = LogImport.CSVMapping
public typealias ImportSummary = LogImport.ImportSummary

/// `rocket import`: each file in a transaction of its own; files imported before are left alone. Then the planner's
/// statistics of the tables are gathered.
public func importLogs(
    _ request: ImportRequest, database: String?, log: Logger, progress: ProgressHandler
) throws -> [ImportSummary] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket import")
    guard
        try connection.execute("SELECT to_regclass('rocket.imports') IS NOT NULL AS ok").first?.bool("ok") == true
    else { throw JobError.notMigrated }
    let importer = LogImporter(request, on: connection)
    let summaries = try request.files.map { file in
        let summary = try importer.run(file: file) { rows in
            progress(StageProgress(title: "import \(file)", done: rows, total: nil, unit: "rows"))
        }
        if summary.quarantined > 0 {
            log.warning("\(file): \(summary.quarantined) rows went to rocket.quarantine_rows")
        }
        return summary
    }
    if summaries.contains(where: \.isNew) { try analyze(LogTables(prefix: request.prefix), on: connection) }
    return summaries
}

/// Gathers the planner's statistics of both tables, which autovacuum does later and never does of a partitioned table as a
/// whole. The server passes over tables whose owner this role is not.
func analyze(_ tables: LogTables, on connection: Connection) throws {
    try connection.script(
        "ANALYZE \(try connection.quoteRelation(tables.impressions)), \(try connection.quoteRelation(tables.clicks))")
}
