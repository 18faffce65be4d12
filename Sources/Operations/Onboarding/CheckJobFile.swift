import Extract
import JobFile
import Postgres
import Runs

/// `rocket config check`: reads a job file, on request holds it against the database, and says in a line what it is.
///
/// - Throws: `JobFileError`, `JobError.source`, `PostgresError`.
public func checkJobFile(_ path: String, againstDatabase: Bool, url: String?) throws -> String {
    let job = try JobFile(path: path)
    if againstDatabase {
        let source = try Connection(.source(url: url, results: nil), applicationName: "rocket config check")
        return try checkedSummary(of: job, on: source)
    }
    return summary(of: job) + ": ok"
}

/// Holds a job file against the database, and says in a line what it is.
///
/// - Throws: `JobError.source`, `PostgresError`.
func checkedSummary(of job: JobFile, on source: Connection) throws -> String {
    let problems = try SourceCheck(job.extractionSpecification()).problems(on: source)
    guard problems.isEmpty else { throw JobError.source(path: job.path, problems: problems) }
    return summary(of: job) + "; fits \(job.source.impressions.table) and \(job.source.clicks.table): ok"
}

private func summary(of job: JobFile) -> String {
    var summary = "model ‘\(job.model)’, \(job.features.features.count) features, "
    summary += "light \(job.nets.light), "
    summary += "booster \(job.nets.booster)"
    return summary
}
