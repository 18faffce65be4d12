import Days
import Digests
import Extract
import Foundation
import JobFile
import Logging
import Night
import Runs

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
    /// The text of the job file that is handed out: the given one unless a variant proved better.
    public var best: String
    /// What it changes.
    public var changes: String
    /// Why it is that one.
    public var decision: String
    /// The last rung that it was in.
    public var rung: Int
}

/// Searches for better settings by successive halving: many job files are trained for an epoch, the best third of them
/// for three, and so on; all on the window before a day without its latest fifth, of which the latest rows judge by the
/// light net's log loss. The variant that did best there is compared with the job file as it is on the fifth that no
/// trial has seen, and handed out where it is better by more than two standard errors.
///
/// Trials that an earlier run has written are not done again.
public struct SettingSearch {
    private let job: OpenJob
    private let launch: RankedLaunch

    /// - Parameter launch: the ranks that train.
    public init(_ job: OpenJob, launch: RankedLaunch = .alone) {
        (self.job, self.launch) = (job, launch)
    }

    public func run(_ request: SettingSearchRequest) throws -> SettingSearchResult {
        guard
            try job.databases.results.execute(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute
                               WHERE attrelid = to_regclass('rocket.search_trials') AND attname = 'seeds') AS ok
                """
            ).first?.bool("ok") == true
        else { throw JobError.notMigrated }
        return try job.holding(.model) {
            let night = try night(before: request.day)
            var result: SettingSearchResult?
            _ = try job.run("experiment", evaluatedDay: nil) { databases, recorder in
                let entries = try NightExtraction(job.context, databases, recorder).trainingRows(of: night)
                let work = SearchWork(
                    context: job.context, launch: launch, entries: entries, trained: night.trained,
                    databases: databases, recorder: recorder)
                let found = try search(request, work)
                result = found
                return RunOutcome(didWork: found.trained > 0)
            }
            guard let result else { throw JobError.nothingToTrainOn(evaluated: request.day, window: night.trained) }
            return result
        }
    }

    /// The window before a day, which itself is never read.
    private func night(before day: Day) throws -> Night {
        let (context, source) = (job.context, job.databases.source)
        try NightPlanner(context, source).checkMature(day.advanced(by: -1))
        let windowDays = context.jobFile.training.window.days
        let window = NightPlan.window(before: day, days: windowDays)
        let plan = try NightPlan(
            windowDays: windowDays, present: context.logDays.present(in: window, on: source) + [day])
        guard let night = plan.night(evaluated: day) else {
            throw JobError.noImpressions(
                day: day.advanced(by: -1), table: context.jobFile.source.impressions.table)
        }
        return night
    }

    private func search(_ request: SettingSearchRequest, _ work: SearchWork) throws -> SettingSearchResult {
        let jobFile = job.context.jobFile
        let keys = request.keys.map { $0.sorted().joined(separator: " ") } ?? "usual"
        let data = try WorkFingerprint(jobFile, launch, training: work.entries).work
        let fingerprint = try WorkFingerprint(
            work: SHA256Digest.of("search with a final \(keys)\n\(data)").hex, jobFile, launch
        ).version
        var trials = SearchTrials(work, fingerprint: fingerprint)
        let budget = request.budget / .seconds(1)
        let settings = SearchedSettings(keys: request.keys)

        let final = try SearchFinal(work, fingerprint: fingerprint)
        guard final.canJudge else { throw JobError.nothingToJudgeBy(days: work.trained) }
        // Equal parts of the budget for the rungs and the final.
        let parts = Double(SearchTrials.rungs.count + 1)

        // How many can be tried follows from how long the job file as it is takes.
        guard let base = try trials.run([], rung: 0) else { throw JobError.nothingToJudgeBy(days: work.trained) }
        let mostTrials = max(2, Int(budget / parts / max(base.seconds, 1e-3)))
        let count = min(mostTrials, request.mostTrials ?? 1_000)
        job.context.log.info("\(base.seconds) s for an epoch and its judgements: \(count) trials")
        var field = [[]] + (try settings.trials(max(1, count - 1), of: jobFile, seed: jobFile.training.seed))
        for rung in SearchTrials.rungs.indices {
            var done: [SearchTrials.Trial] = []
            // Wide nets and slow learners must not use up what the better ones are judged by.
            let affordable = budget * Double(rung + 1) / parts
            for changes in field {
                // What is begun is ended; the job file as it is comes first, and one variant is tried whatever it
                // costs, so that there always is something to compare with.
                guard trials.seconds < affordable || changes.isEmpty || (rung == 0 && done.count < 2) else { break }
                if let trial = try trials.run(changes, rung: rung) { done.append(trial) }
            }
            done.sort { ($0.lightLoss, $0.name) < ($1.lightLoss, $1.name) }
            guard rung + 1 < SearchTrials.rungs.count else { break }
            let third = done.prefix(max(2, (done.count + 2) / 3)).map(\.changes)
            field = [[]] + SearchTrials.withUnion(of: third.filter { !$0.isEmpty })
            guard field.count > 1 else { break }
        }
        return try decide(&trials, final, until: budget)
    }

    /// Compares the best variant with the job file as it is, where it did better in the trials.
    private func decide(
        _ trials: inout SearchTrials, _ final: SearchFinal, until limit: Double
    ) throws -> SettingSearchResult {
        let jobFile = job.context.jobFile
        let best = try trials.best()
        func kept(_ reason: String, rung: Int) -> SettingSearchResult {
            SettingSearchResult(
                fingerprint: trials.fingerprint, trained: trials.trained, best: jobFile.text, changes: "",
                decision: "kept the job file as it is: \(reason)", rung: rung)
        }
        guard !best.changes.isEmpty, let changed = SearchedSettings.job(jobFile, with: best.changes) else {
            return kept("no variant did better on the rows that judge the trials", rung: best.rung)
        }
        guard let (base, variant) = try trials.final(final, best.changes, until: limit),
            let error = variant.standardError, let seeds = variant.seeds
        else {
            return kept("the best variant (\(best.name)) could not be trained to its end", rung: best.rung)
        }
        let difference = variant.lightLoss - base.lightLoss
        let figures = String(
            format: "log loss differs by %+.5f ± %.5f on the latest %d rows, which no trial saw (%d seeds)", difference,
            error, final.rowCount, seeds)
        guard difference < -SearchFinal.clear * error else {
            return kept(
                "the best variant (\(best.name)) is not better by two standard errors: its \(figures)",
                rung: SearchTrials.finalRung)
        }
        return SettingSearchResult(
            fingerprint: trials.fingerprint, trained: trials.trained, best: changed.text, changes: best.name,
            decision: "changed \(best.name): better by more than two standard errors: its \(figures)",
            rung: SearchTrials.finalRung)
    }
}
