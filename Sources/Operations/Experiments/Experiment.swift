import Days
import Digests
import Extract
import JobFile
import Logging
import ModelRegistry
import Night
import Reports
import Runs
import Training

/// `rocket experiment`: trains arms on the window before a day, with several seeds, and judges them on the day. Results
/// are written arm by arm; what an earlier run wrote is not done again.
public struct Experiment {
    private let job: OpenJob
    private let launch: RankedLaunch
    /// Asked for twice, an arm is trained once.
    private var arms: [ExperimentArm] = []
    private let seeds: Int

    /// - Parameters:
    ///   - hints: rocket with these, each an arm of its own; neither they nor `arms` change the fingerprint.
    ///   - seeds: how many, from the job file's own upwards.
    ///   - launch: the ranks that train.
    public init(
        _ job: OpenJob, arms: [Contender], hints: [HintVariant] = [], seeds: Int, launch: RankedLaunch = .alone
    ) {
        (self.job, self.launch, self.seeds) = (job, launch, seeds)
        let wanted = arms.map { ExperimentArm($0) } + hints.map { ExperimentArm(.nets(.rocket), hint: $0) }
        for arm in wanted where !self.arms.contains(arm) { self.arms.append(arm) }
    }

    /// - Returns: the experiment's fingerprint, and how many arms were trained now.
    public func run(day: Day) throws -> (fingerprint: String, trained: Int) {
        let context = job.context
        return try job.holding(.model) {
            let planner = NightPlanner(context, job.databases.source)
            try planner.checkMature(day)
            let night = try planner.night(evaluated: day)
            var result = (fingerprint: "", trained: 0)
            _ = try job.run("experiment", evaluatedDay: day) { databases, recorder in
                let data = try NightExtraction(context, databases, recorder).extract(night)
                result.fingerprint = try fingerprint(of: data)
                let counted = CountedIDs()
                for number in 0..<UInt64(seeds) {
                    let work = SeedWork(
                        data: data, fingerprint: result.fingerprint, seed: context.jobFile.training.seed &+ number,
                        context: context, launch: launch, databases: databases, recorder: recorder,
                        counted: counted)
                    result.trained += try work.run(arms)
                }
                return RunOutcome(didWork: result.trained > 0)
            }
            return result
        }
    }

    /// The same for all seeds and whatever the arms.
    private func fingerprint(of data: NightData) throws -> String {
        var file = job.context.jobFile
        file.training.seed = 0
        file.evaluation.baselines = []
        return try WorkFingerprint(data, file, launch).version
    }
}

/// The arms of one seed.
private struct SeedWork {
    let data: NightData
    let fingerprint: String
    let seed: UInt64
    let context: JobContext
    let launch: RankedLaunch
    let databases: Databases
    let recorder: RunRecorder
    /// Shared by all seeds.
    let counted: CountedIDs

    /// Trains what is missing.
    ///
    /// - Returns: how many arms that were.
    func run(_ arms: [ExperimentArm]) throws -> Int {
        let results = ExperimentResults(databases.results)
        let done = try results.arms(fingerprint: fingerprint, seed: seed)
        let missing = arms.filter { !done.contains($0.name) }
        let trainings = try trainings()
        let scoring = DayScoring(context, databases.extraction, recorder)
        let origin = ExperimentResults.Origin(
            fingerprint: fingerprint, model: context.jobFile.model, trained: data.night.trained,
            jobFile: context.jobFile.text, programVersion: ProgramVersion.current)
        for arm in missing {
            let run = ExperimentResults.Run(origin, arm: arm.name, seed: seed)
            guard let nets = arm.contender.arm else {
                let trained = try recorder.stage("train", detail: "\(arm.name), seed \(seed)") {
                    try RegressionTraining(context, databases.extraction, recorder).train(on: data.training, seed: seed)
                }
                try results.write(
                    try scoring.evaluate([trained.judged], clickRate: clickRate, on: data.evaluation),
                    of: ExperimentResults.Training(trained.report), run)
                continue
            }
            let trained = try trainings.train(nets, hint: arm.hint)
            try results.write(
                try scoring.evaluate(
                    trained.model.judgedNets(arm: nets.rawValue), clickRate: clickRate, on: data.evaluation),
                of: ExperimentResults.Training(trained.report), run)
            if nets != .booster { try checkpoints(of: arm).remove() }
        }
        // Other arms may have learnt from it.
        try checkpoints(of: ExperimentArm(.nets(.booster))).remove()
        return missing.count
    }

    /// Of the training rows.
    private var clickRate: Double {
        let (rows, clicks) = data.training.reduce((0, 0)) { ($0.0 + $1.rows, $0.1 + $1.clicks) }
        return Double(clicks) / Double(max(1, rows))
    }

    private func trainings() throws -> ArmTrainings {
        let choices = try EpochChoices(
            databases.results,
            EpochChoices.Work(
                context.jobFile, launch, fingerprint: fingerprint, trainedTo: data.night.trained.upperBound),
            reuse: .never)
        // Of several light nets the one that leads: an experiment compares ways to train, not sizes.
        var job = context.jobFile
        job.nets = job.nets.plain
        return ArmTrainings(
            ArmTrainer(context, databases.extraction, recorder, launch, counted: counted),
            ArmTrainings.Work(entries: data.training, checkpoints: checkpoints, choices: choices), job: job, seed: seed)
    }

    private func checkpoints(of arm: ExperimentArm) throws -> CheckpointFolder {
        try CheckpointFolder(of: SHA256Digest.of("\(fingerprint) \(seed) \(arm.name)").hex, context, launch)
    }
}
