import Collectives
import Days
import Extract
import JobFile
import Logging
import Runs

/// `rocket backfill`: nights that are made up for, each judged on a day of the range. A version sees only the days
/// before the one it is judged on, and is marked as backfilled. Nights that are done are left alone, so it is safe to
/// repeat.
public struct Backfill {
    private let job: OpenJob
    private let launch: RankedLaunch
    private let request: BackfillRequest

    /// - Parameter launch: the ranks that train.
    /// - Throws: `JobError.outOfOrder`.
    public init(_ job: OpenJob, _ request: BackfillRequest, launch: RankedLaunch = .alone) throws {
        try request.check(chained: job.context.isChained)
        (self.job, self.request, self.launch) = (job, request, launch)
    }

    /// `rocket backfill --dry-run`: what `run` would do, and why. Changes nothing.
    public func plan() throws -> BackfillPlan {
        try job.reading { databases in
            let stale =
                request.reprocess.looksAtLogs
                ? try databases.staleDays(job.context.specification.hash, in: span) : []
            return try BackfillPlanner(job, databases, launch).plan(request, stale: Set(stale), others: .marked)
        }
    }

    /// Does the nights that there are to do.
    ///
    /// It holds no lock of the job but those of the nights it works on: several processes share the nights of a range,
    /// and before each night it waits while a nightly job of the model is running.
    ///
    /// - Throws: what ends all of it: `JobError.interrupted`, wrong settings, a database that stays away.
    public func run() throws -> BackfillSummary {
        // Nights that follow from one another are for one process.
        guard isOrdered else { return try runShared() }
        if let holder = try job.take(.backfill) {
            throw JobError.locked(model: job.context.jobFile.model, holder: holder)
        }
        defer { job.release(.backfill) }
        return try runShared()
    }

    private func runShared() throws -> BackfillSummary {
        if request.reprocess.looksAtLogs { try rebuildStaleDays() }
        let plan = try job.planning("backfill") { databases in
            try BackfillPlanner(job, databases, launch).plan(request, others: .marked)
        }
        let queue = BackfillQueue(plan.toDo)
        let training = plan.toDo.compactMap { $0.night?.trainingDays.first }.min()
        // Bucketed features learn their boundaries from the oldest day, whichever night comes first.
        if let training { _ = try job.reading { try $0.extraction.learnedFeatures(from: training) } }
        // The ranks of a group train one model at a time.
        let jobs = launch.collective.isShared ? 1 : min(request.jobs, max(1, queue.total))
        try BackfillWork(request, queue, jobs: jobs, isOrdered: isOrdered, launch: launch).run(job)
        var summary = BackfillSummary()
        let ends = queue.ends
        for entry in plan.entries { summary.add(entry, ends[entry.day]) }
        for (day, reason) in summary.skipped { job.context.log.notice("\(day): no version, \(reason)") }
        return summary
    }

    /// Whether each night follows from the one before it.
    private var isOrdered: Bool { job.context.isChained || request.promotion == .byGate }

    private var span: ClosedRange<Day> { request.span(windowDays: job.context.jobFile.training.window.days) }

    /// Builds the cached days of the range again whose logs have changed; one process at a time, so that another finds
    /// it done.
    private func rebuildStaleDays() throws {
        let context = job.context
        let stale = try job.reading { try $0.staleDays(context.specification.hash, in: span) }
        guard !stale.isEmpty else { return }
        while let holder = try job.take(.rebuild) {
            context.log.notice("waiting for another process that builds stale days again: \(holder)")
            try context.interruption.sleep(.seconds(1))
        }
        defer { job.release(.rebuild) }
        _ = try StaleRebuild(job).run(in: span)
    }
}

extension JobContext {
    /// Whether each night continues the previous one.
    var isChained: Bool { jobFile.training.window.start == .incremental }
}
