import Arrays
import Collectives
import FeatureCache
import Foundation
import Nets
import RocketLaunching

/// Trains the nets of one arm together, from the first step (arXiv 1708.04106, section 3): the booster is not trained
/// before, both nets see every batch, the hint pulls the light net towards the booster.
///
/// Who trains what is in `GradientBlock.table`.
///
/// The weights depend on data, settings and seed, not on the number of threads; `TrainingStep` says how. Several ranks of a
/// group train one model: each has its rows of every batch, all of the dense layers and a shard of the embeddings. They add
/// in another order than a single process does, so the weights depend on the number of ranks, too, by rounding.
public final class CoTrainer {
    public private(set) var model: CoTrainedModel
    private let arm: Arm
    private let rocket: RocketSpecification
    private let training: TrainingSpecification
    let step: TrainingStep
    private let optimisers: OptimiserState
    private let known: KnownIDs
    /// Counts of the ids that an earlier training saw, where this one goes on from it.
    private var earlierAdmission: AdmissionCounts?
    private let parallel: Parallel
    private let collective: any Collective

    /// - Parameters:
    ///   - rocket: of the job; the arm changes what makes it different.
    ///   - clickRate: of the training rows; where both nets begin.
    ///   - known: the ids that have rows of their own where the layout asks for tables of ids; nil: none.
    ///   - teacher: a model of the same features with a booster, which stands still; only arms that need one take it. It may
    ///     know other ids.
    ///   - collective: the group of ranks that trains; all of them make a trainer with the same arguments and call the same.
    public init(
        arm: Arm, layout: InputLayout, nets: NetSpecification, rocket: RocketSpecification,
        training: TrainingSpecification, clickRate: Double, known: KnownIDs? = nil, teacher: CoTrainedModel? = nil,
        collective: any Collective = SingleProcess()
    ) {
        let jobSharing = rocket.sharing
        let rocket = arm.settings(rocket)
        self.arm = arm
        self.rocket = rocket
        self.training = training
        self.collective = collective
        let known = known ?? KnownIDs(none: layout)
        self.known = known
        parallel = Parallel(threads: training.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let clickRate = min(max(clickRate, 1e-6), 1 - 1e-6)
        model = CoTrainedModel(
            arm: arm, layout: known.layout, ids: known.tables, nets: nets, sharing: rocket.sharing,
            jobSharing: jobSharing,
            sharedLayers: rocket.sharedLayers, ftrl: FTRL(l1: Float(training.linearL1), l2: Float(training.linearL2)), seed: training.seed,
            logitBias: log(clickRate / (1 - clickRate)) + training.logitExcess,
            shard: TableShard(rank: collective.rank, ranks: collective.ranks))
        step = TrainingStep(
            model: model, teacher: arm.needsTeacher ? teacher : nil, rocket: rocket, training: training,
            parallel: parallel, collective: collective)
        optimisers = OptimiserState(model, dense: step.lanes)
    }

    /// Floating-point operations of the nets' matrix products for one sample, forward and backward.
    package var operationsASample: Int { step.operationsASample }

    /// Where the time of all steps so far went.
    package var profile: TrainingReport.ThreadSeconds { TrainingReport.ThreadSeconds(step.profile) }

    /// What the optimisers remember at the end of a training, for `goOn`. In a group rank 0 has it, the others nothing.
    public func optimiserState() throws -> [UInt8] {
        guard let whole = try collective.whole(optimisers.arrays) else { return [] }
        return try optimisers.encoded(whole)
    }

    /// Begins with the weights and the optimiser state of an earlier training instead of random ones. An id that had no row there
    /// begins with the row of such ids.
    ///
    /// - Parameters:
    ///   - earlier: a model of the same arm, features and settings; this training knows its ids, too.
    ///   - state: its `optimiserState`.
    /// - Throws: `TrainingError.otherModel` when the models differ in shape, `SafetensorsError` for a state of another one.
    public func goOn(from earlier: CoTrainedModel, state: [UInt8]) throws {
        guard earlier.layout.withoutIDs == model.layout.withoutIDs, earlier.nets.hasSameNets(as: model.nets),
            earlier.arm == model.arm, earlier.sharedLayers == model.sharedLayers, earlier.sharesEmbeddings == model.sharesEmbeddings
        else { throw TrainingError.otherModel }
        let origins = RowOrigins(model.ids, in: earlier.ids)
        try optimisers.restore(state, origins)
        for (net, branch) in model.branches {
            for (own, other) in zip(branch.arrays, earlier[net]?.arrays ?? []) {
                own.takeRows(from: other.array, of: .whole, origins)
            }
        }
        model.addToLogits(Float(training.logitExcess))
        earlierAdmission = earlier.admission
    }

    /// Trains for the configured epochs, or until the nets become no better on the held-out rows. A training that goes on from
    /// a checkpoint ends with the same bytes of weights as one that was never disturbed, on as many ranks.
    ///
    /// In a group `model` is whole again afterwards, at rank 0.
    ///
    /// - Parameter judge: of the held-out rows; needed where the settings hold some out.
    /// - Throws: `TrainingError`, `SafetensorsError` for a checkpoint of something else, `CollectiveError`, and what reading a
    ///   block or saving a checkpoint throws.
    public func train(
        on source: TrainingSource, judge: NetJudge? = nil, checkpoints: Checkpoints? = nil,
        progress: (TrainingProgress) throws -> Void
    ) throws -> TrainingReport {
        guard source.rows > 0 else { throw TrainingError.noRows }
        let supported = training.denseType.isSupportedHere
        try collective.agree(supported ? nil : TrainingError.unsupported(training.denseType))
        guard !arm.needsTeacher || step.hasTeacher else { throw TrainingError.noTeacher(arm) }
        let (admission, admitted, heldOut) = try collective.together {
            // What nobody trains on must not be counted either.
            let (rows, heldOut) = try source.holdingOut(judge == nil ? .nothing : HeldOut(self.training))
            let admission = try AdmissionCounts(known, of: rows, after: earlierAdmission)
            return (admission, admission?.admitted(rows) ?? rows, admission?.admitted(heldOut) ?? heldOut)
        }
        let best =
            heldOut.rows == 0
            ? nil : judge.map { BestPoints(model, $0, on: heldOut, training, parallel, step.exchange) }
        let course = try run(
            admitted.sampled(negativeShare: training.negativeShare, seed: training.seed), best, checkpoints, progress)
        let state = course.state
        try model.setUntrainedRows(.all, kept: best?.kept ?? [:], over: collective)
        if let best { model.take(best.kept, sharing: best.keptShares) }
        let group = try group(course, admitted)
        try model.gather(over: collective)
        if collective.rank == 0 { model.admit(admission) }
        model.addToLogits(Float(-training.logitExcess))
        var curve = state.curve
        return TrainingReport(
            arm: arm, denseType: training.denseType, steps: state.steps, samples: state.samples, seconds: state.seconds,
            samplesPerSecond: state.seconds > 0 ? Double(state.samples) / state.seconds : 0,
            hintWeight: arm.hasHint ? rocket.hintWeight : 0, curve: curve.points(), validations: state.validations,
            isOutOfTime: state.isOutOfTime, lightStep: state.validations.bestStep(\.lightLoss),
            boosterStep: state.validations.bestStep(\.boosterLoss),
            gradientNorms: state.gradientNorms, operationsASample: step.operationsASample, threads: parallel.threads,
            threadSeconds: TrainingReport.ThreadSeconds(step.profile), group: group,
            ids: known.report.isEmpty ? nil : known.report)
    }

    private func run(
        _ source: TrainingSource, _ best: BestPoints?, _ checkpoints: Checkpoints?,
        _ progress: (TrainingProgress) throws -> Void
    ) throws -> TrainingCourse {
        let checkpoint = Checkpoint(model: model, optimisers: optimisers)
        let resumed = try collective.together {
            try checkpoints?.resume.map { try checkpoint.restore($0, best: best) }
        }
        let order = try readingOrder(source, shares: resumed == nil ? training.shares : resumed?.shares)
        let run = TrainingRun(stepsAnEpoch: order.steps(of: source.rows), training, best: best)
        var course = TrainingCourse(
            state: resumed
                ?? TrainingState(
                    curve: CurveRecorder(arm: arm, every: max(1, run.steps / 200)), shares: training.shares))
        step.weightsChanged()
        if course.state.isFinished { return course }
        let sent = collective.bytesSent
        let start = ContinuousClock.now - .seconds(course.state.seconds)
        var saved = ContinuousClock.now
        let done = StepsDone(course.state.steps)
        var last: InputRows?
        for epoch in 0..<run.epochs where !run.isOver(course.state) {
            try source.prefetched(order, epoch: epoch, done, step.exchange?.rows, step.profile) { input in
                if run.normSteps.contains(course.state.steps) {
                    try course.beside(collective) {
                        $0.gradientNorms.append(try gradientNorms(of: input, step: $0.steps + 1))
                    }
                }
                let wishes = checkpoints.map {
                    StepWishes(stop: $0.stops(), save: ContinuousClock.now - saved >= $0.every)
                }
                let (losses, agreed) = try self.run(
                    input, step: course.state.steps, progress: Double(course.state.steps) / Double(run.steps),
                    wishes ?? StepWishes())
                course.add(losses, input)
                try check(losses, input.batch, step: course.state.steps)
                last = input
                if run.isValidated(after: course.state.steps) {
                    try course.beside(collective) {
                        try best?.judge(after: $0.steps, &$0.validations)
                        try keepToBudget(&$0, since: start)
                    }
                }
                if let checkpoints, agreed.stop || agreed.save {
                    // A training that went on from weights that are no numbers could only fail again.
                    try checkWeights(after: course.state.steps, input.batch)
                    course.state.seconds = (ContinuousClock.now - start) / .seconds(1)
                    try save(checkpoint, course.state, best, to: checkpoints)
                    saved = ContinuousClock.now
                }
                if agreed.stop { throw TrainingError.stopped(step: course.state.steps) }
                try progress(TrainingProgress(samples: course.state.samples, step: course.state.steps))
                return !run.isOver(course.state)
            }
        }
        course.bytesSent = collective.bytesSent - sent - course.bytesBeside
        try checkWeights(after: course.state.steps, last?.batch)
        // Sampling may end a run a little before its planned last step.
        if !run.isOver(course.state), course.state.validations.last?.step != course.state.steps {
            try best?.judge(after: course.state.steps, &course.state.validations)
        }
        course.state.seconds = (ContinuousClock.now - start) / .seconds(1)
        course.state.isFinished = true
        // What comes after the training may fail too, and then need not train again.
        if let checkpoints { try save(checkpoint, course.state, best, to: checkpoints) }
        return course
    }

    /// Notes when a search has no time left; all ranks find the same.
    private func keepToBudget(_ state: inout TrainingState, since start: ContinuousClock.Instant) throws {
        guard let search = training.search, search.budget != nil else { return }
        let isOutOfTime = search.isOutOfTime(
            state.validations, seconds: (ContinuousClock.now - start) / .seconds(1))
        if try collective.startGather([isOutOfTime ? 1 : 0]).sum()[0] > 0 { state.isOutOfTime = true }
    }

    /// What the ranks did together; nil for a single process.
    private func group(_ course: TrainingCourse, _ source: TrainingSource) throws -> TrainingReport.Group? {
        guard collective.isShared else { return nil }
        let sent = try collective.startGather([Double(course.bytesSent)]).sum()[0]
        let samples = Double(max(1, course.samplesHere))
        let steps = max(1, course.stepsHere)
        // Rank 0 has the first block.
        let sample = try collective.together { collective.rank == 0 ? try source.blocks.first?() : nil }
        let expected = sample.map {
            step.exchangeCost(of: $0, rows: course.samplesHere / steps / collective.ranks)
                .bytesAStep(ranks: collective.ranks) * Double(steps) / samples
        }
        return TrainingReport.Group(
            ranks: collective.ranks, hosts: Set(collective.hosts).count, shares: course.state.shares,
            bytesSentASample: sent / samples, expectedBytesASample: expected ?? 0)
    }

    private func readingOrder(_ source: TrainingSource, shares: Int?) throws -> ReadingOrder {
        ReadingOrder(
            size: training.batchSize, seed: training.seed,
            shares: try shares.map {
                try RankShares(source, shares: $0, batchSize: training.batchSize, over: collective)
            }, layout: model.layout, lookup: step.lookup, rank: collective.rank, ranks: collective.ranks)
    }

    /// Saves every rank's part; the checkpoint before goes when all are there.
    private func save(
        _ checkpoint: Checkpoint, _ state: TrainingState, _ best: BestPoints?, to checkpoints: Checkpoints
    ) throws {
        let (part, isSaved) = try collective.together {
            let part = CheckpointPart(
                bytes: try checkpoint.encoded(state, best: best, part: collective.rank, of: collective.ranks),
                number: collective.rank, count: collective.ranks, step: state.steps)
            return (part, try checkpoints.save(part))
        }
        guard try collective.startGather([isSaved ? 1 : 0]).sum()[0] == Double(collective.ranks) else {
            return checkpoints.discard(part)
        }
        if collective.rank == 0 { checkpoints.complete(part) }
    }

    /// One step on one batch: forward, losses, backward, updates. Returns the means of the loss terms.
    private func run(
        _ input: InputRows, step number: Int, progress: Double, _ wishes: StepWishes
    ) throws -> (StepLosses, StepWishes) {
        try step.run(
            input, step: number, step.rates(progress: progress),
            hintScale: training.search == nil ? rocket.hintScale(progress: progress) : 1, wishes)
    }

    /// Each loss's gradient by itself, by real backward passes.
    ///
    /// - Throws: `TrainingError.gradientNotBlocked` when the hint reaches the booster in spite of the block.
    private func gradientNorms(of input: InputRows, step number: Int) throws -> TrainingReport.GradientNorms {
        func norms(_ terms: LossTerms) throws -> TrainingReport.GradientNorms.Norms {
            _ = try step.gradients(of: input, step: number - 1, terms, hintScale: 1)
            return try step.norms(input)
        }
        let found = try TrainingReport.GradientNorms(
            step: number, light: step.light == nil ? nil : norms(.light),
            booster: step.booster == nil ? nil : norms(.booster),
            hint: arm.hasHint ? norms(.hint) : nil)
        // A norm that is no number comes of losses that are none, which the step itself tells of.
        if !rocket.gradientBlock.table.booster.contains(.hintThroughBooster), let hint = found.hint, hint.booster.isFinite, hint.booster != 0 {
            throw TrainingError.gradientNotBlocked(step: number, norm: hint.booster)
        }
        return found
    }

    /// The gradients of one batch without an update; for holding them against finite differences.
    package func gradients(of batch: SparseBatch) throws -> BatchGradients {
        _ = try step.gradients(of: InputRows(batch, step.lookup), step: 0, .all, hintScale: 1)
        return BatchGradients(model: model, batch: batch, step: step)
    }

    /// One step from outside a run, as `train` does them; for following a reference step by step.
    package func step(
        _ batch: SparseBatch, progress: Double
    ) throws -> (light: Double, booster: Double, hint: Double) {
        try step(InputRows(batch, step.lookup), progress: progress)
    }

    package func step(
        _ input: InputRows, progress: Double
    ) throws -> (light: Double, booster: Double, hint: Double) {
        let (losses, _) = try run(input, step: 0, progress: progress, StepWishes())
        return (losses.light, losses.booster, losses.hint)
    }

    /// A number of steps over batches in memory, which come again and again; for measuring.
    ///
    /// - Parameter batches: this rank's rows of each.
    package func runSteps(_ count: Int, over batches: [SparseBatch]) throws {
        let (layout, ranks, rank, lookup) = (model.layout, collective.ranks, collective.rank, step.lookup)
        try prefetching(step.exchange?.rows, step.profile) { put in
            for number in 0..<count {
                let batch = batches[number % batches.count]
                let first = UInt32(rank * batch.rows)
                let input = InputRows(
                    batch, ofBatch: ranks * batch.rows,
                    numbers: ranks == 1 ? nil : Array(first..<first + UInt32(batch.rows)), lookup)
                guard put(input.planned(layout, ranks: ranks)) else { return }
            }
        } _: { input in
            _ = try run(input, step: 0, progress: 0, StepWishes())
            return true
        }
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
            // All ranks are here: they have the same sums.
            let cause = try collective.first(extremeFeature(of: batch) ?? model.notFinite)
            throw TrainingError.notFinite(step: step, term: term, cause: cause ?? "the logits of this batch")
        }
    }

    /// A step is checked by its losses, before it changes the weights; what it did to them shows only here.
    private func checkWeights(after step: Int, _ batch: SparseBatch?) throws {
        let own = model.notFinite
        guard let cause = try collective.first(own) else { return }
        let feature = try collective.first(batch.flatMap(extremeFeature))
        throw TrainingError.notFinite(step: step, term: "weights", cause: feature ?? cause)
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
