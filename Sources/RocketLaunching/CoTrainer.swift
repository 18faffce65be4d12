import FeatureCache
import Foundation
import Nets

/// Trains the nets of one arm together, from the first step (arXiv 1708.04106, section 3): the booster is not trained
/// before, both nets see every batch, the hint pulls the light net towards the booster.
///
/// Who trains what, with embeddings shared and the gradient blocked at the logits (the default, the paper's):
///
/// | parameters | H(y,q) | H(y,p) | hint through z | hint through l |
/// |---|---|---|---|---|
/// | W_B booster only | yes | – | – | blocked |
/// | W_S shared | yes | yes | yes | blocked |
/// | W_L light only | – | yes | yes | – |
///
/// The weights depend on data, settings and seed, not on the number of threads; `TrainingStep` says how.
public final class CoTrainer {
    public private(set) var model: CoTrainedModel
    private let arm: Arm
    private let rocket: RocketSpecification
    private let training: TrainingSpecification
    private let lightAdam: Adam?
    private let boosterAdam: Adam?
    private let step: TrainingStep
    private let threads: Int

    /// - Parameters:
    ///   - rocket: of the job; the arm changes what makes it different.
    ///   - clickRate: of the training rows; where both nets begin.
    ///   - teacher: a model of the same layout with a booster, which stands still; only arms that need one take it.
    public init(
        arm: Arm, layout: InputLayout, nets: NetSpecification, rocket: RocketSpecification,
        training: TrainingSpecification, clickRate: Double, teacher: CoTrainedModel? = nil
    ) {
        let rocket = arm.settings(rocket)
        self.arm = arm
        self.rocket = rocket
        self.training = training
        threads = training.threads ?? ProcessInfo.processInfo.activeProcessorCount
        let parallel = Parallel(threads: threads)
        model = CoTrainedModel(
            arm: arm, layout: layout, nets: nets, sharing: rocket.sharing, seed: training.seed,
            clickRate: min(max(clickRate, 1e-6), 1 - 1e-6))
        lightAdam = model.lightNet.map { Adam(count: $0.parameters.count) }
        boosterAdam = model.boosterNet.map { Adam(count: $0.parameters.count) }
        step = TrainingStep(
            model: model, teacher: arm.needsTeacher ? teacher : nil, rocket: rocket, training: training,
            parallel: parallel)
    }

    /// Floating-point operations of the nets' matrix products for one sample, forward and backward.
    package var operationsASample: Int { step.operationsASample }

    /// Where the time of all steps so far went.
    package var profile: TrainingReport.ThreadSeconds { TrainingReport.ThreadSeconds(step.profile) }

    /// Trains for the configured epochs.
    ///
    /// - Throws: `TrainingError`, and what reading a block throws.
    public func train(
        on source: TrainingSource, progress: (TrainingProgress) -> Void
    ) throws -> TrainingReport {
        guard source.rows > 0 else { throw TrainingError.noRows }
        guard !arm.needsTeacher || step.hasTeacher else { throw TrainingError.noTeacher(arm) }
        let admission = try AdmissionCounts(model.layout, of: source)
        let source = admission?.admitted(source) ?? source
        let totalSteps = (source.rows + training.batchSize - 1) / training.batchSize * training.epochs
        var recorder = CurveRecorder(arm: arm, every: max(1, totalSteps / 200))
        var norms: [TrainingReport.GradientNorms] = []
        let clock = ContinuousClock()
        let start = clock.now
        var steps = 0
        var samples = 0
        let profile = step.profile
        let normSteps = Set(0..<Self.proofSteps).union((1..<20).map { $0 * totalSteps / 20 })
        for epoch in 0..<training.epochs {
            try source.batches(size: training.batchSize, seed: training.seed, epoch: epoch, profile) { batch in
                if normSteps.contains(steps) { norms.append(try gradientNorms(of: batch, step: steps + 1)) }
                let losses = run(batch, progress: Double(steps) / Double(totalSteps))
                steps += 1
                samples += batch.rows
                try check(losses, step: steps)
                recorder.add(losses, step: steps)
                progress(TrainingProgress(samples: samples, step: steps))
            }
        }
        // A step is checked by its losses; what the last one did to the weights shows only here.
        guard model.isFinite else { throw TrainingError.notFinite(step: steps, term: "weights") }
        model.admit(admission)
        let seconds = (clock.now - start) / .seconds(1)
        return TrainingReport(
            arm: arm, steps: steps, samples: samples, seconds: seconds,
            samplesPerSecond: seconds > 0 ? Double(samples) / seconds : 0,
            hintWeight: arm.hasHint ? rocket.hintWeight : 0, curve: recorder.points(), gradientNorms: norms,
            operationsASample: step.operationsASample, threads: threads,
            threadSeconds: TrainingReport.ThreadSeconds(step.profile))
    }

    /// One step on one batch: forward, losses, backward, updates. Returns the means of the loss terms.
    private func run(_ batch: SparseBatch, progress: Double) -> StepLosses {
        let decay = Float(training.learningRateScale(progress: progress))
        let rate = Float(training.denseLearningRate) * decay
        let lightRate = Float(training.lightLearningRate ?? training.denseLearningRate) * decay
        let optimisers = DenseOptimisers(
            light: lightAdam.map { ($0, $0.begin(learningRate: lightRate)) },
            booster: boosterAdam.map { ($0, $0.begin(learningRate: rate)) })
        return step.run(
            batch, optimisers, hintScale: rocket.hintScale(progress: progress), l2: Float(training.l2),
            embeddingLearningRate: Float(training.embeddingLearningRate) * decay)
    }

    /// Each loss's gradient by itself, by real backward passes.
    ///
    /// - Throws: `TrainingError.gradientNotBlocked` when the hint reaches the booster in spite of the block.
    private func gradientNorms(of batch: SparseBatch, step number: Int) throws -> TrainingReport.GradientNorms {
        func norms(_ terms: TrainingStep.Terms) -> TrainingReport.GradientNorms.Norms {
            _ = step.gradients(of: batch, terms, hintScale: 1)
            return step.norms(batch)
        }
        let found = TrainingReport.GradientNorms(
            step: number, light: arm.trainsLight ? norms(.light) : nil,
            booster: arm.trainsBooster ? norms(.booster) : nil,
            hint: arm.hasHint ? norms(.hint) : nil)
        if rocket.gradientBlock != .none, let hint = found.hint, hint.booster != 0 {
            throw TrainingError.gradientNotBlocked(step: number, norm: hint.booster)
        }
        return found
    }

    /// The gradients of one batch without an update; for holding them against finite differences.
    package func gradients(of batch: SparseBatch) -> BatchGradients {
        _ = step.gradients(of: batch, .all, hintScale: 1)
        return BatchGradients(model: model, batch: batch, step: step)
    }

    /// One step from outside a run, as `train` does them; for following a reference step by step.
    package func step(_ batch: SparseBatch, progress: Double) -> (light: Double, booster: Double, hint: Double) {
        let losses = run(batch, progress: progress)
        return (losses.light, losses.booster, losses.hint)
    }

    /// Sets the weights of a model with one field, laid out as in `EmbeddingTables` and `DenseNet`.
    package func setWeights(embedding: [Float], boosterEmbedding: [Float]?, light: [Float], booster: [Float]) {
        func set(_ array: FloatArray?, _ values: [Float]) {
            for (index, value) in values.enumerated() { array?[index] = value }
        }
        set(model.embeddings.tables.first, embedding)
        if let boosterEmbedding { set(model.boosterEmbeddings.tables.first, boosterEmbedding) }
        set(model.lightNet?.parameters, light)
        set(model.boosterNet?.parameters, booster)
    }

    private func check(_ losses: StepLosses, step: Int) throws {
        for (term, value) in [
            ("light net's loss", losses.light), ("booster net's loss", losses.booster), ("hint", losses.hint),
        ] where !value.isFinite {
            throw TrainingError.notFinite(step: step, term: term)
        }
    }

    private static let proofSteps = 3
}

/// Means of the loss terms over a batch; the hint is not weighted.
struct StepLosses {
    var light = 0.0
    var booster = 0.0
    var hint = 0.0
}

/// Averages the loss terms over stretches of steps.
private struct CurveRecorder {
    private let arm: Arm
    private let every: Int
    private var sum = StepLosses()
    private var count = 0
    private var lastStep = 0
    private var done: [TrainingReport.CurvePoint] = []

    init(arm: Arm, every: Int) {
        self.arm = arm
        self.every = every
    }

    mutating func add(_ losses: StepLosses, step: Int) {
        sum.light += losses.light
        sum.booster += losses.booster
        sum.hint += losses.hint
        count += 1
        lastStep = step
        if count == every { close() }
    }

    private mutating func close() {
        let n = Double(count)
        done.append(
            TrainingReport.CurvePoint(
                step: lastStep, lightLoss: arm.trainsLight ? sum.light / n : nil,
                boosterLoss: arm.trainsBooster ? sum.booster / n : nil, hint: arm.hasHint ? sum.hint / n : nil))
        sum = StepLosses()
        count = 0
    }

    mutating func points() -> [TrainingReport.CurvePoint] {
        if count > 0 { close() }
        return done
    }
}
