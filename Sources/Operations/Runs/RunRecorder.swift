/// Writes the stages of one run, shows how far they are, and says when it is time to stop.
package struct RunRecorder {
    let ledger: RunLedger
    package let runID: Int
    /// Throws where it is time to stop.
    let check: () throws -> Void
    let handler: ProgressHandler

    /// Times a stage and writes what it did.
    package func stage<Result>(
        _ name: String, detail: String? = nil, size: (Result) -> (rows: Int?, bytes: Int?) = { _ in (nil, nil) },
        _ body: () throws -> Result
    ) throws -> Result {
        try check()
        let position = try ledger.begin(stage: name, detail: detail, runID: runID)
        let start = ContinuousClock.now
        var stage: FinishedStage { FinishedStage(seconds: (ContinuousClock.now - start) / .seconds(1)) }
        do {
            let result = try body()
            var done = stage
            (done.rows, done.bytes) = size(result)
            try ledger.end(done, position: position, runID: runID)
            return result
        } catch {
            var failed = stage
            failed.failed = true
            try? ledger.end(failed, position: position, runID: runID)
            throw error
        }
    }

    /// Shows how far a stage is.
    ///
    /// - Throws: `JobError.interrupted` and `.lockLost`, where it is time to stop.
    package func progress(_ progress: StageProgress) throws {
        try check()
        handler(progress)
    }

    /// Like `progress`, without the stop check.
    package func show(_ progress: StageProgress) { handler(progress) }

    /// - Throws: `JobError.interrupted` and `.lockLost`, where it is time to stop.
    package func stopIfAsked() throws { try check() }

    /// Whether it is time to stop.
    package var isStopping: Bool { (try? check()) == nil }
}
