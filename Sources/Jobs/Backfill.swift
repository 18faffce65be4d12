import AdLogs
import Collectives
import Days
import Dispatch
import Extract
import Foundation
import Logging
import Postgres

extension JobSession {
    /// `rocket backfill --dry-run`: what `backfill` would do, and why. Changes nothing.
    ///
    /// - Throws: `JobError.outOfOrder`.
    public func backfillPlan(_ request: BackfillRequest) throws -> BackfillPlan {
        try request.check(chained: isChained)
        return try looking {
            let stale = request.reprocess.looksAtLogs ? try staleDays(in: span(of: request)).map(\.day) : []
            return try makePlan(request, stale: Set(stale), others: .marked)
        }
    }

    /// `rocket backfill`: nights that are made up for, each judged on a day of the range. A version sees only the days
    /// before the one it is judged on, and is marked as backfilled. Nights that are done are left alone, so it is safe to
    /// repeat.
    ///
    /// It holds no lock of the job but those of the nights it works on: several processes share the nights of a range,
    /// and before each night it waits while a nightly job of the model is under way.
    ///
    /// - Throws: what ends all of it: `JobError.outOfOrder`, `.interrupted`, wrong settings, a database that stays away.
    public func backfill(_ request: BackfillRequest) throws -> BackfillSummary {
        try request.check(chained: isChained)
        // Nights that follow from one another are for one process.
        guard isChained || request.promotion == .byGate else { return try backfillShared(request) }
        let lock = "rocket/\(jobFile.model)/backfill"
        if let holder = try locks.take(lock) { throw JobError.locked(model: jobFile.model, holder: holder) }
        defer { locks.release(lock) }
        return try backfillShared(request)
    }

    private func backfillShared(_ request: BackfillRequest) throws -> BackfillSummary {
        if request.reprocess.looksAtLogs { try rebuildStaleDays(of: request) }
        let plan = try planning("backfill") { try makePlan(request, others: .marked) }
        let queue = BackfillQueue(plan.toDo)
        let training = plan.toDo.compactMap { $0.night?.trainingDays.first }.min()
        // Bucketed features learn their boundaries from the oldest day, whichever night comes first.
        if let training { _ = try looking { try extraction.learnedFeatures(from: training) } }
        // The ranks of a group train one model at a time.
        let jobs = launch.collective.isShared ? 1 : min(request.jobs, max(1, queue.total))
        try Backfill(request, queue, jobs: jobs, chained: isChained).work(self)
        var summary = BackfillSummary()
        let ends = queue.ends
        for entry in plan.entries { summary.add(entry, ends[entry.day]) }
        for (day, reason) in summary.skipped { log.notice("\(day): no version, \(reason)") }
        return summary
    }

    /// Does one night, unless another process did it meanwhile.
    ///
    /// - Throws: `JobError.locked` while another process works on it.
    func backfill(_ entry: BackfillPlan.Entry, _ request: BackfillRequest) throws -> RunOutcome {
        guard let night = entry.night else { return RunOutcome(didWork: false, version: entry.version) }
        return try runNight(night, .backfill, promotion: request.promotion) {
            var one = request
            one.days = entry.day...entry.day
            let now = try looking { try makePlan(one, others: .ignored).entries.first }
            guard let now, now.action == .skip, entry.reason.mayBeOver else { return nil }
            return RunOutcome(didWork: false, version: now.version)
        }
    }

    /// Waits while a nightly job, or another one that must be alone, works on the model.
    func waitForJob(_ queue: BackfillQueue) throws {
        while let holder = try looking({ try jobHolder() }) {
            if queue.isNews(holder) { log.notice("waiting for another run of model ‘\(jobFile.model)’: \(holder)") }
            try interruption.sleep(.seconds(1))
        }
    }

    private func jobHolder() throws -> String? {
        guard let holder = try AdvisoryLock.holder(of: "rocket/\(jobFile.model)", on: connection) else { return nil }
        return try ledger.living(model: jobFile.model) ?? "\(holder)"
    }

    private var isChained: Bool { jobFile.training.start == .incremental }

    /// Looks at the range's days and the windows before them.
    ///
    /// - Parameter stale: cached days whose logs have changed since.
    private func makePlan(
        _ request: BackfillRequest, stale: Set<Day> = [], others: OtherWork
    ) throws -> BackfillPlan {
        let span = span(of: request)
        let mature = try logDays.lastMature(asOf: .now, on: source)
        let nights = NightPlan(
            windowDays: jobFile.training.windowDays, present: try logDays.present(in: span, on: source))
        let wanted = request.days.filter { $0 <= mature }.compactMap { nights.night(evaluated: $0) }
        return BackfillPlan(
            request, nights: nights, mature: mature, stale: stale, chained: isChained,
            facts: try facts(of: wanted, for: request, others: others))
    }

    private func span(of request: BackfillRequest) -> ClosedRange<Day> {
        NightPlan.window(before: request.days.lowerBound, days: jobFile.training.windowDays)
            .lowerBound...request.days.upperBound
    }

    /// Builds the cached days of the range again whose logs have changed; one process at a time, so that another finds it
    /// done.
    private func rebuildStaleDays(of request: BackfillRequest) throws {
        let span = span(of: request)
        guard try !looking({ try staleDays(in: span) }).isEmpty else { return }
        let lock = "rocket/\(jobFile.model)/rebuild"
        while let holder = try locks.take(lock) {
            log.notice("waiting for another process that builds stale days again: \(holder)")
            try interruption.sleep(.seconds(1))
        }
        defer { locks.release(lock) }
        _ = try rebuildStale(in: span)
    }
}

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
private struct Backfill {
    private let request: BackfillRequest
    private let queue: BackfillQueue
    private let jobs: Int
    private let chained: Bool
    private let started = ContinuousClock.now

    init(_ request: BackfillRequest, _ queue: BackfillQueue, jobs: Int, chained: Bool) {
        (self.request, self.queue, self.jobs, self.chained) = (request, queue, jobs, chained)
    }

    /// Returns when all nights are over.
    ///
    /// - Throws: what stopped them.
    func work(_ session: JobSession) throws {
        if jobs == 1 {
            work(first: session) { try session.settings.open { session.show($0) } }
        } else {
            workInParallel(session)
        }
        if let error = queue.stopped { throw error }
    }

    private func workInParallel(_ session: JobSession) {
        let settings = session.settings.divided(by: jobs)
        let group = DispatchGroup()
        for _ in 0..<jobs {
            group.enter()
            Thread.detachNewThread { [self] in
                defer { group.leave() }
                do {
                    // Stages of several nights at once are more than a line can show.
                    work(first: try settings.open { _ in }) { try settings.open { _ in } }
                } catch {
                    queue.stop(error)
                }
            }
        }
        while group.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
            session.show(
                StageProgress(title: "backfill", done: queue.progress.done, total: queue.total, unit: "nights"))
        }
    }

    /// One thread's work. A session whose locks were lost is of no use for another night.
    private func work(first: JobSession, another: () throws -> JobSession) {
        var session = first
        do {
            while true {
                switch queue.next() {
                case .done: return
                case .pause: try session.interruption.sleep(.seconds(1))
                case .night(let entry):
                    if try work(on: entry, session) == .lost { session = try another() }
                }
            }
        } catch {
            queue.stop(error)
        }
    }

    /// What a session is good for after a night.
    private enum SessionState {
        case whole, lost
    }

    /// - Throws: what ends the whole backfill.
    private func work(on entry: BackfillPlan.Entry, _ session: JobSession) throws -> SessionState {
        try session.waitForJob(queue)
        do {
            let outcome = try session.backfill(entry, request)
            over(entry.day, .version(outcome), session.log)
        } catch JobError.locked(_, let holder) {
            if queue.isNews("\(entry.day) \(holder)") {
                session.log.notice("\(entry.day): another process works on it: \(holder); looking again later")
            }
            if isOrdered { queue.putBack(entry) } else { queue.postpone(entry) }
        } catch JobError.oneClass(let days, let rows, let clicks) {
            let reason = "\(JobError.oneClass(days: days, rows: rows, clicks: clicks))"
            over(entry.day, .noVersion(reason: reason), session.log)
        } catch  where !stopsAll(error) {
            session.log.error("\(entry.day): \(error)")
            let exit = JobError.exitStatus(for: error)
            over(entry.day, .failed(NightFailure(description: "\(error)", exit: exit)), session.log)
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

    private var isOrdered: Bool { chained || request.promotion == .byGate }

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

extension SessionSettings {
    /// A session for work at night.
    fileprivate func open(progress: @escaping ProgressHandler) throws -> JobSession {
        try JobSession(self, patience: .asJobFile, progress: progress)
    }

    /// The same for each of several sessions that work at once; cores and workers are shared.
    fileprivate func divided(by jobs: Int) -> SessionSettings {
        var settings = self
        let cores = ProcessInfo.processInfo.activeProcessorCount
        settings.jobFile.training.threads = jobFile.training.threads ?? max(1, cores / jobs)
        settings.jobFile.extraction.workers = max(1, jobFile.extraction.workers / jobs)
        return settings
    }
}
