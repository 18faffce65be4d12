import FeatureCache
import Nets

/// The gradients of one batch beside the parameters they belong to, as the tests look at them.
package struct BatchGradients {
    /// W_L and W_B with their gradients; empty where the arm has no such net.
    package let lightParameters, light, boosterParameters, booster: FloatArray
    /// The first field's table of W_S, `[rows, dim]`.
    package let embedding: FloatArray
    private let model: CoTrainedModel
    private let batch: SparseBatch
    private let dx: FloatArray

    init(model: CoTrainedModel, batch: SparseBatch, step: TrainingStep) {
        let none = FloatArray(count: 0)
        lightParameters = model.lightNet?.parameters ?? none
        light = step.lightGradient ?? none
        boosterParameters = model.boosterNet?.parameters ?? none
        booster = step.boosterGradient ?? none
        embedding = model.embeddings.tables[0]
        self.model = model
        self.batch = batch
        dx = step.dx
    }

    /// The gradient of a number of `embedding`, added up over the batch's rows.
    package func embeddingGradient(_ index: Int) -> Float {
        let dim = model.nets.embeddingDim
        guard case .single(let ids) = batch.fields[0] else { return 0 }
        return (0..<batch.rows).reduce(0) { sum, row in
            Int(ids[row]) == index / dim ? sum + dx[row * model.embeddings.inputWidth + index % dim] : sum
        }
    }
}
