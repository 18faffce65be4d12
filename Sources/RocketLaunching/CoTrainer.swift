import FeatureCache
import Foundation
import Nets

/// Trains the nets of one arm together, from the first step (arXiv 1708.04106, section 3): the booster is not trained
/// before, both nets see every batch, the hint pulls the light net towards the booster.
///
/// Who trains what, with embeddings shared and the gradient blocked at the logits, as in the paper:
///
/// | parameters | H(y,q) | H(y,p) | hint through z | hint through l |
/// |---|---|---|---|---|
/// | W_B booster only | yes | – | – | blocked |
/// | W_S shared | yes | yes | yes | blocked |
/// | W_L light only | – | yes | yes | – |
///
/// Three implementations are public, and no two agree; this one follows the paper. The authors' image code adds the hint over
/// ten logits with λ = 0.03, and its switch for the gradient block can only be on. The click-through-rate code for XDL compares
/// two softmax logits with λ = 0.3, about 0.15 of ours. EasyRec keeps the light net from training what is shared at all and
/// fixes λ at 1: here that is `GradientBlock.logitsAndSharedInput`.
///
/// The weights depend on data, settings and seed, not on the number of threads; `TrainingStep` says how.
public final class CoTrainer {
    public private(set) var model: CoTrainedModel
    private let arm: Arm
    private let rocket: RocketSpecification
    private let training: TrainingSpecification
    /// Of the light net, the booster and the shared layers.
    private let light, booster, trunk: DenseOptimiser?
    private let step: TrainingStep
    private let optimisers: OptimiserState
    /// Counts of the ids that an earlier training saw, where this one goes on from it.
    private var earlierAdmission: AdmissionCounts?
    private let parallel: Parallel

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
        parallel = Parallel(threads: training.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let clickRate = min(max(clickRate, 1e-6), 1 - 1e-6)
        model = CoTrainedModel(
            arm: arm, layout: layout, nets: nets, sharing: rocket.sharing, sharedLayers: rocket.sharedLayers,
            ftrl: FTRL(l1: Float(training.linearL1), l2: Float(training.linearL2)), seed: training.seed,
            logitBias: log(clickRate / (1 - clickRate)) + training.logitExcess)
        func optimiser(_ net: DenseNet?) -> DenseOptimiser? {
            net.map { DenseOptimiser(training.denseOptimiser, count: $0.parameters.count) }
        }
        light = optimiser(model.lightBranch?.dense)
        booster = optimiser(model.boosterBranch?.dense)
        trunk = optimiser(model.lightBranch?.trunk)
        optimisers = OptimiserState(
            model: model, dense: [("light", light), ("booster", booster), ("shared", trunk)])
        step = TrainingStep(
            model: model, teacher: arm.needsTeacher ? teacher : nil, rocket: rocket, training: training,
            parallel: parallel)
    }

    /// Floating-point operations of the nets' matrix products for one sample, forward and backward.
    package var operationsASample: Int { step.operationsASample }

    /// Where the time of all steps so far went.
    package var profile: TrainingReport.ThreadSeconds { TrainingReport.ThreadSeconds(step.profile) }

    /// What the optimisers remember at the end of a training, for `goOn`.
    public func optimiserState() throws -> [UInt8] { try optimisers.encoded() }

    /// Begins with the weights and the optimiser state of an earlier training instead of random ones.
    ///
    /// - Parameters:
    ///   - earlier: a model of the same arm, layout and settings.
    ///   - state: its `optimiserState`.
    /// - Throws: `TrainingError.otherModel` when the models differ in shape, `SafetensorsError` for a state of another one.
    public func goOn(from earlier: CoTrainedModel, state: [UInt8]) throws {
        guard earlier.layout == model.layout, earlier.nets == model.nets, earlier.arm == model.arm,
            earlier.sharedLayers == model.sharedLayers, earlier.sharesEmbeddings == model.sharesEmbeddings
        else { throw TrainingError.otherModel }
        try optimisers.restore(state)
        for (own, other) in [(model.lightBranch, earlier.lightBranch), (model.boosterBranch, earlier.boosterBranch)] {
            for ((_, own), (_, other)) in zip(own?.arrays ?? [], other?.arrays ?? []) { own.copy(other) }
        }
        model.addToLogits(Float(training.logitExcess))
        earlierAdmission = earlier.admission
    }

    /// Trains for the configured epochs, or until the nets become no better on the held-out rows. A training that goes on from
    /// a checkpoint ends with the same bytes of weights as one that was never disturbed.
    ///
    /// - Parameter judge: of the held-out rows; needed where the settings hold some out.
    /// - Throws: `TrainingError`, `SafetensorsError` for a checkpoint of something else, and what reading a block or saving
    ///   a checkpoint throws.
    public func train(
        on source: TrainingSource, judge: NetJudge? = nil, checkpoints: Checkpoints? = nil,
        progress: (TrainingProgress) throws -> Void
    ) throws -> TrainingReport {
        guard source.rows > 0 else { throw TrainingError.noRows }
        guard training.denseType.isSupportedHere else { throw TrainingError.unsupported(training.denseType) }
        guard !arm.needsTeacher || step.hasTeacher else { throw TrainingError.noTeacher(arm) }
        let admission = try AdmissionCounts(model.layout, of: source, after: earlierAdmission)
        let (training, heldOut) = try (admission?.admitted(source) ?? source)
            .holdingOut(share: judge == nil ? 0 : self.training.validationShare)
        let run = TrainingRun(
            training.sampled(negativeShare: self.training.negativeShare, seed: self.training.seed), self.training,
            best: heldOut.rows == 0 ? nil : judge.map { BestPoints(model, $0, on: heldOut, self.training, parallel) })
        let state = try self.run(run, checkpoints, progress)
        let seconds = state.seconds
        if let light = run.best?.light { model.lightBranch = light }
        if let booster = run.best?.booster { model.boosterBranch = booster }
        model.admit(admission)
        model.addToLogits(Float(-self.training.logitExcess))
        var curve = state.curve
        return TrainingReport(
            arm: arm, denseType: self.training.denseType, steps: state.steps, samples: state.samples, seconds: seconds,
            samplesPerSecond: seconds > 0 ? Double(state.samples) / seconds : 0,
            hintWeight: arm.hasHint ? rocket.hintWeight : 0, curve: curve.points(), validations: state.validations,
            lightStep: state.validations.bestStep(\.light), boosterStep: state.validations.bestStep(\.booster),
            gradientNorms: state.gradientNorms, operationsASample: step.operationsASample, threads: parallel.threads,
            threadSeconds: TrainingReport.ThreadSeconds(step.profile))
    }

    private func run(
        _ run: TrainingRun, _ checkpoints: Checkpoints?, _ progress: (TrainingProgress) throws -> Void
    ) throws -> TrainingState {
        let checkpoint = Checkpoint(model: model, optimisers: optimisers)
        var state = TrainingState(curve: CurveRecorder(arm: arm, every: max(1, run.steps / 200)))
        if let bytes = checkpoints?.resume { state = try checkpoint.restore(bytes, best: run.best) }
        step.weightsChanged()
        if state.isFinished { return state }
        let start = ContinuousClock.now - .seconds(state.seconds)
        var saved = ContinuousClock.now
        // Batches follow from the seed, so those that were trained on are gone through again and left out.
        var toSkip = state.steps
        var last: InputRows?
        for epoch in 0..<training.epochs where !run.isOver(state) {
            try run.source.prefetched(size: training.batchSize, seed: training.seed, epoch: epoch, step.profile) {
                input in
                if toSkip > 0 {
                    toSkip -= 1
                    return true
                }
                if run.normSteps.contains(state.steps) {
                    state.gradientNorms.append(try gradientNorms(of: input, step: state.steps + 1))
                }
                let losses = self.run(
                    input, step: state.steps, progress: Double(state.steps) / Double(run.steps))
                state.steps += 1
                state.samples += input.rows
                try check(losses, input.batch, step: state.steps)
                last = input
                state.curve.add(losses, step: state.steps)
                if run.isValidated(after: state.steps) {
                    try run.best?.judge(after: state.steps, &state.validations)
                }
                if let checkpoints {
                    let stops = checkpoints.stops()
                    if stops || ContinuousClock.now - saved >= checkpoints.every {
                        // A training that went on from weights that are no numbers could only fail again.
                        try checkWeights(after: state.steps, input.batch)
                        state.seconds = (ContinuousClock.now - start) / .seconds(1)
                        try checkpoints.save(try checkpoint.encoded(state, best: run.best))
                        saved = ContinuousClock.now
                    }
                    if stops { throw TrainingError.stopped(step: state.steps) }
                }
                try progress(TrainingProgress(samples: state.samples, step: state.steps))
                return !run.isOver(state)
            }
        }
        try checkWeights(after: state.steps, last?.batch)
        // Sampling may end a run a little before its planned last step.
        if !run.isOver(state), state.validations.last?.step != state.steps {
            try run.best?.judge(after: state.steps, &state.validations)
        }
        state.seconds = (ContinuousClock.now - start) / .seconds(1)
        state.isFinished = true
        // What comes after the training may fail too, and then need not train again.
        try checkpoints?.save(try checkpoint.encoded(state, best: run.best))
        return state
    }

    /// One step on one batch: forward, losses, backward, updates. Returns the means of the loss terms.
    private func run(_ input: InputRows, step number: Int, progress: Double) -> StepLosses {
        let scale = Float(training.schedule.scale(progress: progress))
        let rate = Float(training.denseLearningRate) * scale
        let lightRate = Float(training.lightLearningRate ?? training.denseLearningRate) * scale
        let rates = StepRates(
            light: light.map { ($0, $0.begin(learningRate: lightRate)) },
            booster: booster.map { ($0, $0.begin(learningRate: rate)) },
            trunk: trunk.map { ($0, $0.begin(learningRate: rate)) },
            embeddings: Float(training.embeddingLearningRate) * scale,
            linear: Float(training.linearLearningRate) * scale)
        return step.run(input, step: number, rates, hintScale: rocket.hintScale(progress: progress))
    }

    /// Each loss's gradient by itself, by real backward passes.
    ///
    /// - Throws: `TrainingError.gradientNotBlocked` when the hint reaches the booster in spite of the block.
    private func gradientNorms(of input: InputRows, step number: Int) throws -> TrainingReport.GradientNorms {
        func norms(_ terms: TrainingStep.Terms) -> TrainingReport.GradientNorms.Norms {
            _ = step.gradients(of: input, step: number - 1, terms, hintScale: 1)
            return step.norms(input)
        }
        let found = TrainingReport.GradientNorms(
            step: number, light: arm.trainsLight ? norms(.light) : nil,
            booster: arm.trainsBooster ? norms(.booster) : nil,
            hint: arm.hasHint ? norms(.hint) : nil)
        // A norm that is no number comes of losses that are none, which the step itself tells of.
        if rocket.gradientBlock != .none, let hint = found.hint, hint.booster.isFinite, hint.booster != 0 {
            throw TrainingError.gradientNotBlocked(step: number, norm: hint.booster)
        }
        return found
    }

    /// The gradients of one batch without an update; for holding them against finite differences.
    package func gradients(of batch: SparseBatch) -> BatchGradients {
        _ = step.gradients(of: InputRows(batch), step: 0, .all, hintScale: 1)
        return BatchGradients(model: model, batch: batch, step: step)
    }

    /// One step from outside a run, as `train` does them; for following a reference step by step.
    package func step(_ batch: SparseBatch, progress: Double) -> (light: Double, booster: Double, hint: Double) {
        step(InputRows(batch), progress: progress)
    }

    package func step(_ input: InputRows, progress: Double) -> (light: Double, booster: Double, hint: Double) {
        let losses = run(input, step: 0, progress: progress)
        return (losses.light, losses.booster, losses.hint)
    }

    /// Sets the weights of a model with one field, laid out as in `EmbeddingTables` and `DenseNet`.
    package func setWeights(
        embedding: [Float], boosterEmbedding: [Float]?, trunk: [Float]?, light: [Float], booster: [Float]
    ) {
        func set(_ array: FloatArray?, _ values: [Float]) {
            for (index, value) in values.enumerated() { array?[index] = value }
        }
        set(model.lightBranch?.embeddings.tables.first, embedding)
        if let boosterEmbedding { set(model.boosterBranch?.embeddings.tables.first, boosterEmbedding) }
        if let trunk { set(model.lightBranch?.trunk?.parameters, trunk) }
        set(model.lightBranch?.dense.parameters, light)
        set(model.boosterBranch?.dense.parameters, booster)
        step.weightsChanged()
    }

    private func check(_ losses: StepLosses, _ batch: SparseBatch, step: Int) throws {
        for (term, value) in [
            ("light net's loss", losses.light), ("booster net's loss", losses.booster), ("hint", losses.hint),
        ] where !value.isFinite {
            throw TrainingError.notFinite(
                step: step, term: term,
                cause: extremeFeature(of: batch) ?? model.notFinite ?? "the logits of this batch")
        }
    }

    /// A step is checked by its losses, before it changes the weights; what it did to them shows only here.
    private func checkWeights(after step: Int, _ batch: SparseBatch?) throws {
        guard let cause = model.notFinite else { return }
        throw TrainingError.notFinite(step: step, term: "weights", cause: batch.flatMap(extremeFeature) ?? cause)
    }

    /// The numeric feature with the most extreme value, where one lies beyond anything that standardising leaves.
    private func extremeFeature(of batch: SparseBatch) -> String? {
        let extremes = zip(model.layout.numerics, batch.numerics).map { shape, column in
            let largest =
                column.lazy.filter { !$0.isNaN }
                .map { abs((Double($0) - shape.mean) / shape.standardDeviation) }.max() ?? 0
            return (shape.name, largest.isNaN ? .infinity : largest)
        }
        guard let most = extremes.max(by: { $0.1 < $1.1 }), most.1 > 1e4 else { return nil }
        return "the numeric feature \(most.0), \(most.1) standard deviations from its mean"
    }

}

/// The course of one training.
private struct TrainingRun {
    let source: TrainingSource
    let best: BestPoints?
    /// Of all epochs.
    let steps: Int
    /// Steps before which each loss's gradient is looked at by itself.
    let normSteps: Set<Int>
    private let validationSteps: Set<Int>
    private let patience: Int

    private static let proofSteps = 3

    init(_ source: TrainingSource, _ training: TrainingSpecification, best: BestPoints?) {
        let epoch = (source.rows + training.batchSize - 1) / training.batchSize
        let steps = epoch * training.epochs
        self.source = source
        self.best = best
        self.steps = steps
        normSteps = Set(0..<Self.proofSteps).union((1..<20).map { $0 * steps / 20 })
        let count = training.epochs * training.validationsAnEpoch
        validationSteps = Set((1...count).map { steps * $0 / count })
        patience = training.patience
    }

    func isValidated(after step: Int) -> Bool { validationSteps.contains(step) }

    /// Whether no net has become better for too long.
    func isOver(_ state: TrainingState) -> Bool { best != nil && state.validations.sinceBest >= patience }
}
