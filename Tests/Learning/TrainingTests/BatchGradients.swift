import Arrays
import FeatureCache
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
    private let linearGradient: FloatArray
    private let batch: SparseBatch
    private let dx: FloatArray

    init(model: CoTrainedModel, batch: SparseBatch, step: TrainingStep) {
        let none = FloatArray(count: 0)
        lightParameters = step.light?.net.parameters ?? none
        light = step.light?.gradient ?? none
        boosterParameters = step.booster?.net.parameters ?? none
        booster = step.booster?.gradient ?? none
        trunkParameters = step.trunk?.net.parameters ?? none
        trunk = step.trunk?.gradient ?? none
        tables = model.embeddings[0].tables
        linearTables = step.booster?.linear?.part.tables
        linearGradient = step.booster?.linear?.workspace.gradient ?? none
        self.batch = batch
        dx = step.inputGradient
    }

    /// The table of a field of W_S, `[rows, dim]`.
    func embedding(_ field: Int) -> FloatArray { tables.tables[field] }

    /// The gradient of a number of a field's table, added up over the batch's rows.
    func embeddingGradient(_ field: Int, _ index: Int) -> Float {
        gradient(tables, field, index, dx)
    }

    /// The booster's linear weights of a field, `[rows, 1]`; nil where it has none.
    func linear(_ field: Int) -> FloatArray? { linearTables?.tables[field] }

    /// The gradient of a linear weight of the booster.
    func linearGradient(_ field: Int, _ index: Int) -> Float {
        linearTables.map { gradient($0, field, index, linearGradient) } ?? 0
    }

    private func gradient(_ tables: EmbeddingTables, _ field: Int, _ index: Int, _ dx: FloatArray) -> Float {
        let owners = tables.layout.owners
        return owners.indices.filter { owners[$0] == owners[field] }.reduce(0) {
            $0 + ownGradient(tables, $1, index, dx)
        }
    }

    private func ownGradient(_ tables: EmbeddingTables, _ field: Int, _ index: Int, _ dx: FloatArray) -> Float {
        let (id, column) = (UInt32(index / tables.dims[field]), index % tables.dims[field])
        let isMean = tables.layout.fields[field].pooling == .mean
        return (0..<batch.rows).reduce(0) { sum, row in
            let ids: ArraySlice<UInt32> =
                switch batch.fields[field] {
                case .single(let ids): ids[row...row]
                case .multi(let offsets, let ids): ids[Int(offsets[row])..<Int(offsets[row + 1])]
                }
            let count = Float(ids.count { $0 == id }) / (isMean ? Float(max(1, ids.count)) : 1)
            return sum + count * dx[row * tables.inputWidth + tables.offsets[field] + column]
        }
    }
}
