import Extract
import Runs

/// `rocket cache prune`: removes cache files that no manifest row names and days beyond the retention.
///
/// - Parameter retentionDays: nil for the job file's.
/// - Throws: `JobError.extracting` while files are being made.
public func pruneCache(of job: OpenJob, retentionDays: Int?, dryRun: Bool) throws -> CachePruning.Removed {
    let jobFile = job.context.jobFile
    let removed = try CachePruning(directory: jobFile.cacheDirectory, on: job.databases.results)
        .prune(retentionDays: retentionDays ?? jobFile.cacheRetentionDays, dryRun: dryRun)
    guard let removed else { throw JobError.extracting(folder: jobFile.cacheDirectory) }
    return removed
}
