import Arrays
import Collectives
import FeatureCache
import Nets
import RocketLaunching

/// What judges the nets while they are trained.
public struct NetJudge: Sendable {
    /// Labels and logits of all held-out rows to how good they are; nil where that cannot be said.
    public var judgement: @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Judgement?

    public init(judgement: @escaping @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Judgement?) {
        self.judgement = judgement
    }

    /// How good a net is on the held-out rows.
    public struct Judgement: Equatable, Sendable {
        /// Smaller for a better net; it decides.
        public var loss: Double
        /// AUC, which is only reported; nil where there is none.
        public var auc: Double?
        /// Loss of always predicting the click rate; nil where that cannot be compared.
        public var constantLoss: Double?

        public init(loss: Double, auc: Double?, constantLoss: Double? = nil) {
            self.loss = loss
            self.auc = auc
            self.constantLoss = constantLoss
        }
    }
}

/// Judges the nets on held-out rows and keeps each one's weights at its best point.
final class BestPoints {
    /// The weights of each net at its best point so far.
    private(set) var kept: [Net: Branch] = [:]
    /// Whether they have in common what the nets share: their best points are the same.
    private(set) var keptShares = false
    private let model: CoTrainedModel
    private let judge: NetJudge
    private let heldOut: TrainingSource
    private let parallel: Parallel
    private let rowsAtOnce: Int
    private let slices: Int
    private let exchange: StepExchange?
    private let lookup: RowLookup

    init(
        _ model: CoTrainedModel, _ judge: NetJudge, on heldOut: TrainingSource, _ training: TrainingSpecification,
        _ parallel: Parallel, _ exchange: StepExchange?
    ) {
        self.model = model
        self.exchange = exchange
        self.judge = judge
        self.heldOut = heldOut
        rowsAtOnce = training.batchSize
        slices = training.sliceCount
        lookup = RowLookup(model.ids)
        self.parallel = parallel
    }

    /// Judges both nets as they are, and keeps the weights of those that are better than ever.
    func judge(after step: Int, _ points: inout [TrainingReport.ValidationPoint]) throws {
        if let exchange {
            try model.setUntrainedRows(.shared, over: exchange.collective)
        } else {
            try model.setUntrainedRows(.shared, over: SingleProcess())
        }
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
        let workspace = BranchWorkspace(branch, rows: rowsAtOnce)
        guard let exchange else {
            var (labels, logits): ([UInt8], [Float]) = ([], [])
            for block in heldOut.blocks {
                for input in pieces(of: try block()) {
                    labels += input.labels
                    logits += score(input, workspace)
                }
            }
            return try judge.judgement(labels, logits)
        }
        return try judgement(workspace, exchange)
    }

    /// Each rank scores blocks of its own; rank 0 judges.
    private func judgement(
        _ workspace: BranchWorkspace, _ exchange: StepExchange
    ) throws -> NetJudge.Judgement? {
        let collective = exchange.collective
        let (parts, noRows) = try collective.together {
            let own = try heldOut.blocks.enumerated().filter { $0.offset % collective.ranks == collective.rank }
                .flatMap { pieces(of: try $0.element()) }
            return (own, try heldOut.blocks.first.map { InputRows(try $0().selecting(rows: []), lookup) })
        }
        let rounds = try collective.startGather([Double(parts.count)]).wait().map { Int($0[0]) }.max() ?? 0
        var (labels, logits): ([UInt8], [Float]) = ([], [])
        for round in 0..<rounds {
            guard let rows = round < parts.count ? parts[round] : noRows else { break }
            let input = rows.planned(model.layout, ranks: collective.ranks)
            try exchange.rows.fetch(exchange.rows.request(exchange.rows.announce(.success(input))))
            labels += input.labels
            logits += score(input, workspace)
        }
        let scored = try Self.gather(labels, logits, over: collective)
        let own = try collective.together {
            collective.rank == 0 ? try judge.judgement(scored.labels, scored.logits) : nil
        }
        let numbers = try collective.startGather([own?.loss, own?.auc, own?.constantLoss].map { $0 ?? .nan }).wait()
        return numbers.first.flatMap { first in
            let known = first.map { $0.isNaN ? nil : $0 }
            return known[0].map { NetJudge.Judgement(loss: $0, auc: known[1], constantLoss: known[2]) }
        }
    }

    /// What all ranks have scored, rank by rank.
    private static func gather(
        _ labels: [UInt8], _ logits: [Float], over collective: any Collective
    ) throws -> (labels: [UInt8], logits: [Float]) {
        let counts = try collective.startGather([Double(labels.count)]).wait().map { 2 * Int($0[0]) }
        let all = FloatArray(count: counts.reduce(0, +))
        var starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let own = FloatArray(labels.map { Float($0) } + logits)
        all.copy(own, from: 0, to: starts[collective.rank], count: own.count)
        try collective.startAllGather(all, counts).wait()
        starts.removeLast()
        let halves = zip(starts, counts).map { start, count in
            (start..<start + count / 2, start + count / 2..<start + count)
        }
        return (
            halves.flatMap { $0.0.map { UInt8(all[$0]) } }, halves.flatMap { $0.1.map { all[$0] } }
        )
    }

    /// Rows that are scored together.
    private func pieces(of batch: SparseBatch) -> [InputRows] {
        stride(from: 0, to: batch.rows, by: rowsAtOnce).map { start in
            InputRows(batch.selecting(rows: Array(start..<min(start + rowsAtOnce, batch.rows))), lookup)
        }
    }

    private func score(_ input: InputRows, _ workspace: BranchWorkspace) -> [Float] {
        // Not one a thread: what a product rounds to may depend on how many rows it has.
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
