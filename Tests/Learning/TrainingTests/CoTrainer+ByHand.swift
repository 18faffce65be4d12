import Arrays
import FeatureCache
import Nets

@testable import Training

/// Looks into a trainer and steps it by hand.
extension CoTrainer {
    /// The gradients of one batch without an update; for holding them against finite differences.
    func gradients(of batch: SparseBatch) throws -> BatchGradients {
        _ = try step.gradients(of: InputRows(batch, step.lookup), step: 0, .all, hintScale: 1)
        return BatchGradients(model: model, step: step)
    }

    /// One step from outside a run, as `train` does them; for following a reference step by step.
    func step(
        _ batch: SparseBatch, progress: Double
    ) throws -> (light: Double, booster: Double, hint: Double) {
        try step(InputRows(batch, step.lookup), progress: progress)
    }

    func step(
        _ input: InputRows, progress: Double
    ) throws -> (light: Double, booster: Double, hint: Double) {
        let losses = try run(input, step: 0, progress: progress).losses
        return (losses.light, losses.booster, losses.hint)
    }

    /// Sets the weights of a model with one field, laid out as in `EmbeddingTables` and `DenseNet`.
    func setWeights(
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
}
