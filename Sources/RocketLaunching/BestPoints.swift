import FeatureCache
import Nets

/// What judges the nets while they are trained.
public struct NetJudge: Sendable {
    /// Labels and logits of all held-out rows to a number that is larger for a better net; nil where they have none.
    public var quality: @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Double?

    public init(quality: @escaping @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Double?) {
        self.quality = quality
    }
}

/// Judges the nets on held-out rows and keeps each one's weights at its best point.
final class BestPoints {
    /// The weights of each net at its best point so far.
    private(set) var light, booster: Branch?
    private let model: CoTrainedModel
    private let judge: NetJudge
    private let heldOut: TrainingSource
    private let parallel: Parallel
    private let rowsAtOnce: Int
    private let slices: Int

    init(
        _ model: CoTrainedModel, _ judge: NetJudge, on heldOut: TrainingSource, _ training: TrainingSpecification,
        _ parallel: Parallel
    ) {
        self.model = model
        self.judge = judge
        self.heldOut = heldOut
        rowsAtOnce = training.batchSize
        slices = training.sliceCount
        self.parallel = parallel
    }

    /// Judges both nets as they are, and keeps the weights of those that are better than ever.
    func judge(after step: Int, _ points: inout [TrainingReport.ValidationPoint]) throws {
        var point = TrainingReport.ValidationPoint(step: step)
        point.light = try model.lightBranch.flatMap { try quality($0) }
        point.booster = try model.boosterBranch.flatMap { try quality($0) }
        func isBest(_ quality: Double?, _ net: (TrainingReport.ValidationPoint) -> Double?) -> Bool {
            guard let quality else { return false }
            return points.allSatisfy { (net($0) ?? -.infinity) < quality }
        }
        var copied: (original: Branch, copy: Branch)?
        if let branch = model.lightBranch, isBest(point.light, \.light) {
            let copy = branch.copy()
            copied = (branch, copy)
            light = copy
        }
        if let branch = model.boosterBranch, isBest(point.booster, \.booster) { booster = branch.copy(sharing: copied) }
        points.append(point)
    }

    private func quality(_ branch: Branch) throws -> Double? {
        let workspace = BranchWorkspace(branch, rows: rowsAtOnce)
        var labels: [UInt8] = []
        var logits: [Float] = []
        for block in heldOut.blocks {
            let batch = try block()
            labels += batch.labels
            for start in stride(from: 0, to: batch.rows, by: rowsAtOnce) {
                let count = min(rowsAtOnce, batch.rows - start)
                let input = InputRows(batch.selecting(rows: Array(start..<start + count)))
                // Not one a thread: what a product rounds to may depend on how many rows it has.
                let parts = slices
                parallel.perform(parts: parts) { part in
                    workspace.score(input, rows: count * part / parts..<count * (part + 1) / parts)
                }
                logits += (0..<count).map { workspace.logits[$0] }
            }
        }
        return try judge.quality(labels, logits)
    }

    /// The kept weights with their names, for a checkpoint.
    var arrays: [(name: String, array: FloatArray)] {
        [("best_light", light), ("best_booster", booster)].flatMap { name, branch in
            (branch?.arrays ?? []).map { ("\(name).\($0.name)", $0.array) }
        }
    }

    /// Makes room for the weights that a checkpoint holds, as `points` tells which.
    func prepare(_ points: [TrainingReport.ValidationPoint]) {
        let (lightStep, boosterStep) = (points.bestStep(\.light), points.bestStep(\.booster))
        light = lightStep == nil ? nil : model.lightBranch?.copy()
        let copied =
            lightStep == boosterStep ? model.lightBranch.flatMap { original in light.map { (original, $0) } } : nil
        booster = boosterStep == nil ? nil : model.boosterBranch?.copy(sharing: copied)
    }
}

extension [TrainingReport.ValidationPoint] {
    /// The first step at which a net was at its best; nil where it was never judged.
    func bestStep(_ net: (TrainingReport.ValidationPoint) -> Double?) -> Int? {
        var best: (step: Int, quality: Double)?
        for point in self {
            if let quality = net(point), quality > best?.quality ?? -.infinity { best = (point.step, quality) }
        }
        return best?.step
    }

    /// Judgements since the last at which some net became better than ever; 0 where none could be judged.
    var sinceBest: Int {
        guard let best = [bestStep(\.light), bestStep(\.booster)].compactMap({ $0 }).max() else { return 0 }
        return count { $0.step > best }
    }
}
