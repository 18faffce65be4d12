import Extract

extension JobSession {
    /// `rocket cache prune`: removes cache files that no manifest row names and days beyond the retention.
    ///
    /// - Parameter retentionDays: nil for the job file's.
    /// - Throws: `JobError.extracting` while files are being made.
    public func pruneCache(retentionDays: Int?, dryRun: Bool) throws -> CachePruning.Removed {
        let removed = try CachePruning(directory: jobFile.cacheDirectory, on: connection)
            .prune(retentionDays: retentionDays ?? jobFile.cacheRetentionDays, dryRun: dryRun)
        guard let removed else { throw JobError.extracting(folder: jobFile.cacheDirectory) }
        return removed
    }
}
