import Days
import Digests
import Extract
import Foundation
import JobFile
import Logging
import RocketLaunching

/// What `rocket experiment --search` is asked for.
public struct SettingSearchRequest: Sendable {
    /// The day after the training window; it is never read.
    public var day: Day
    /// How long trainings may take, together.
    public var budget: Duration
    /// Variants at most, the job file as it is among them; nil: as many as the budget allows.
    public var mostTrials: Int?
    /// The keys that are tried; nil: the usual ones.
    public var keys: Set<String>?

    public init(day: Day, budget: Duration, mostTrials: Int? = nil, keys: Set<String>? = nil) {
        self.day = day
        self.budget = budget
        self.mostTrials = mostTrials
        self.keys = keys
    }

    /// The keys that can be tried.
    public static var knownKeys: [String] { SearchedSettings.keys }
}

/// What a search came to.
public struct SettingSearchResult: Sendable {
    /// Of the search: its lines are in `rocket.search_trials`.
    public var fingerprint: String
    public var trained: Int
    /// The text of the best job file: the given one where nothing was better.
    public var best: String
    /// What it changes.
    public var changes: String
}

extension JobSession {
    /// Searches for better settings by successive halving: many job files are trained for an epoch, the best third of them for
    /// three, and so on; all on the window before a day without its latest rows, which judge by the light net's log loss.
    /// Trials that an earlier run has written are not done again.
    public func search(_ request: SettingSearchRequest) throws -> SettingSearchResult {
        try locked {
            let mature = try logDays.lastMature(asOf: .now, on: source)
            guard request.day.advanced(by: -1) <= mature else {
                throw JobError.immature(day: request.day.advanced(by: -1), lastMature: mature)
            }
            let plan = try NightPlan(
                windowDays: jobFile.training.windowDays,
                present: logDays.present(
                    in: NightPlan.window(before: request.day, days: jobFile.training.windowDays), on: source)
                    + [request.day])
            guard let night = plan.night(evaluated: request.day) else {
                throw JobError.noImpressions(
                    day: request.day.advanced(by: -1), table: jobFile.source.impressions.table)
            }
            var result: SettingSearchResult?
            _ = try run("experiment", evaluatedDay: nil) { recorder in
                nameMissing(night.missingDays)
                let days = try cached(night.trainingDays, recorder: recorder).map(\.day)
                try checkRejected(days)
                let entries = days.flatMap(\.entries)
                try checkClasses(entries, days: night.trained)
                let found = try search(request, on: entries, night, recorder)
                result = found
                return RunOutcome(didWork: found.trained > 0, version: nil)
            }
            guard let result else { throw JobError.nothingToTrainOn(evaluated: request.day, window: night.trained) }
            return result
        }
    }

    private func search(
        _ request: SettingSearchRequest, on entries: [CacheManifest.Entry], _ night: Night, _ recorder: RunRecorder
    ) throws -> SettingSearchResult {
        let keys = request.keys.map { $0.sorted().joined(separator: " ") } ?? "usual"
        let fingerprint = try SHA256Digest.of(
            "search \(keys)\n\(fingerprint(of: jobFile, training: entries, evaluation: [], parent: nil))"
        ).hex
        var trials = try SearchTrials(
            self, fingerprint: versionFingerprint(fingerprint), entries: entries, trainedTo: night.trained.upperBound,
            recorder: recorder)
        let budget = request.budget / .seconds(1)
        let settings = SearchedSettings(keys: request.keys)

        // How many can be tried follows from how long the job file as it is takes.
        guard let base = try trials.run([], rung: 0) else { throw JobError.nothingToJudgeBy(days: night.trained) }
        let affordable = max(2, Int(budget / Double(SearchTrials.rungs.count) / max(base.seconds, 1e-3)))
        let count = min(affordable, request.mostTrials ?? 1_000)
        log.info("\(base.seconds) s for an epoch and its judgements: \(count) trials")
        var field = [[]] + (try settings.trials(max(1, count - 1), of: jobFile, seed: jobFile.training.seed))
        for rung in SearchTrials.rungs.indices {
            var done: [SearchTrials.Trial] = []
            for changes in field {
                // What is begun is ended; the job file as it is comes first, so that there always is something to compare with.
                guard trials.seconds < budget || changes.isEmpty else { break }
                if let trial = try trials.run(changes, rung: rung) { done.append(trial) }
            }
            done.sort { ($0.lightLoss, $0.name) < ($1.lightLoss, $1.name) }
            guard rung + 1 < SearchTrials.rungs.count else { break }
            let third = done.prefix(max(2, (done.count + 2) / 3)).map(\.changes)
            field = [[]] + SearchTrials.withUnion(of: third.filter { !$0.isEmpty })
        }
        let best = try trials.best()
        guard let job = SearchedSettings.job(jobFile, with: best.changes) else {
            return SettingSearchResult(
                fingerprint: trials.fingerprint, trained: trials.trained, best: jobFile.text, changes: "")
        }
        return SettingSearchResult(
            fingerprint: trials.fingerprint, trained: trials.trained, best: job.text, changes: best.name)
    }
}
