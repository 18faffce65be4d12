import Arrays
import Nets

@testable import Training

/// The gradients of one batch beside the parameters they belong to, as the tests look at them.
struct BatchGradients {
    /// W_L and W_B with their gradients; empty where the arm has no such net.
    let lightParameters, light, boosterParameters, booster: FloatArray
    /// The shared layers with theirs.
    let trunkParameters, trunk: FloatArray
    private let tables: EmbeddingTables
    private let linearTables: EmbeddingTables?
    /// By field with a table of its own, laid out as that.
    private let embeddingGradients, linearGradients: [[Float]]

    init(model: CoTrainedModel, step: TrainingStep) {
        let none = FloatArray(count: 0)
        lightParameters = step.lights.first?.net.parameters ?? none
        light = step.lights.first?.gradient ?? none
        boosterParameters = step.booster?.net.parameters ?? none
        booster = step.booster?.gradient ?? none
        trunkParameters = step.trunk?.net.parameters ?? none
        trunk = step.trunk?.gradient ?? none
        tables = model.embeddings[0].tables
        linearTables = step.booster?.linear?.part.tables
        func sums(_ tables: EmbeddingTables, _ gradients: InputGradients) -> [[Float]] {
            tables.layout.fields.indices.map { field in
                var sums = [Float](repeating: 0, count: tables.tables[field].count)
                guard tables.layout.owners[field] == field else { return sums }
                let dim = tables.dims[field]
                tables.forEachGradient(field: field, step.inputs.occurrences, gradients) { id, gradient in
                    for column in 0..<dim { sums[id * dim + column] = gradient[column] }
                }
                return sums
            }
        }
        embeddingGradients = sums(tables, step.inputs.tables[0].gradients)
        linearGradients = step.booster?.linear.map { sums($0.part.tables, $0.workspace.gradients) } ?? []
    }

    /// The table of a field of W_S, `[rows, dim]`.
    func embedding(_ field: Int) -> FloatArray { tables.tables[field] }

    /// The gradient of a number of a field's table, added up over the batch's rows.
    func embeddingGradient(_ field: Int, _ index: Int) -> Float {
        embeddingGradients[tables.layout.owners[field]][index]
    }

    /// The booster's linear weights of a field, `[rows, 1]`; nil where it has none.
    func linear(_ field: Int) -> FloatArray? { linearTables?.tables[field] }

    /// The gradient of a linear weight of the booster.
    func linearGradient(_ field: Int, _ index: Int) -> Float {
        linearTables.map { linearGradients[$0.layout.owners[field]][index] } ?? 0
    }
}
