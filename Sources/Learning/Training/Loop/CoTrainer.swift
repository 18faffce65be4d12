import Arrays
import FeatureCache
import Foundation
import Instructions
import Nets
import RocketLaunching

/// Trains the nets of one arm together, from the first step (arXiv 1708.04106): the booster is not trained before, both
/// nets see every batch, the hint pulls the light net towards the booster. Who trains what is in `GradientBlock.table`.
///
/// The weights depend on data, settings and seed, not on the number of threads; `TrainingStep` says how.
public final class CoTrainer {
    public private(set) var model: CoTrainedModel
    let arm: Arm
    let rocket: RocketSpecification
    let training: TrainingSpecification
    package let step: TrainingStep
    let peers: any Peers
    let parallel: Parallel
    private let optimisers: OptimiserState
    private let known: KnownIDs
    /// Counts of the ids that an earlier training saw, where this one resumes from it.
    private var earlierAdmission: AdmissionCounts?

    /// - Parameters:
    ///   - known: the ids that have their own rows where the layout asks for tables of ids; nil: none.
    ///   - teacher: a model of the same features with a booster, which stays fixed; only arms that need one take it.
    ///     It may know other ids.
    ///   - peers: who trains; all of them make a trainer with the same arguments and call the same.
    package init(
        _ plan: TrainingPlan, known: KnownIDs? = nil, teacher: CoTrainedModel? = nil, peers: any Peers = Alone()
    ) {
        (arm, training) = (plan.arm, plan.training)
        rocket = arm.settings(plan.rocket)
        self.peers = peers
        let known = known ?? KnownIDs(none: plan.layout)
        self.known = known
        parallel = Parallel(threads: training.machine.threadCount)
        var plan = plan
        plan.layout = known.layout
        model = CoTrainedModel(plan, ids: known.tables, shard: peers.shard)
        step = TrainingStep(
            model: model, teacher: arm.needsTeacher ? teacher : nil, rocket: rocket, training: training,
            parallel: parallel, peers: peers)
        optimisers = OptimiserState(model, dense: step.lanes)
        peers.connect(step)
    }

    /// Floating-point operations of the nets' matrix products for one sample, forward and backward.
    package var operationsPerSample: Int { step.operationsPerSample }

    /// Share of the fields that went through each net's first layer by ids in the last step.
    package var fieldsByIDs: [String: Double] {
        Dictionary(uniqueKeysWithValues: step.lanes.map { ($0.name, $0.byIDs?.shareByIDs ?? 0) })
    }

    /// Where the time of all steps so far went.
    package var profile: TrainingReport.ThreadSeconds { TrainingReport.ThreadSeconds(step.profile) }

    /// What the optimisers remember at the end of a training, for `goOn`; empty where a peer has it.
    public func optimiserState() throws -> [UInt8] {
        guard let whole = try peers.whole(optimisers.arrays) else { return [] }
        return try optimisers.encoded(whole)
    }

    /// Begins with the weights and the optimiser state of an earlier training instead of random ones. An id that had no
    /// row there begins with the row of such ids.
    ///
    /// - Parameters:
    ///   - earlier: a model of the same arm, features and settings; this training knows its ids, too.
    ///   - state: its `optimiserState`.
    /// - Throws: `TrainingError.otherModel` when the models differ in shape, `SafetensorsError` for a state of another
    ///   one.
    public func goOn(from earlier: CoTrainedModel, state: [UInt8]) throws {
        guard earlier.layout.withoutIDs == model.layout.withoutIDs, earlier.nets.hasSameNets(as: model.nets),
            earlier.arm == model.arm, earlier.sharedLayers == model.sharedLayers,
            earlier.sharing == model.sharing
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

    /// Trains for the configured epochs, or until the nets become no better on the held-out rows. A training that
    /// resumes from a checkpoint ends with the same bytes of weights as one that was never disturbed.
    ///
    /// Afterwards `model` is whole at the first of several peers.
    ///
    /// - Parameter judge: of the held-out rows; needed where the settings hold some out.
    /// - Throws: `TrainingError`, `SafetensorsError` for a checkpoint of something else, what a peer that does not
    ///   answer does, and what reading a block or saving a checkpoint throws.
    public func train(
        on source: TrainingSource, judge: NetJudge? = nil, checkpoints: Checkpoints? = nil,
        progress: (TrainingProgress) throws -> Void
    ) throws -> TrainingReport {
        guard source.rows > 0 else { throw TrainingError.noRows }
        try peers.agree(training.machineProblem)
        guard !arm.needsTeacher || step.hasTeacher else { throw TrainingError.noTeacher(arm) }
        let (admission, admitted, heldOut) = try peers.together {
            // What nobody trains on must not be counted either.
            let (rows, heldOut) = try source.holdingOut(judge == nil ? .nothing : HeldOut(self.training))
            let admission = try AdmissionCounts(known, of: rows, after: earlierAdmission)
            return (admission, admission?.admitted(rows) ?? rows, admission?.admitted(heldOut) ?? heldOut)
        }
        let best =
            heldOut.rows == 0 ? nil : judge.map { BestPoints(model, $0, on: heldOut, training, parallel, peers) }
        var loop = try TrainingLoop(
            self, admitted.sampled(negativeShare: training.batches.negativeShare, seed: training.seed), best,
            checkpoints,
            Checkpoint(model: model, optimisers: optimisers))
        try loop.run(progress)
        try model.setUntrainedRows(.all, kept: best?.kept ?? [:], peers)
        if let best { model.take(best.kept, sharing: best.keptSharing) }
        let group = try peers.report(step, done: loop.course.done, shares: loop.course.state.shares, admitted)
        try peers.gather(&model)
        if peers.isFirst { model.admit(admission) }
        model.addToLogits(Float(-training.logitExcess))
        return report(loop.course.state, group)
    }

    private func report(_ state: TrainingState, _ group: TrainingReport.Group?) -> TrainingReport {
        var curve = state.curve
        let lights = model.branches.map(\.net).filter(\.isLight)
        func best(_ net: Net) -> Int? { state.validations.bestStep(of: net, training.patience) }
        return TrainingReport(
            arm: arm, denseType: training.denseType, instructions: VectorInstructions.name, steps: state.steps,
            samples: state.samples, seconds: state.seconds,
            samplesPerSecond: state.seconds > 0 ? Double(state.samples) / state.seconds : 0,
            hintWeight: arm.hasHint ? rocket.hintWeight : 0, curve: curve.points(), validations: state.validations,
            isOutOfTime: state.isOutOfTime, lightStep: best(.light(model.nets.lead)), boosterStep: best(.booster),
            fleet: lights.count > 1 ? lights.map { .init(net: $0.name, step: best($0)) } : nil,
            gradientNorms: state.gradientNorms, operationsPerSample: step.operationsPerSample,
            threads: parallel.threads, threadSeconds: TrainingReport.ThreadSeconds(step.profile), group: group,
            ids: known.report.isEmpty ? nil : known.report)
    }

    /// One step on one batch: forward, losses, backward, updates.
    ///
    /// - Parameter progress: share of the run that is over, 0…1.
    func run(
        _ input: InputRows, step number: Int, progress: Double, _ wishes: StepWishes = StepWishes()
    ) throws -> StepOutcome {
        try step.run(
            input, step: number, step.rates(progress: progress),
            hintScale: training.passes.search == nil ? rocket.hintScale(progress: progress) : 1, wishes)
    }

    /// Trains a number of steps on batches in memory, over and over; for measuring.
    ///
    /// - Parameter batches: the rows here of each; every peer has as many.
    package func runSteps(_ count: Int, over batches: [SparseBatch]) throws {
        let (peers, lookup) = (peers, step.lookup)
        try Prefetch(peers: peers, profile: step.profile).run { put in
            for number in 0..<count {
                let input = peers.equalPart(batches[number % batches.count], lookup)
                guard put(peers.planned(input)) else { return }
            }
        } training: { input in
            _ = try run(input, step: 0, progress: 0)
            return true
        }
    }
}
