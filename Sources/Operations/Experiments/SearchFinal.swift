import Digests
import Evaluation
import JobFile
import Logging
import Night
import RocketLaunching
import Runs
import Training

/// The end of a search: the variant that did best against the job file as it is, both trained as a night would train
/// them, with several seeds, and judged on the latest rows, which no trial has seen. The best of many trials is often
/// the luckiest, so what they say of it does not count here.
struct SearchFinal {
    /// The rows that are left out of all trials, for the final.
    static let leftOut = HeldOut.latest(share: 0.2, mostRows: 200_000)
    /// Trained of each job file: the fewest, and the most.
    static let seeds = 2...5
    /// The number of standard errors by which a variant must be better.
    static let clear = 2.0

    private let work: SearchWork
    private let fingerprint: String
    private let rows: LeftOutRows

    /// What a final came to: of the job file as it is, and of the variant.
    struct Outcome {
        let base, variant: Judged
        /// The variant's log loss minus that of the job file as it is; nil: no number.
        let difference: PairedComparison?
    }

    /// One job file's nets on the left-out rows. `[seeds][rows]`
    struct Judged {
        var light: [[Float]] = []
        var booster: [[Float]] = []
        var epochs = 0.0
        var seconds = 0.0
    }

    init(_ work: SearchWork, fingerprint: String) throws {
        (self.work, self.fingerprint) = (work, fingerprint)
        rows = try LeftOutRows(
            Self.leftOut, of: work.entries, work.databases.extraction,
            hasGroups: work.context.jobFile.evaluation.group != nil)
    }

    var rowCount: Int { rows.labels.count }

    /// Whether the rows tell anything.
    var canJudge: Bool { min(rows.clicks, rows.labels.count - rows.clicks) >= EpochSearch().fewestPerClass }

    /// The mean log loss over rows and seeds.
    func logLoss(_ probabilities: [[Float]]) throws -> Double? {
        guard !probabilities.isEmpty, probabilities.allSatisfy({ $0.allSatisfy { !$0.isNaN } }) else { return nil }
        let losses = try probabilities.map { try EvaluationReport.logLoss(of: $0, labels: rows.labels) }
        return losses.reduce(0, +) / Double(losses.count)
    }

    /// - Parameters:
    ///   - changes: of the variant.
    ///   - seconds: that may be used; two seeds are trained whatever they take.
    /// - Returns: nil where a training ended in numbers that are not finite.
    func run(_ changes: [SettingChange], seconds: Double) throws -> Outcome? {
        var (base, variant) = (Judged(), Judged())
        for number in 0..<Self.seeds.upperBound {
            guard number < Self.seeds.lowerBound || base.seconds + variant.seconds < seconds else { break }
            do {
                try train([], seed: number, &base)
                try train(changes, seed: number, &variant)
            } catch let error as TrainingError {
                guard case .notFinite = error else { throw error }
                work.context.log.notice("\(SearchTrials.name(changes)): \(error)")
                return nil
            }
        }
        let difference = try PairedComparison.logLoss(
            of: variant.light, minus: base.light, labels: rows.labels, clusters: rows.groups, confidence: 0.95)
        return Outcome(base: base, variant: variant, difference: difference)
    }

    /// Removes the checkpoints of a final whose outcome is written.
    func removeCheckpoints(_ changes: [SettingChange]) throws {
        for changes in [[], changes] {
            for number in 0..<Self.seeds.upperBound { try folder(changes, seed: number).remove() }
        }
    }

    private func train(_ changes: [SettingChange], seed number: Int, _ judged: inout Judged) throws {
        let (context, start) = (work.context, ContinuousClock.now)
        guard var job = SearchedSettings.job(context.jobFile, with: changes) else { return }
        job.nets = job.nets.plain
        let folder = try folder(changes, seed: number)
        let choices = try EpochChoices(
            work.databases.results,
            EpochChoices.Work(
                job, work.launch, fingerprint: name(changes), trainedTo: work.trained.upperBound,
                purpose: "final of a search"),
            reuse: .never)
        let trained = try ArmTrainings(
            ArmTrainer(context, work.databases.extraction, work.recorder, work.launch, counted: work.counted),
            ArmTrainings.Work(
                entries: work.entries, leftOut: Self.leftOut, checkpoints: { _ in folder }, choices: choices),
            job: job, seed: job.training.seed &+ UInt64(number)
        ).train(.rocket)
        let probabilities = try rows.probabilities(trained)
        judged.light.append(probabilities[.servedLight] ?? [])
        if let booster = probabilities[.booster] { judged.booster.append(booster) }
        judged.epochs = trained.report.epochs?.epochs ?? job.training.passes.epochs
        judged.seconds += (ContinuousClock.now - start) / .seconds(1)
    }

    private func name(_ changes: [SettingChange]) throws -> String {
        try SHA256Digest.of("\(fingerprint) final \(SearchTrials.name(changes))").hex
    }

    private func folder(_ changes: [SettingChange], seed number: Int) throws -> CheckpointFolder {
        try CheckpointFolder(of: SHA256Digest.of("\(name(changes)) \(number)").hex, work.context, work.launch)
    }
}
