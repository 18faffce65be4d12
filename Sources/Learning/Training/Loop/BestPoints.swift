import Arrays
import FeatureCache
import Nets
import RocketLaunching

/// Judges the nets on held-out rows and keeps each one's weights at its best point.
final class BestPoints {
    /// The weights of each net at its best point so far.
    private(set) var kept: [Net: Branch] = [:]
    /// Whether they have in common what the nets share: their best points are the same.
    private(set) var keptShares = false
    private let model: CoTrainedModel
    private let judge: NetJudge
    private let heldOut: HeldOutRows
    private let parallel: Parallel
    private let slices: Int
    private let peers: any Peers

    init(
        _ model: CoTrainedModel, _ judge: NetJudge, on heldOut: TrainingSource, _ training: TrainingSpecification,
        _ parallel: Parallel, _ peers: any Peers
    ) {
        self.model = model
        self.peers = peers
        self.judge = judge
        self.heldOut = HeldOutRows(
            blocks: heldOut.blocks, rowsAtOnce: training.batches.size, lookup: RowLookup(model.ids))
        slices = training.sliceCount
        self.parallel = parallel
    }

    /// Judges both nets as they are, and keeps the weights of those that are better than ever.
    func judge(after step: Int, _ points: inout [TrainingReport.ValidationPoint]) throws {
        try model.setUntrainedRows(.shared, peers)
        var point = TrainingReport.ValidationPoint(step: step)
        let (light, booster) = (try model.lightBranch.flatMap(judgement), try model.boosterBranch.flatMap(judgement))
        (point.light, point.lightLoss) = (light?.auc, light?.loss)
        (point.booster, point.boosterLoss) = (booster?.auc, booster?.loss)
        point.constantLoss = light?.constantLoss ?? booster?.constantLoss
        let best = model.branches.map(\.net).filter { net in
            point.loss(of: net).map { loss in points.allSatisfy { ($0.loss(of: net) ?? .infinity) > loss } } ?? false
        }
        keep(best)
        points.append(point)
    }

    /// Copies some nets as they are; what they share, their copies share.
    private func keep(_ best: [Net]) {
        guard !best.isEmpty else { return }
        var first: Branch?
        for (net, branch) in model.branches where best.contains(net) {
            let copy = branch.copy(sharing: model.isShared ? first : nil)
            kept[net] = copy
            first = first ?? copy
        }
        keptShares = model.isShared && best.count == model.branches.count
    }

    private func judgement(_ branch: Branch) throws -> NetJudge.Judgement? {
        let workspace = BranchWorkspace(branch, rows: heldOut.rowsAtOnce)
        let (labels, logits) = try peers.scores(heldOut) { score($0, workspace) }
        return try peers.judged { try judge.judgement(labels, logits) }
    }

    private func score(_ input: InputRows, _ workspace: BranchWorkspace) -> [Float] {
        // Not one per thread: the rounding of a product may depend on how many rows it has.
        let (parts, count) = (slices, input.rows)
        parallel.perform(parts: parts) { part in
            workspace.score(input, rows: count * part / parts..<count * (part + 1) / parts)
        }
        return (0..<count).map { workspace.logits[$0] }
    }

    /// The kept weights with their names, for a checkpoint.
    var arrays: [NamedArray] {
        model.branches.flatMap { net, _ in
            (kept[net]?.arrays ?? []).map { NamedArray("best_\(net.name).\($0.name)", $0.array, $0.sharding) }
        }
    }

    /// Makes room for the weights that a checkpoint holds, as `points` tells which.
    func prepare(_ points: [TrainingReport.ValidationPoint]) {
        kept = [:]
        let steps = model.branches.map { points.bestStep(of: $0.net) }
        // Copies are made together where the best points are the same.
        for step in Set(steps.compactMap(\.self)) {
            keep(zip(model.branches, steps).filter { $0.1 == step }.map(\.0.net))
        }
    }
}

extension [TrainingReport.ValidationPoint] {
    func bestStep(of net: Net) -> Int? { bestStep { $0.loss(of: net) } }

    /// The first step at which a net's loss was least; nil where it was never judged.
    func bestStep(_ net: (TrainingReport.ValidationPoint) -> Double?) -> Int? {
        var best: (step: Int, loss: Double)?
        for point in self {
            if let loss = net(point), loss < best?.loss ?? .infinity { best = (point.step, loss) }
        }
        return best?.step
    }

    /// Judgements since the last at which some net became better than ever; 0 where none could be judged.
    var sinceBest: Int {
        guard let best = [bestStep(\.lightLoss), bestStep(\.boosterLoss)].compactMap(\.self).max() else { return 0 }
        return count { $0.step > best }
    }
}

extension TrainingReport.ValidationPoint {
    func loss(of net: Net) -> Double? { net == .booster ? boosterLoss : lightLoss }
}
