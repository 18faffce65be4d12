import Arrays
import FeatureCache
import Nets
import RocketLaunching

/// Judges the nets on held-out rows and keeps each one's weights at its best point.
final class BestPoints {
    /// The weights of each net at its best point so far.
    private(set) var kept: [Net: Branch] = [:]
    /// What they have in common: nothing, unless their best points are the same.
    private(set) var keptSharing = Sharing.nothing
    private let model: CoTrainedModel
    private let judge: NetJudge
    private let heldOut: HeldOutRows
    private let parallel: Parallel
    private let slices: Int
    /// Judgements after which a light net that becomes no better is done, whatever becomes of others.
    private let patience: Int
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
        patience = training.patience
        self.parallel = parallel
    }

    /// Judges all nets as they are, and keeps the weights of those that are better than ever.
    func judge(after step: Int, _ points: inout [TrainingReport.ValidationPoint]) throws {
        try model.setUntrainedRows(.shared, peers)
        var point = TrainingReport.ValidationPoint(step: step)
        for (index, item) in model.branches.enumerated() {
            let judged = try judgement(item.branch)
            switch item.net {
            case .booster: (point.booster, point.boosterLoss) = (judged?.auc, judged?.loss)
            case .light where index == 0: (point.light, point.lightLoss) = (judged?.auc, judged?.loss)
            case .light(let name):
                point.further = (point.further ?? []) + [.init(net: name, auc: judged?.auc, loss: judged?.loss)]
            }
            point.constantLoss = point.constantLoss ?? judged?.constantLoss
        }
        let best = model.branches.map(\.net).filter { net in
            guard let loss = point.loss(of: net), !points.isOver(net, patience) else { return false }
            return points.allSatisfy { ($0.loss(of: net) ?? .infinity) > loss }
        }
        keep(best)
        points.append(point)
    }

    /// Copies some nets as they are; what they share, their copies share.
    private func keep(_ best: [Net]) {
        guard !best.isEmpty else { return }
        var copies: [(net: Net, branch: Branch)] = []
        for (net, branch) in model.branches where best.contains(net) {
            let other = copies.first { model.shares($0.net, with: net) }?.branch
            copies.append((net, branch.copy(sharing: other)))
        }
        for (net, copy) in copies { kept[net] = copy }
        let sharing = model.branches.map(\.net).filter { model.sharing == .embeddings || $0.isLight }
        guard best.contains(where: sharing.contains) else { return }
        keptSharing = sharing.allSatisfy(best.contains) ? model.sharing : .nothing
    }

    private func judgement(_ branch: Branch) throws -> NetJudge.Judgement? {
        let scorer = BranchScorer(branch, lines: heldOut.rowsAtOnce)
        let (labels, logits) = try peers.scores(heldOut) { score($0, scorer) }
        return try peers.judged { try judge.judgement(labels, logits) }
    }

    private func score(_ input: InputRows, _ scorer: BranchScorer) -> [Float] {
        // Not one per thread: the rounding of a product may depend on how many rows it has.
        let (parts, count, rows) = (slices, input.rows, input.sparse)
        scorer.prepare(rows, parallel)
        parallel.perform(parts: parts) { part in
            scorer.score(rows, count * part / parts..<count * (part + 1) / parts)
        }
        return (0..<count).map { scorer.logits[$0] }
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
        let steps = model.branches.map { points.bestStep(of: $0.net, patience) }
        // Copies are made together where the best points are the same.
        for step in Set(steps.compactMap(\.self)) {
            keep(zip(model.branches, steps).filter { $0.1 == step }.map(\.0.net))
        }
    }
}

extension [TrainingReport.ValidationPoint] {
    /// The step at which a net was best.
    ///
    /// - Parameter patience: of the net's own training, in which it is alone with the booster: what comes after that
    ///   would have ended is none of its.
    func bestStep(of net: Net, _ patience: Int) -> Int? {
        guard net.isLight, let end = indices.first(where: { Array(prefix($0 + 1)).isOver(net, patience) }) else {
            return bestStep { $0.loss(of: net) }
        }
        return Array(prefix(end + 1)).bestStep { $0.loss(of: net) }
    }

    /// The first step at which a net's loss was least; nil where it was never judged.
    func bestStep(_ net: (TrainingReport.ValidationPoint) -> Double?) -> Int? {
        var best: (step: Int, loss: Double)?
        for point in self {
            if let loss = net(point), loss < best?.loss ?? .infinity { best = (point.step, loss) }
        }
        return best?.step
    }

    /// Whether neither a light net nor the booster has become better than ever for too many judgements; false for the
    /// booster where there are light nets.
    func isOver(_ net: Net, _ patience: Int) -> Bool {
        guard net.isLight || !contains(where: { $0.lightLoss != nil }) else { return false }
        return isOver(patience) { $0.loss(of: net) }
    }

    /// Whether that is so for each light net, or for the booster where it is alone; false where none could be judged.
    func areOver(_ patience: Int) -> Bool {
        let further = (last?.further ?? []).map { Net.light($0.net) }
        return isOver(patience, \.lightLoss) && further.allSatisfy { isOver($0, patience) }
    }

    private func isOver(_ patience: Int, _ loss: (TrainingReport.ValidationPoint) -> Double?) -> Bool {
        guard let best = [bestStep(loss), bestStep(\.boosterLoss)].compactMap(\.self).max() else { return false }
        return count { $0.step > best } >= patience
    }
}

extension TrainingReport.ValidationPoint {
    func loss(of net: Net) -> Double? {
        guard case .light(let name) = net else { return boosterLoss }
        return further?.first { $0.net == name }.map(\.loss) ?? lightLoss
    }
}
