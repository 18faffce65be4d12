import Days
import Night

/// What a backfill does with each day of its range, and why. A pure value: no clock, no database.
public struct BackfillPlan: Equatable, Sendable {
    /// The nights, in the order in which they are worked on.
    public let entries: [Entry]

    /// One day of the range.
    public struct Entry: Equatable, Sendable {
        public var day: Day
        /// Nil: there is none that is judged on the day.
        public var night: Night?
        public var action: BackfillAction
        public var reason: BackfillReason
        /// What is there of the night.
        public var version: Int?
    }

    /// - Parameters:
    ///   - mature: the last day whose clicks are all in.
    ///   - stale: cached days whose logs have changed since.
    ///   - chained: whether each night continues the previous one.
    package init(
        _ request: BackfillRequest, nights: NightPlan, mature: Day, stale: Set<Day> = [], chained: Bool = false,
        facts: [Day: NightFacts]
    ) {
        var remade: Day?
        var entries: [Entry] = []
        for day in request.days {
            let facts = facts[day] ?? NightFacts()
            let night = day <= mature ? nights.night(evaluated: day) : nil
            var (action, reason) = Self.action(on: night, facts, request, stale: stale)
            if let night {
                if action == .skip, reason == .upToDate, chained, let remade {
                    (action, reason) = (.make, .earlierNight(remade))
                }
                if action == .make { remade = night.evaluatedDay }
                if action != .skip, let worker = facts.worker { (action, reason) = (.wait, .workedOn(by: worker)) }
            } else {
                reason = day > mature ? .notMature : nights.has(day) ? .nothingToTrainOn : .noImpressions
            }
            entries.append(Entry(day: day, night: night, action: action, reason: reason, version: facts.version))
        }
        self.entries = request.order == .oldest ? entries : entries.reversed()
    }

    /// What there is to do for a night, whoever works on it.
    private static func action(
        on night: Night?, _ facts: NightFacts, _ request: BackfillRequest, stale: Set<Day>
    ) -> (BackfillAction, BackfillReason) {
        guard let night else { return (.skip, .noImpressions) }
        guard facts.version != nil else { return (.make, facts.lastRun.map { .lastRun($0) } ?? .noVersion) }
        let changed = (night.trainingDays + [night.evaluatedDay]).filter(stale.contains)
        switch request.reprocess {
        case .failed where facts.lastRun != nil: return (.make, facts.lastRun.map { .lastRun($0) } ?? .asked)
        case .stale where !changed.isEmpty: return (.make, .logsChanged(changed))
        case .stale where !facts.isCurrent: return (.make, .changed)
        case .all: return (.make, facts.isCurrent && changed.isEmpty ? .askedThoughCurrent : .asked)
        case .none, .failed, .stale: break
        }
        // A version of other settings than today's cannot be judged with them.
        if request.promotion == .byGate, !facts.isJudged, facts.isCurrent { return (.judge, .unjudged) }
        return (.skip, request.reprocess == .stale ? .upToDate : .hasVersion)
    }

    /// Nights to work on, or to wait for.
    var toDo: [Entry] { entries.filter { $0.action != .skip } }
    /// Whether this process would have something to do at once.
    public var hasWork: Bool { entries.contains { $0.action == .make || $0.action == .judge } }
}

/// What is known of a day's night before a backfill.
package struct NightFacts: Equatable, Sendable {
    /// The one that would be made now, or else the newest of the job file's features and source; nil: none.
    package var version: Int?
    /// Whether the version was made from the settings, the program and the data of now.
    package var isCurrent = false
    /// Whether the gate has been asked about the version.
    package var isJudged = false
    /// The last run of the night, where it failed, died or was stopped.
    package var lastRun: BadRun?
    /// Who works on the night now.
    package var worker: String?

    package init(
        version: Int? = nil, isCurrent: Bool = false, isJudged: Bool = false, lastRun: BadRun? = nil,
        worker: String? = nil
    ) {
        self.version = version
        self.isCurrent = isCurrent
        self.isJudged = isJudged
        self.lastRun = lastRun
        self.worker = worker
    }
}

/// A run that did not end well.
public struct BadRun: Equatable, Sendable {
    public var run: Int
    /// `failed`, `died` or `interrupted`.
    public var status: String

    package init(run: Int, status: String) {
        self.run = run
        self.status = status
    }
}

/// What a backfill does with a day.
public enum BackfillAction: String, Sendable {
    /// Trains and judges a version.
    case make
    /// Has the gate judge the version that is there.
    case judge
    /// Waits for another process that works on the night, and looks again.
    case wait
    case skip
}

/// Why a backfill does with a day what it does.
public enum BackfillReason: Equatable, Sendable, CustomStringConvertible {
    case noVersion
    case lastRun(BadRun)
    case logsChanged([Day])
    case changed
    case earlierNight(Day)
    case asked
    case askedThoughCurrent
    case unjudged
    case workedOn(by: String)
    case hasVersion
    case upToDate
    case notMature
    case noImpressions
    case nothingToTrainOn

    public var description: String {
        switch self {
        case .noVersion: "there is no version yet"
        case .lastRun(let run):
            "run \(run.run) of the night \(run.status == "interrupted" ? "was interrupted" : run.status)"
        case .logsChanged(let days): "logs changed since: \(days.stretches)"
        case .changed: "settings, program or data differ from the version's"
        case .earlierNight(let day): "it resumes from the night of \(day), which is made again"
        case .asked: "asked for"
        case .askedThoughCurrent:
            "asked for; settings and data are the version's, so most likely nothing new comes of it"
        case .unjudged: "the gate was never asked about the version"
        case .workedOn(let worker): "another process works on it: \(worker)"
        case .hasVersion: "there is a version"
        case .upToDate: "the version is up to date"
        case .notMature: "not mature: clicks on it may still arrive"
        case .noImpressions: "no impressions"
        case .nothingToTrainOn: "no earlier day to train on"
        }
    }
}
