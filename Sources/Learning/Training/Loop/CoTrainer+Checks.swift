import FeatureCache
import Nets
import RocketLaunching

/// What a training looks at to be sure of itself.
extension CoTrainer {
    /// The gradient of each loss separately, by real backward passes.
    ///
    /// - Throws: `TrainingError.gradientNotBlocked` when the hint reaches the booster in spite of the block.
    func gradientNorms(of input: InputRows, step number: Int) throws -> TrainingReport.GradientNorms {
        func norms(_ terms: LossTerms) throws -> TrainingReport.GradientNorms.Norms {
            _ = try step.gradients(of: input, step: number - 1, terms, hintScale: 1)
            return try step.norms(input)
        }
        let found = try TrainingReport.GradientNorms(
            step: number, light: step.lights.isEmpty ? nil : norms(.light),
            booster: step.booster == nil ? nil : norms(.booster),
            hint: arm.hasHint ? norms(.hint) : nil)
        // A norm that is no number comes of losses that are none, which the step itself tells of.
        if !rocket.gradientBlock.table.booster.contains(.hintThroughBooster), let hint = found.hint,
            hint.booster.isFinite, hint.booster != 0
        {
            throw TrainingError.gradientNotBlocked(step: number, norm: hint.booster)
        }
        return found
    }

    func check(_ losses: StepLosses, _ batch: SparseBatch, step: Int) throws {
        let further = zip(model.branches.dropFirst(), losses.further).flatMap { item, terms in
            [("loss of the net \(item.net.name)", terms.light), ("hint of the net \(item.net.name)", terms.hint)]
        }
        // Of several light nets the first has a name, too.
        let first = losses.further.isEmpty ? nil : model.branches.first?.net.name
        for (term, value) in [
            (first.map { "loss of the net \($0)" } ?? "light net's loss", losses.light),
            ("booster net's loss", losses.booster),
            (first.map { "hint of the net \($0)" } ?? "hint", losses.hint),
        ] + further where !value.isFinite {
            // All peers are here: they have the same sums.
            let cause = try peers.first(extremeFeature(of: batch) ?? model.notFinite)
            throw TrainingError.notFinite(step: step, term: term, cause: cause ?? "the logits of this batch")
        }
    }

    /// A step is checked by its losses, before it changes the weights; what it did to them shows only here.
    func checkWeights(after step: Int, _ batch: SparseBatch?) throws {
        let own = model.notFinite
        guard let cause = try peers.first(own) else { return }
        let feature = try peers.first(batch.flatMap(extremeFeature))
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
