import Nets

/// Some rows of a batch on their way through the nets.
struct Slice: Sendable {
    let number: Int
    let rows: Range<Int>
    /// Chooses the units that this step drops.
    let dropout: DenseNet.Dropout
}

/// A stack of dense layers in training: with its buffers, its gradient, and its linear part.
final class Lane: Sendable {
    let net: DenseNet
    let workspace: DenseNet.Workspace
    /// Laid out as the net's parameters.
    let gradient: FloatArray
    let linear: (part: LinearPart, workspace: LinearPart.Workspace)?
    let group: ClippingGroup
    /// Under which its time is counted.
    let part: StepProfile.Part

    /// The part of a branch that belongs to one net alone.
    init(_ branch: Branch, _ part: StepProfile.Part, rows: Int, slices: Int, type: DenseType) {
        net = branch.dense
        workspace = DenseNet.Workspace(branch.dense, rows: rows, slices: slices, type: type)
        gradient = FloatArray(count: branch.dense.parameters.count)
        linear = branch.linear.map { ($0, LinearPart.Workspace($0, rows: rows)) }
        group = part == .light ? .light : .booster
        self.part = part
    }

    /// The layers that both nets share.
    init(trunk: DenseNet, rows: Int, slices: Int, type: DenseType) {
        net = trunk
        workspace = DenseNet.Workspace(trunk, rows: rows, slices: slices, type: type)
        gradient = FloatArray(count: trunk.parameters.count)
        linear = nil
        group = .shared
        part = .booster
    }

    /// After weights were set from outside.
    func roundWeights() {
        for part in net.parts { net.roundWeights(of: part, workspace) }
    }

    /// Each stack drops units of its own.
    private func dropout(_ slice: Slice) -> DenseNet.Dropout { slice.dropout.ofStack(group.rawValue) }

    func forward(_ x: FloatArray, _ slice: Slice) {
        net.forward(x, rows: slice.rows, workspace, .training(slice: slice.number, dropout: dropout(slice)))
    }

    func addLinear(_ ids: [FieldIDs], _ slice: Slice) {
        guard let linear else { return }
        linear.part.add(ids, rows: slice.rows, to: workspace.output, linear.workspace)
    }

    func backward(_ x: FloatArray, _ slice: Slice, input: DenseNet.InputGradient) {
        if let linear {
            linear.part.backward(
                rows: slice.rows, logitGradient: workspace.outputGradient, linear.workspace)
        }
        net.backward(
            x, rows: slice.rows, slice: slice.number, dropout: dropout(slice), workspace, input: input)
    }
}

/// The nets' inputs of a batch, `[batch, inputWidth]`, with their gradients: one for both nets, or one each when nothing is
/// shared.
struct StepInputs: Sendable {
    struct Tables: Sendable {
        let embeddings: EmbeddingTables
        let x, dx: FloatArray
        let group: ClippingGroup
    }

    /// The shared tables, or the light net's and the booster's.
    let tables: [Tables]

    init(_ model: CoTrainedModel, rows: Int) {
        tables = zip(model.embeddings, [ClippingGroup.shared, .boosterTables]).map { embeddings, group in
            let count = rows * embeddings.inputWidth
            return Tables(
                embeddings: embeddings, x: FloatArray(count: count), dx: FloatArray(count: count), group: group)
        }
    }

    var x: FloatArray { tables[0].x }
    var lightInput: FloatArray { tables[0].x }
    var boosterInput: FloatArray { tables[tables.count - 1].x }

    func gather(_ input: InputRows, _ rows: Range<Int>) {
        for tables in tables { input.write(rows, of: tables.embeddings, into: tables.x) }
    }
}
