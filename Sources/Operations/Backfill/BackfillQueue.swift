import Days
import Runs
import Synchronization

/// The nights that a backfill still has to do, shared by its threads, and the outcomes of the others.
final class BackfillQueue: Sendable {
    private let state: Mutex<State>
    /// How many nights there are.
    let total: Int

    private struct State {
        var pending: [BackfillPlan.Entry]
        /// Nights that another process works on.
        var postponed: [BackfillPlan.Entry] = []
        var pauses = false
        var ends: [Day: NightEnd] = [:]
        var worked = 0
        var stop: (any Error)?
        var toldOf: Set<String> = []
    }

    /// What a thread is to do next.
    enum Next {
        case night(BackfillPlan.Entry)
        /// Wait a moment: all nights that are left are in other hands.
        case pause
        case done
    }

    /// - Parameter entries: in the order in which to do them.
    init(_ entries: [BackfillPlan.Entry]) {
        total = entries.count
        state = Mutex(State(pending: entries))
    }

    func next() -> Next {
        state.withLock { state in
            guard state.stop == nil else { return .done }
            if state.pauses {
                state.pauses = false
                return .pause
            }
            if !state.pending.isEmpty { return .night(state.pending.removeFirst()) }
            guard !state.postponed.isEmpty else { return .done }
            (state.pending, state.postponed) = (state.postponed, [])
            return .pause
        }
    }

    /// Keeps a night for the end, when it is looked at again.
    func postpone(_ entry: BackfillPlan.Entry) {
        state.withLock { $0.postponed.append(entry) }
    }

    /// Keeps a night to be looked at again before any other.
    func putBack(_ entry: BackfillPlan.Entry) {
        state.withLock { state in
            state.pending.insert(entry, at: 0)
            state.pauses = true
        }
    }

    func finish(_ day: Day, _ end: NightEnd) {
        state.withLock { state in
            state.ends[day] = end
            if case .version(let outcome) = end, !outcome.didWork { return }
            state.worked += 1
        }
    }

    /// Ends the whole backfill once its threads are between two nights; the first error counts.
    func stop(_ error: any Error) {
        state.withLock { state in
            // That a signal came is what the others ended by, too.
            if state.stop == nil { state.stop = error }
        }
    }

    /// Whether a sentence has not been logged before.
    func isNews(_ sentence: String) -> Bool { state.withLock { $0.toldOf.insert(sentence).inserted } }

    var stopped: (any Error)? { state.withLock { $0.stop } }
    var ends: [Day: NightEnd] { state.withLock { $0.ends } }
    /// Nights that are over, and how many of them took work.
    var progress: (done: Int, worked: Int) { state.withLock { ($0.ends.count, $0.worked) } }
}

/// The outcome of a night.
enum NightEnd: Sendable {
    /// Made now or before, by whichever process.
    case version(RunOutcome)
    /// There is nothing to learn from its days.
    case noVersion(reason: String)
    case failed(NightFailure)
}

/// What went wrong with a night.
public struct NightFailure: Sendable {
    public var description: String
    public var exit: ExitStatus
}

/// How fast a backfill goes: time left by the nights that took work. A pure value.
package struct BackfillPace {
    var total: Int
    var done: Int
    /// The nights done that took work here; those that other processes did took none.
    var worked: Int
    var elapsed: Duration

    package init(total: Int, done: Int, worked: Int, elapsed: Duration) {
        self.total = total
        self.done = done
        self.worked = worked
        self.elapsed = elapsed
    }

    /// Nil until a night has taken work.
    private var left: Duration? { worked > 0 ? elapsed * (total - done) / worked : nil }

    /// `backfill  7 of 30 nights, 12 min left`
    package var description: String {
        "backfill  \(done) of \(total) nights" + (done < total ? left.map { ", \(Self.text($0)) left" } ?? "" : "")
    }

    private static func text(_ duration: Duration) -> String {
        let seconds = Int((duration / .seconds(1)).rounded())
        return switch seconds {
        case ..<100: "\(seconds) s"
        case ..<7_200: "\((seconds + 30) / 60) min"
        default: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        }
    }
}
