import Extract
import JobFile
import Logging
import RocketLaunching
import Training

/// Trains arms on the same rows: finds out for how many epochs, where the job file leaves that open, and trains a
/// booster once for all that learn from it.
package final class ArmTrainings {
    private let trainer: ArmTrainer
    private let job: JobFile
    private let work: Work
    /// The training settings, with the seed of these trainings.
    private let settings: TrainingSpecification
    /// That have been trained: on all rows, and without the held-out ones.
    private var booster, searchedBooster: TrainedArm?
    /// A rocket whose booster is bit for bit what it is alone, and the one of its search for epochs.
    private var rocket: TrainedArm?
    private var searchedRocket: TrainedArm?

    /// What the arms are trained on, and what was found of them before.
    package struct Work {
        let entries: [CacheManifest.Entry]
        /// The latest rows of the entries, which no training sees.
        let leftOut: HeldOut
        /// The checkpoints of an arm: those of one hint are of no use to another.
        let checkpoints: (ExperimentArm) throws -> CheckpointFolder
        let choices: EpochChoices
        /// A version that the trainings resume from.
        let parent: WarmStart?
        /// Whether a booster that the rocket left alone counts as trained alone, at no cost of its own.
        let takesBooster: Bool

        package init(
            entries: [CacheManifest.Entry], leftOut: HeldOut = .nothing,
            checkpoints: @escaping (ExperimentArm) throws -> CheckpointFolder, choices: EpochChoices
        ) {
            (self.entries, self.leftOut, self.checkpoints, self.choices) = (entries, leftOut, checkpoints, choices)
            (parent, takesBooster) = (nil, false)
        }

        /// Of a night.
        init(
            entries: [CacheManifest.Entry], checkpoints: @escaping (ExperimentArm) throws -> CheckpointFolder,
            choices: EpochChoices, parent: WarmStart?
        ) {
            (self.entries, leftOut, self.checkpoints, self.choices) = (entries, .nothing, checkpoints, choices)
            (self.parent, takesBooster) = (parent, parent == nil)
        }
    }

    /// - Parameters:
    ///   - job: another than the trainer's, with the same features in the cache; nil: the trainer's.
    ///   - seed: nil: the job file's.
    package init(_ trainer: ArmTrainer, _ work: Work, job: JobFile? = nil, seed: UInt64? = nil) {
        self.trainer = trainer
        self.work = work
        self.job = job ?? trainer.context.jobFile
        var settings = self.job.training
        settings.seed = seed ?? settings.seed
        self.settings = settings
    }

    /// Trains one arm.
    ///
    /// - Parameter hint: nil: the job file's.
    package func train(_ arm: Arm, hint: HintVariant? = nil) throws -> TrainedArm {
        let wanted = ExperimentArm(.nets(arm), hint: hint)
        let rocket = hint?.applied(to: job.rocket) ?? job.rocket
        switch arm {
        case .booster:
            return try finishedBooster()
        case .rocket where rocket.teacher == .finished:
            let booster = try finishedBooster()
            let light = try train(.rocketWithoutJointTraining, wanted, rocket, teacher: booster.model)
            return TrainedArm(
                arm: .rocket, model: CoTrainedModel(light: light.model, booster: booster.model),
                report: TrainingReport(light: light.report, booster: booster.report), optimiserState: nil)
        default:
            let teacher = arm.needsTeacher ? try finishedBooster().model : nil
            return try train(arm, wanted, rocket, teacher: teacher)
        }
    }

    private func finishedBooster() throws -> TrainedArm {
        if let booster { return booster }
        let wanted = ExperimentArm(.nets(.booster))
        let trained = try train(.booster, wanted, job.rocket, teacher: nil)
        booster = trained
        return trained
    }

    /// - Parameters:
    ///   - arm: as it is trained.
    ///   - wanted: what it is trained for.
    private func train(
        _ arm: Arm, _ wanted: ExperimentArm, _ rocket: RocketSpecification, teacher: CoTrainedModel?
    ) throws -> TrainedArm {
        let choice = try epochs(arm, wanted, rocket)
        if arm == .booster, let booster = launchedBooster(choice) { return booster }
        var training = settings
        training.passes.search = nil
        training.passes.epochs = choice.epochs
        training.passes.boosterEpochs = nil
        var trained = try trainer.recorder.stage("train", detail: wanted.name, size: Self.size) {
            try trainer.train(
                ArmTraining(
                    job: job, arm: arm, entries: work.entries, leftOut: work.leftOut,
                    checkpoints: work.checkpoints(wanted), rocket: rocket, training: training, teacher: teacher,
                    parent: work.parent))
        }
        trained.report.epochs = choice
        if arm == .rocket, leavesBoosterAlone(rocket) { self.rocket = trained }
        return trained
    }

    /// Whether a rocket's booster is bit for bit what it is alone, as long as both are trained for as many epochs.
    private func leavesBoosterAlone(_ rocket: RocketSpecification) -> Bool {
        work.takesBooster && rocket.gradientBlock != .none && rocket.sharing != .embeddings
            && settings.validation.share == 0
    }

    /// The rocket's booster, where training it alone would only repeat it.
    private func launchedBooster(_ choice: EpochChoice) -> TrainedArm? {
        guard let rocket, rocket.report.epochs?.epochs == choice.epochs else { return nil }
        trainer.context.log.info("booster: the rocket's, which is bit for bit the booster alone")
        var report = rocket.report.boosterAlone(weights: rocket.model.weights(of: .booster))
        report.epochs = choice
        return TrainedArm(arm: .booster, model: rocket.model.boosterAlone, report: report, optimiserState: nil)
    }

    /// How many epochs an arm is trained for.
    private func epochs(
        _ arm: Arm, _ wanted: ExperimentArm, _ rocket: RocketSpecification
    ) throws -> EpochChoice {
        guard let search = settings.passes.search else {
            let epochs =
                arm == .booster ? settings.passes.boosterEpochs ?? settings.passes.epochs : settings.passes.epochs
            return EpochChoice(epochs: epochs, origin: .written)
        }
        if let choice = try work.choices.choice(for: wanted.name, rows: work.entries.reduce(0) { $0 + $1.rows }) {
            trainer.context.log.info("\(wanted.name): \(choice)")
            return choice
        }
        let choice = EpochChoice(try searched(arm, wanted, rocket, search), search)
        try work.choices.keep(choice, for: wanted.name, rows: work.entries.reduce(0) { $0 + $1.rows })
        trainer.context.log.info("\(wanted.name): \(choice)")
        return choice
    }

    /// What the search for an arm's epochs says.
    private func searched(
        _ arm: Arm, _ wanted: ExperimentArm, _ rocket: RocketSpecification, _ search: EpochSearch
    ) throws -> TrainingReport {
        if arm == .booster {
            if let rocket = searchedRocket {
                var report = rocket.report.boosterAlone(weights: rocket.model.weights(of: .booster))
                if let points = search.boosterAlone(report.validations) {
                    trainer.context.log.info("booster: its epochs are judged by the rocket's search")
                    report.validations = points
                    return report
                }
            }
            return try searchBooster().report
        }
        let found = try self.search(arm, wanted, rocket)
        if arm == .rocket, leavesBoosterAlone(rocket) { searchedRocket = found }
        return found.report
    }

    /// Trains the rocket without the latest rows only, and tells how it did on them.
    package func judged() throws -> (light: TrainingReport, booster: TrainingReport) {
        let wanted = ExperimentArm(.nets(.rocket))
        guard job.rocket.teacher == .finished else {
            let report = try search(.rocket, wanted, job.rocket).report
            return (report, report)
        }
        let booster = try searchBooster()
        return (try search(.rocketWithoutJointTraining, wanted, job.rocket).report, booster.report)
    }

    private func searchBooster() throws -> TrainedArm {
        if let searchedBooster { return searchedBooster }
        let found = try search(.booster, ExperimentArm(.nets(.booster)), job.rocket)
        searchedBooster = found
        return found
    }

    /// Trains without the latest rows, and keeps the nets' best points on them. Its teacher has not seen them either.
    private func search(
        _ arm: Arm, _ wanted: ExperimentArm, _ rocket: RocketSpecification
    ) throws -> TrainedArm {
        let teacher = arm.needsTeacher ? try searchBooster().model : nil
        var training = settings
        // All seeds of an experiment have the number that the first finds.
        training.seed = job.training.seed
        if arm.needsTeacher, let patience = training.passes.search?.patience {
            training.passes.search?.patience = max(patience, EpochSearch.patienceWithTeacher)
        }
        // The others are trained for as many epochs as the net that leads.
        var job = job
        job.nets = job.nets.leadAlone
        if let budget = training.passes.search?.budget { training.passes.search?.budget = budget * share(of: arm) }
        return try trainer.recorder.stage("search", detail: wanted.name, size: Self.size) {
            try trainer.train(
                ArmTraining(
                    job: job, arm: arm, entries: work.entries, leftOut: work.leftOut,
                    checkpoints: work.checkpoints(wanted), rocket: rocket, training: training, teacher: teacher))
        }
    }

    /// What the ledger says of a trained arm.
    private static func size(_ trained: TrainedArm) -> (rows: Int?, bytes: Int?) { (trained.report.samples, nil) }

    /// Share of the budget: a booster takes most of the time, wherever it is trained.
    private func share(of arm: Arm) -> Double {
        guard job.rocket.teacher == .finished else { return 1 }
        return arm == .booster ? 0.75 : 0.25
    }
}
