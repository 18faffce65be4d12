import AdLogs
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
    // What the names alone tell, without a look at the tables.
    if let problem = job.source.sameRows { throw JobError.source(path: job.path, problems: [problem]) }
    return summary(of: job) + ": ok"
}

/// Holds a job file against the database, and says in a line what it is.
///
/// - Throws: `JobError.source`, `PostgresError`.
func checkedSummary(of job: JobFile, on source: Connection) throws -> String {
    let check = SourceCheck(try job.extractionSpecification())
    let problems = try check.problems(on: source)
    guard problems.isEmpty else { throw JobError.source(path: job.path, problems: problems) }
    let sample = try check.clickedSample(on: source)
    if let problem = sample.nothingToLearn(of: job.source) {
        throw JobError.source(path: job.path, problems: [problem])
    }
    let tables = [job.source.impressions.table, job.source.clicks.table]
    let fitting = tables[0] == tables[1] ? tables[0] : tables.joined(separator: " and ")
    if let doubt = sample.doubt(of: job.source) { return summary(of: job) + "; fits \(fitting); look at: \(doubt)" }
    return summary(of: job) + "; fits \(fitting): ok"
}

private func summary(of job: JobFile) -> String {
    var summary = "model ‘\(job.model)’, \(job.features.features.count) features, "
    if job.nets.fleet == nil {
        summary += "light \(job.nets.light), "
    } else {
        let lights = job.nets.lights.map { "\($0.name) \($0.net)" }
        summary += "light nets \(lights.joined(separator: ", ")), "
    }
    summary += "booster \(job.nets.booster)"
    return summary
}
