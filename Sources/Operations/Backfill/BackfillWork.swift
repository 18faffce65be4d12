import Collectives
import Days
import Dispatch
import Extract
import Foundation
import JobFile
import Logging
import Night
import Postgres
import Runs

extension BackfillReason {
    /// Whether the night is done once another process has done it.
    fileprivate var mayBeOver: Bool {
        switch self {
        // Another night of the same chain was made since, which the look at this one alone does not see.
        case .earlierNight: false
        default: true
        }
    }
}

/// A backfill at work: threads that take nights from a queue.
struct BackfillWork: Sendable {
    private let request: BackfillRequest
    private let queue: BackfillQueue
    /// Nights at a time.
    private let jobs: Int
    /// Whether each night follows from the one before it.
    private let isOrdered: Bool
    private let launch: RankedLaunch
    private let started = ContinuousClock.now

    init(
        _ request: BackfillRequest, _ queue: BackfillQueue, jobs: Int, isOrdered: Bool, launch: RankedLaunch
    ) {
        (self.request, self.queue, self.jobs) = (request, queue, jobs)
        (self.isOrdered, self.launch) = (isOrdered, launch)
    }

    /// Returns when all nights are over.
    ///
    /// - Throws: what stopped them.
    func run(_ job: OpenJob) throws {
        if jobs == 1 {
            work(first: job) { try job.context.open(job.settings) { job.show($0) } }
        } else {
            workInParallel(job)
        }
        if let error = queue.stopped { throw error }
    }

    private func workInParallel(_ job: OpenJob) {
        let (context, settings) = (job.context.divided(by: jobs), job.settings)
        let group = DispatchGroup()
        for _ in 0..<jobs {
            group.enter()
            Thread.detachNewThread { [self] in
                defer { group.leave() }
                do {
                    // Stages of several nights at once are more than a line can show.
                    work(first: try context.open(settings) { _ in }) { try context.open(settings) { _ in } }
                } catch {
                    queue.stop(error)
                }
            }
        }
        while group.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
            job.show(
                StageProgress(title: "backfill", done: queue.progress.done, total: queue.total, unit: "nights"))
        }
    }

    /// One thread's work. A job whose locks were lost is of no use for another night.
    private func work(first: OpenJob, another: () throws -> OpenJob) {
        var job = first
        do {
            while true {
                switch queue.next() {
                case .done: return
                case .pause: try job.context.interruption.sleep(.seconds(1))
                case .night(let entry):
                    if try work(on: entry, job) == .lost { job = try another() }
                }
            }
        } catch {
            queue.stop(error)
        }
    }

    /// What an open job is good for after a night.
    private enum JobState {
        case whole, lost
    }

    /// - Throws: what ends the whole backfill.
    private func work(on entry: BackfillPlan.Entry, _ job: OpenJob) throws -> JobState {
        let log = job.context.log
        try waitForNightly(of: job)
        do {
            let outcome = try backfill(entry, job)
            over(entry.day, .version(outcome), log)
        } catch JobError.locked(_, let holder) {
            if queue.isNews("\(entry.day) \(holder)") {
                log.notice("\(entry.day): another process works on it: \(holder); looking again later")
            }
            if isOrdered { queue.putBack(entry) } else { queue.postpone(entry) }
        } catch JobError.oneClass(let days, let rows, let clicks) {
            let reason = "\(JobError.oneClass(days: days, rows: rows, clicks: clicks))"
            over(entry.day, .noVersion(reason: reason), log)
        } catch  where !stopsAll(error) {
            log.error("\(entry.day): \(error)")
            let exit = JobError.exitStatus(for: error)
            over(entry.day, .failed(NightFailure(description: "\(error)", exit: exit)), log)
            if case JobError.lockLost = error { return .lost }
        }
        return .whole
    }

    private func over(_ day: Day, _ end: NightEnd, _ log: Logger) {
        queue.finish(day, end)
        let (done, worked) = queue.progress
        let pace = BackfillPace(
            total: queue.total, done: done, worked: worked, elapsed: ContinuousClock.now - started)
        log.info(
            "\(pace.description)",
            metadata: ["done": .stringConvertible(done), "total": .stringConvertible(queue.total)])
    }

    /// Does one night, unless another process did it meanwhile.
    ///
    /// - Throws: `JobError.locked` while another process works on it.
    private func backfill(_ entry: BackfillPlan.Entry, _ job: OpenJob) throws -> RunOutcome {
        guard let night = entry.night else { return RunOutcome(didWork: false, version: entry.version) }
        return try NightRun(night, .backfill, promotion: request.promotion, launch: launch).run(job) {
            var one = request
            one.days = entry.day...entry.day
            let now = try job.reading { databases in
                try BackfillPlanner(job, databases, launch).plan(one, others: .ignored).entries.first
            }
            guard let now, now.action == .skip, entry.reason.mayBeOver else { return nil }
            return RunOutcome(didWork: false, version: now.version)
        }
    }

    /// Waits while a nightly job, or another one that must be alone, works on the model.
    private func waitForNightly(of job: OpenJob) throws {
        let context = job.context
        while let holder = try job.reading({ try job.holder(of: .model, on: $0.results) }) {
            if queue.isNews(holder) {
                context.log.notice("waiting for another run of model ‘\(context.jobFile.model)’: \(holder)")
            }
            try context.interruption.sleep(.seconds(1))
        }
    }

    /// What is wrong with one night is no matter of the others; what is wrong with all is not tried again and again.
    private func stopsAll(_ error: any Error) -> Bool {
        if JobError.isInterruption(error) { return true }
        if case JobError.lockLost = error { return isOrdered }
        // Ranks that have lost each other train no night.
        if let error = error as? CollectiveError, error.breaksGroup { return true }
        // It was away for longer than `database.retry`.
        if let error = error as? PostgresError, error.isTransient { return true }
        return JobError.exitStatus(for: error) == .configuration
    }
}

extension JobContext {
    /// Opens the job for work at night.
    fileprivate func open(
        _ settings: Extraction.Databases, progress: @escaping ProgressHandler
    ) throws -> OpenJob {
        try OpenJob(self, settings, patience: .asJobFile, progress: progress)
    }

    /// The same for each of several jobs that work at once; cores and workers are shared.
    fileprivate func divided(by jobs: Int) -> JobContext {
        var context = self
        let cores = ProcessInfo.processInfo.activeProcessorCount
        context.jobFile.training.machine.threads = jobFile.training.machine.threads ?? max(1, cores / jobs)
        context.jobFile.extraction.workers = max(1, jobFile.extraction.workers / jobs)
        return context
    }
}
