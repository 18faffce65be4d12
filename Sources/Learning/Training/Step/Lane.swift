import Arrays
import Nets
import RocketLaunching

/// Some rows of a batch on their way through the nets.
struct Slice: Sendable {
    let number: Int
    let rows: Range<Int>
    /// Chooses the units that this step drops.
    let dropout: DenseNet.Dropout
}

/// A stack of dense layers in training: with its buffers, its gradient, its optimiser and its linear part.
package final class Lane: Sendable {
    /// Whose layers they are.
    package let parameters: Parameters
    package let net: DenseNet
    let optimiser: DenseOptimiser
    /// What the first layer reads, `[batch, in]`, and what becomes of its gradient.
    private let input: FloatArray
    private let inputGradient: DenseNet.InputGradient
    package let workspace: DenseNet.Workspace
    /// Laid out as the net's parameters.
    package let gradient: FloatArray
    package let linear: (part: LinearPart, workspace: LinearPart.Workspace)?
    let group: ClippingGroup
    /// The part of the step under which its time is counted.
    let part: StepProfile.Part

    /// - Parameters:
    ///   - linear: of the net whose layers they are.
    ///   - input: what the first layer reads, with what becomes of its gradient.
    init(
        _ parameters: Parameters, _ net: DenseNet, linear: LinearPart?,
        input: (x: FloatArray, gradient: DenseNet.InputGradient), _ training: TrainingSpecification, slices: Int
    ) {
        self.parameters = parameters
        self.net = net
        optimiser = DenseOptimiser(training.optimisation.dense.optimiser, count: net.parameters.count)
        (self.input, inputGradient) = input
        let rows = training.batches.size
        workspace = DenseNet.Workspace(net, rows: rows, slices: slices, type: training.denseType)
        gradient = FloatArray(count: net.parameters.count)
        self.linear = linear.map { ($0, LinearPart.Workspace($0, rows: rows)) }
        (group, part) =
            switch parameters {
            case .own(.light): (.light, .light)
            case .own(.booster): (.booster, .booster)
            // What is below both nets counts as the booster's.
            case .shared: (.shared, .booster)
            }
    }

    /// The name in files of what the optimiser remembers.
    var name: String {
        switch parameters {
        case .shared: "shared"
        case .own(let net): net.name
        }
    }

    /// After weights were set from outside.
    func roundWeights() {
        for part in net.parts { net.roundWeights(of: part, workspace) }
    }

    /// Each stack drops its own units.
    private func dropout(_ slice: Slice) -> DenseNet.Dropout { slice.dropout.ofStack(group.rawValue) }

    func forward(_ slice: Slice) {
        net.forward(input, rows: slice.rows, workspace, .training(slice: slice.number, dropout: dropout(slice)))
    }

    func addLinear(_ ids: [FieldIDs], _ slice: Slice) {
        guard let linear else { return }
        linear.part.add(ids, rows: slice.rows, to: workspace.output, linear.workspace)
    }

    func backward(_ slice: Slice) {
        if let linear {
            linear.part.backward(
                rows: slice.rows, logitGradient: workspace.outputGradient, linear.workspace)
        }
        net.backward(
            input, rows: slice.rows, slice: slice.number, dropout: dropout(slice), workspace, input: inputGradient)
    }

    /// Computes the gradient of a part of the parameters after all slices went backward.
    func gradient(of part: DenseNet.Part, rows: Int) {
        net.gradient(of: part, input, rows: rows, workspace, into: gradient)
    }
}

/// The nets' inputs of a batch, `[batch, inputWidth]`, with their gradients: one for both nets, or one each when
/// nothing is shared.
package struct StepInputs: Sendable {
    package struct Tables: Sendable {
        package let owner: Parameters
        package let embeddings: EmbeddingTables
        package let x, dx: FloatArray
        let group: ClippingGroup
    }

    /// The shared tables, or the light net's and the booster's.
    package let tables: [Tables]

    init(_ model: CoTrainedModel, rows: Int) {
        tables = zip(model.embeddings, [ClippingGroup.shared, .boosterTables]).map { embeddings, group in
            let count = rows * embeddings.tables.inputWidth
            return Tables(
                owner: embeddings.owner, embeddings: embeddings.tables, x: FloatArray(count: count),
                dx: FloatArray(count: count), group: group)
        }
    }

    /// Those that a net reads.
    func tables(of net: Net) -> Tables? { tables.first { $0.owner == .shared || $0.owner == .own(net) } }

    func gather(_ input: InputRows, _ rows: Range<Int>) {
        for tables in tables { input.write(rows, of: tables.embeddings, into: tables.x) }
    }
}
