import Extract
import JobFile
import Postgres

/// `rocket config check`: reads a job file, on request holds it against the database, and says in a line what it is.
///
/// - Throws: `JobFileError`, `JobError.source`, `PostgresError`.
public func checkJobFile(_ path: String, againstDatabase: Bool, url: String?) throws -> String {
    let job = try JobFile(path: path)
    var summary = "model ‘\(job.model)’, \(job.features.features.count) features, "
    summary += "light \(job.nets.light), "
    summary += "booster \(job.nets.booster)"
    if againstDatabase {
        let source = try Connection(.source(url: url, results: nil), applicationName: "rocket config check")
        let problems = try SourceCheck(job.extractionSpecification()).problems(on: source)
        guard problems.isEmpty else { throw JobError.source(path: path, problems: problems) }
        summary += "; fits \(job.source.impressions.table) and \(job.source.clicks.table)"
    }
    return summary + ": ok"
}
