import Days
import Runs

/// The result of a backfill.
public struct BackfillSummary: Sendable {
    /// Nights with a version, made now or before.
    public private(set) var nights: [(day: Day, outcome: RunOutcome)] = []
    /// Days without a version, and why.
    public private(set) var skipped: [(day: Day, reason: String)] = []
    /// Nights that went wrong.
    public private(set) var failed: [(day: Day, failure: NightFailure)] = []

    /// - Parameter end: nil: the night was not worked on.
    mutating func add(_ entry: BackfillPlan.Entry, _ end: NightEnd?) {
        switch end {
        case .version(let outcome): nights.append((entry.day, outcome))
        case .noVersion(let reason): skipped.append((entry.day, reason))
        case .failed(let failure): failed.append((entry.day, failure))
        case nil:
            if let version = entry.version {
                nights.append((entry.day, RunOutcome(didWork: false, version: version)))
            } else {
                skipped.append((entry.day, "\(entry.reason)"))
            }
        }
    }

    /// The exit code of a command with this result: that of the worst night.
    public var exitStatus: ExitStatus {
        let found = Set(failed.map(\.failure.exit))
        let order: [ExitStatus] = [.internalError, .database, .dataCheckFailed]
        if let worst = order.first(where: found.contains) { return worst }
        if let other = failed.first?.failure.exit { return other }
        guard nights.contains(where: \.outcome.didWork) else { return .nothingToDo }
        // With promotion, what counts is whether the last night that was done is live.
        return nights.filter(\.outcome.didWork).max { $0.day < $1.day }?.outcome.exitStatus ?? .done
    }
}
