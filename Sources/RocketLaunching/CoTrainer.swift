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
/// A batch is cut into a fixed number of slices; the slices' gradients are added in their order, and each field's
/// embedding gradients in row order. So the weights depend on data, settings and seed, not on the number of threads.
public final class CoTrainer {
    public private(set) var model: CoTrainedModel
    private let arm: Arm
    private let rocket: RocketSpecification
    private let training: TrainingSpecification
    private let parallel: Parallel
    private let lightAdam: Adam?
    private let boosterAdam: Adam?
    private let buffers: TrainingStep

    /// - Parameter clickRate: of the training rows; where both nets begin.
    public init(
        arm: Arm, layout: InputLayout, nets: NetSpecification, rocket: RocketSpecification,
        training: TrainingSpecification, clickRate: Double
    ) {
        self.arm = arm
        self.rocket = rocket
        self.training = training
        parallel = Parallel(threads: training.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        model = CoTrainedModel(
            arm: arm, layout: layout, nets: nets, sharing: rocket.sharing, seed: training.seed,
            clickRate: min(max(clickRate, 1e-6), 1 - 1e-6))
        lightAdam = model.lightNet.map { Adam(count: $0.parameters.count) }
        boosterAdam = model.boosterNet.map { Adam(count: $0.parameters.count) }
        buffers = TrainingStep(model: model, batchSize: training.batchSize, slices: training.slices)
    }

    /// Trains for the configured epochs.
    ///
    /// - Throws: `TrainingError`, and what reading a block throws.
    public func train(
        on source: TrainingSource, progress: (TrainingProgress) -> Void
    ) throws -> TrainingReport {
        guard source.rows > 0 else { throw TrainingError.noRows }
        let admission = try AdmissionCounts(model.layout, of: source)
        let source = admission?.admitted(source) ?? source
        let totalSteps = (source.rows + training.batchSize - 1) / training.batchSize * training.epochs
        var recorder = CurveRecorder(arm: arm, every: max(1, totalSteps / 200))
        var proofs: [TrainingReport.GradientProof] = []
        let clock = ContinuousClock()
        let start = clock.now
        var steps = 0
        var samples = 0
        for epoch in 0..<training.epochs {
            try source.batches(size: training.batchSize, seed: training.seed, epoch: epoch) { batch in
                let isProof = arm == .rocket && steps < Self.proofSteps
                let result = run(batch, proof: isProof, progress: Double(steps) / Double(totalSteps))
                steps += 1
                samples += batch.rows
                try check(result, step: steps)
                if isProof {
                    let proof = TrainingReport.GradientProof(
                        step: steps, hintOnBooster: result.hintOnBooster, hintOnLight: result.hintOnLight)
                    proofs.append(proof)
                }
                recorder.add(result.losses, step: steps)
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
            hintWeight: arm == .rocket ? rocket.hintWeight : 0, curve: recorder.points(), gradientBlockProof: proofs)
    }

    /// One step on one batch: forward, losses, backward, updates. Returns the means of the loss terms.
    func run(_ batch: SparseBatch, proof: Bool, progress: Double) -> StepResult {
        let result = buffers.gradients(
            of: batch, model: model, rocket: rocket, arm: arm, proof: proof, parallel: parallel)
        let decay = Float(training.learningRateScale(progress: progress))
        let rate = Float(training.denseLearningRate) * decay
        for (net, adam, gradient) in [
            (model.lightNet, lightAdam, buffers.lightGradient),
            (model.boosterNet, boosterAdam, buffers.boosterGradient),
        ] {
            guard let net, let adam, let gradient else { continue }
            net.addL2(Float(training.l2), to: gradient)
            adam.update(net.parameters, gradient: gradient, learningRate: rate, parallel: parallel)
        }
        updateEmbeddings(batch, learningRate: Float(training.embeddingLearningRate) * decay)
        return result
    }

    /// The gradients of one batch without an update; for holding them against finite differences.
    package func gradients(of batch: SparseBatch) -> BatchGradients {
        _ = buffers.gradients(of: batch, model: model, rocket: rocket, arm: arm, proof: false, parallel: parallel)
        return BatchGradients(model: model, batch: batch, step: buffers)
    }

    /// One step from outside a run, as `train` does them; for following a reference step by step.
    package func step(_ batch: SparseBatch, progress: Double) -> (light: Double, booster: Double, hint: Double) {
        let losses = run(batch, proof: false, progress: progress).losses
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

    private func updateEmbeddings(_ batch: SparseBatch, learningRate: Float) {
        let rows = InputRows(batch)
        let model = model
        let (shared, own) = (buffers.dx, buffers.boosterDX)
        parallel.perform(parts: rows.ids.count) { field in
            model.embeddings.update(
                field: field, rows.ids[field], rows: batch.rows, gradient: shared, learningRate: learningRate)
            if let own {
                model.boosterEmbeddings.update(
                    field: field, rows.ids[field], rows: batch.rows, gradient: own, learningRate: learningRate)
            }
        }
    }

    private func check(_ result: StepResult, step: Int) throws {
        for (term, value) in [
            ("light net's loss", result.losses.light), ("booster net's loss", result.losses.booster),
            ("hint", result.losses.hint),
        ] where !value.isFinite {
            throw TrainingError.notFinite(step: step, term: term)
        }
        if rocket.gradientBlock != .none, result.hintOnBooster != 0 {
            throw TrainingError.gradientNotBlocked(step: step, norm: result.hintOnBooster)
        }
    }

    private static let proofSteps = 3
}

/// What one step came to.
struct StepResult {
    /// Means over the batch; the hint is not weighted.
    var losses = Losses()
    /// Norms of λ · hint's gradient on W_B and W_L; 0 where they were not computed.
    var hintOnBooster = 0.0
    var hintOnLight = 0.0

    struct Losses {
        var light = 0.0
        var booster = 0.0
        var hint = 0.0
    }
}

/// Averages the loss terms over stretches of steps.
private struct CurveRecorder {
    private let arm: Arm
    private let every: Int
    private var sum = StepResult.Losses()
    private var count = 0
    private var lastStep = 0
    private var done: [TrainingReport.CurvePoint] = []

    init(arm: Arm, every: Int) {
        self.arm = arm
        self.every = every
    }

    mutating func add(_ losses: StepResult.Losses, step: Int) {
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
                step: lastStep, lightLoss: arm == .booster ? nil : sum.light / n,
                boosterLoss: arm == .light ? nil : sum.booster / n, hint: arm == .rocket ? sum.hint / n : nil))
        sum = StepResult.Losses()
        count = 0
    }

    mutating func points() -> [TrainingReport.CurvePoint] {
        if count > 0 { close() }
        return done
    }
}
