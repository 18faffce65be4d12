import AdLogs
import Days
import Runs

/// `rocket nightly`: trains up to and judges on the last mature day.
public struct Nightly {
    private let job: OpenJob
    private let launch: RankedLaunch

    /// - Parameter launch: the ranks that train.
    public init(_ job: OpenJob, launch: RankedLaunch = .alone) {
        (self.job, self.launch) = (job, launch)
    }

    /// - Throws: `JobError.emptyLog`, `.logEnded`, `.noImpressions`, `.nothingToTrainOn`, `.oneClass`, `.locked`.
    public func run(asOf: AsOf) throws -> RunOutcome {
        try job.holding(.model) {
            let night = try job.planning("nightly") { databases in
                try NightPlanner(job.context, databases.source).last(asOf: asOf)
            }
            return try NightRun(night, .nightly, promotion: .byGate, launch: launch).run(job)
        }
    }
}
