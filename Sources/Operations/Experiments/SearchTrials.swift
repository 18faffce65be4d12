import Days
import Digests
import Extract
import JobFile
import Logging
import Night
import Postgres
import Runs
import Training

/// What the trials of a search work with.
struct SearchWork {
    let context: JobContext
    let launch: RankedLaunch
    /// That are trained on, in time order.
    let entries: [CacheManifest.Entry]
    let trained: ClosedRange<Day>
    let databases: Databases
    let recorder: RunRecorder
    let counted = CountedIDs()
}

/// The trials of one search: each is trained once, and written when it is done.
struct SearchTrials {
    /// Epochs of each rung; each net is judged at its best point up to there.
    static let rungs = [1, 3, 30]
    /// The rung of the final's lines.
    static let finalRung = rungs.count

    let fingerprint: String
    /// Of all trials, those of earlier runs too.
    private(set) var seconds = 0.0
    /// By this run.
    private(set) var trained = 0
    private let work: SearchWork
    private var done: [Trial] = []

    /// One job file, and what came of it.
    struct Trial {
        let changes: [SettingChange]
        let rung: Int
        let lightLoss: Double
        let boosterLoss: Double?
        let epochs: Double
        let seconds: Double
        /// Of the final only: how many seeds were trained, and the standard error of the log loss's difference from the
        /// job file as it is.
        var seeds: Int?
        var standardError: Double?

        var name: String { SearchTrials.name(changes) }
    }

    /// - Parameter fingerprint: of the search.
    init(_ work: SearchWork, fingerprint: String) {
        (self.work, self.fingerprint) = (work, fingerprint)
    }

    static func name(_ changes: [SettingChange]) -> String {
        changes.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
    }

    /// What survived, and what the best two of it come to together, where they change different keys.
    static func withUnion(of survivors: [[SettingChange]]) -> [[SettingChange]] {
        guard survivors.count > 1 else { return survivors }
        let keys = Set(survivors[0].map(\.path))
        let union = (survivors[0] + survivors[1].filter { !keys.contains($0.path) }).sorted { $0.key < $1.key }
        return survivors + (survivors.contains(union) ? [] : [union])
    }

    /// Trains a trial, or finds it done.
    ///
    /// - Returns: nil where it is no job file, or the held-out rows told nothing.
    mutating func run(_ changes: [SettingChange], rung: Int) throws -> Trial? {
        if let there = done.first(where: { $0.changes == changes && $0.rung == rung }) { return there }
        if let stored = try stored(changes, rung: rung) {
            seconds += stored.seconds
            done.append(stored)
            return stored
        }
        guard var job = SearchedSettings.job(work.context.jobFile, with: changes) else { return nil }
        job.nets = job.nets.plain
        var search = EpochSearch()
        search.mostEpochs = Self.rungs[rung]
        job.training.passes.search = search
        job.training.validation.share = 0
        let folder = try CheckpointFolder(
            of: SHA256Digest.of("\(fingerprint) \(rung) \(Self.name(changes))").hex, work.context, work.launch)
        let reports: (light: TrainingReport, booster: TrainingReport)
        do {
            reports = try trainings(job, folder).judged()
        } catch let error as TrainingError {
            guard case .notFinite = error else { throw error }
            work.context.log.notice("\(Self.name(changes)): \(error)")
            folder.remove()
            return nil
        }
        func least(_ report: TrainingReport, _ loss: (TrainingReport.ValidationPoint) -> Double?) -> Double? {
            report.validations.compactMap(loss).min()
        }
        folder.remove()
        let isPair = reports.light.arm == .rocket
        guard let loss = least(reports.light, \.lightLoss) else { return nil }
        let trial = Trial(
            changes: changes, rung: rung, lightLoss: loss, boosterLoss: least(reports.booster, \.boosterLoss),
            epochs: search.epochs(reports.light.validations, \.lightLoss) ?? 1,
            seconds: reports.light.seconds + (isPair ? 0 : reports.booster.seconds))
        seconds += trial.seconds
        trained += 1
        done.append(trial)
        try write(trial, job: SearchedSettings.job(work.context.jobFile, with: changes)?.text ?? "")
        work.context.log.info(
            "\(changes.isEmpty ? "the job file as it is" : trial.name): log loss \(loss) in \(Self.rungs[rung]) epochs at most"
        )
        return trial
    }

    private func trainings(_ job: JobFile, _ folder: CheckpointFolder) throws -> ArmTrainings {
        let choices = try EpochChoices(
            work.databases.results,
            EpochChoices.Work(
                work.context.jobFile, work.launch, fingerprint: fingerprint, trainedTo: work.trained.upperBound),
            reuse: .never)
        return ArmTrainings(
            ArmTrainer(
                work.context, work.databases.extraction, work.recorder, work.launch, counted: work.counted),
            ArmTrainings.Work(
                entries: work.entries, leftOut: SearchFinal.leftOut, checkpoints: { _ in folder }, choices: choices),
            job: job)
    }

    /// The best of the highest rung that any variant reached: there the job file as it is has something to be compared
    /// with.
    func best() throws -> Trial {
        let highest = done.filter { !$0.changes.isEmpty }.map(\.rung).max() ?? 0
        guard let best = done.filter({ $0.rung == highest }).min(by: { $0.lightLoss < $1.lightLoss }) else {
            throw TrainingError.noRows
        }
        return best
    }

    /// Holds the final, or finds it done.
    ///
    /// - Parameters:
    ///   - changes: of the variant.
    ///   - seconds: that the search may take in all.
    /// - Returns: nil where it tells nothing: a training ended in numbers that are not finite.
    mutating func final(
        _ final: SearchFinal, _ changes: [SettingChange], until limit: Double
    ) throws -> (base: Trial, variant: Trial)? {
        if let base = try stored([], rung: Self.finalRung), let variant = try stored(changes, rung: Self.finalRung),
            base.seeds == variant.seeds
        {
            return (base, variant)
        }
        work.context.log.info("final: \(Self.name(changes)) against the job file as it is")
        guard let outcome = try final.run(changes, seconds: limit - seconds), let difference = outcome.difference,
            let base = try trial([], outcome.base, final), var variant = try trial(changes, outcome.variant, final)
        else { return nil }
        variant.standardError = difference.standardError
        trained += 2
        for trial in [base, variant] {
            seconds += trial.seconds
            try write(trial, job: SearchedSettings.job(work.context.jobFile, with: trial.changes)?.text ?? "")
        }
        try final.removeCheckpoints(changes)
        return (base, variant)
    }

    private func trial(
        _ changes: [SettingChange], _ judged: SearchFinal.Judged, _ final: SearchFinal
    ) throws -> Trial? {
        guard let light = try final.logLoss(judged.light) else { return nil }
        return Trial(
            changes: changes, rung: Self.finalRung, lightLoss: light, boosterLoss: try final.logLoss(judged.booster),
            epochs: judged.epochs, seconds: judged.seconds, seeds: judged.light.count)
    }

    private func stored(_ changes: [SettingChange], rung: Int) throws -> Trial? {
        try work.databases.results.execute(
            """
            SELECT light_log_loss, booster_log_loss, epochs, seconds, seeds, standard_error FROM rocket.search_trials
            WHERE fingerprint = $1 AND rung = $2 AND changes = $3
            """, [.text(fingerprint), .int(rung), .text(Self.name(changes))]
        ).first.map { row in
            Trial(
                changes: changes, rung: rung, lightLoss: try row.double("light_log_loss"),
                boosterLoss: try row.doubleOrNil("booster_log_loss"), epochs: try row.double("epochs"),
                seconds: try row.double("seconds"), seeds: try row.intOrNil("seeds"),
                standardError: try row.doubleOrNil("standard_error"))
        }
    }

    private func write(_ trial: Trial, job: String) throws {
        try work.databases.results.execute(
            """
            INSERT INTO rocket.search_trials (
                fingerprint, rung, changes, model, trained_to, most_epochs, light_log_loss, booster_log_loss, epochs, seconds,
                job_file, seeds, standard_error)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (fingerprint, rung, changes) DO UPDATE SET
                light_log_loss = excluded.light_log_loss, booster_log_loss = excluded.booster_log_loss,
                epochs = excluded.epochs, seconds = excluded.seconds, seeds = excluded.seeds,
                standard_error = excluded.standard_error
            """,
            [
                .text(fingerprint), .int(trial.rung), .text(trial.name), .text(work.context.jobFile.model),
                .day(work.trained.upperBound), .int(mostEpochs(of: trial)), .double(trial.lightLoss),
                Value(trial.boosterLoss), .double(trial.epochs), .double(trial.seconds), .text(job),
                Value(trial.seeds), Value(trial.standardError),
            ])
    }

    private func mostEpochs(of trial: Trial) -> Int {
        guard trial.rung == Self.finalRung else { return Self.rungs[trial.rung] }
        let passes = work.context.jobFile.training.passes
        return passes.search?.mostEpochs ?? max(1, Int(passes.epochs.rounded(.up)))
    }
}
