import Days
import Night
import Runs

/// What a backfill is asked to do.
public struct BackfillRequest: Sendable {
    /// Days to judge models on.
    public var days: ClosedRange<Day>
    public var order: BackfillOrder
    public var reprocess: Reprocess
    /// Nights at a time in this process.
    public var jobs: Int
    public var promotion: Promotion

    public init(
        days: ClosedRange<Day>, order: BackfillOrder = .oldest, reprocess: Reprocess = .none, jobs: Int = 1,
        promotion: Promotion = .none
    ) {
        self.days = days
        self.order = order
        self.reprocess = reprocess
        self.jobs = jobs
        self.promotion = promotion
    }

    /// - Parameter chained: whether each night continues the previous one.
    /// - Throws: `JobError.outOfOrder` where nights that follow from one another are to be done in another way.
    package func check(chained: Bool) throws {
        guard order == .newest || jobs > 1 else { return }
        if chained {
            throw JobError.outOfOrder(
                reason: "with training.start incremental each night resumes from the one before it, oldest first")
        }
        if promotion == .byGate {
            throw JobError.outOfOrder(
                reason: "the gate judges each night against the version that was promoted before it, the oldest first")
        }
    }
}

/// Which night of a range comes first.
public enum BackfillOrder: String, CaseIterable, Sendable {
    case oldest, newest
}

/// Which nights of a range are done again. Those without a version of the job file's features and source always are.
public enum Reprocess: String, CaseIterable, Sendable {
    /// No other.
    case none
    /// Those whose last run failed, died or was stopped.
    case failed
    /// Those whose logs, settings or program have changed since.
    case stale
    /// All.
    case all

    /// Whether cached days are held against the logs first.
    var looksAtLogs: Bool { self == .stale || self == .all }
}
