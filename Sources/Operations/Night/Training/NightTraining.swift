import Evaluation
import JobFile
import ModelRegistry
import RocketLaunching
import Runs

/// A night's trained nets.
struct TrainedNight {
    let data: NightData
    let fingerprint: WorkFingerprint
    /// The rocket first.
    let arms: [TrainedArm]
    /// Nil: the job file does not ask for it.
    let regression: TrainedRegression?
    /// To be removed once the version is published.
    let checkpoints: CheckpointFolder

    var candidate: Candidate {
        Candidate(
            nets: arms.flatMap { $0.model.judgedNets(arm: $0.arm.rawValue) } + (regression.map { [$0.judged] } ?? []),
            model: arms[0].model, version: nil)
    }
}

/// Trains the rocket, and the nets that it is compared with.
struct NightTraining {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder
    private let launch: RankedLaunch

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder, _ launch: RankedLaunch) {
        (self.context, self.databases, self.recorder, self.launch) = (context, databases, recorder, launch)
    }

    func train(_ data: NightData, _ fingerprint: WorkFingerprint) throws -> TrainedNight {
        let (trainings, checkpoints) = try trainings(data, fingerprint)
        let trained = try arms.map { try trainings.train($0) }
        let regression = try RegressionTraining(context, databases.extraction, recorder).baseline(on: data.training)
        return TrainedNight(
            data: data, fingerprint: fingerprint, arms: trained, regression: regression, checkpoints: checkpoints)
    }

    /// Trains the rocket alone.
    func trainRocket(_ data: NightData, _ fingerprint: WorkFingerprint) throws -> TrainedNight {
        let (trainings, checkpoints) = try trainings(data, fingerprint)
        return TrainedNight(
            data: data, fingerprint: fingerprint, arms: [try trainings.train(.rocket)], regression: nil,
            checkpoints: checkpoints)
    }

    private func trainings(
        _ data: NightData, _ fingerprint: WorkFingerprint
    ) throws -> (ArmTrainings, CheckpointFolder) {
        let checkpoints = try CheckpointFolder(of: fingerprint.work, context, launch)
        let choices = try EpochChoices(
            databases.results,
            EpochChoices.Work(
                context.jobFile, launch, fingerprint: fingerprint.version, trainedTo: data.night.trained.upperBound),
            reuse: .ofEarlierNights)
        let trainings = ArmTrainings(
            ArmTrainer(context, databases.extraction, recorder, launch, counted: CountedIDs()),
            ArmTrainings.Work(
                entries: data.training, checkpoints: { _ in checkpoints }, choices: choices, parent: data.parent))
        return (trainings, checkpoints)
    }

    /// A booster comes before the arms that learn from it.
    private var arms: [Arm] {
        let baselines = context.jobFile.evaluation.baselines.compactMap(\.arm)
        let needsBooster = baselines.contains { $0.needsTeacher }
        let booster = needsBooster || baselines.contains(.booster) ? [Arm.booster] : []
        return [.rocket] + booster + baselines.filter { $0 != .booster }
    }
}
