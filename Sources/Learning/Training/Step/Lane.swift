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
    /// What the first layer reads.
    private let input: LaneInput
    package let workspace: DenseNet.Workspace
    /// Laid out as the net's parameters.
    package let gradient: FloatArray
    package let linear: (part: LinearPart, workspace: LinearPart.Workspace)?
    let group: ClippingGroup
    /// The part of the step under which its time is counted.
    let part: StepProfile.Part
    /// Which units of a row are dropped depends on it: a light net's are those that it drops alone.
    private let stackNumber: Int

    /// - Parameters:
    ///   - linear: of the net whose layers they are.
    ///   - isFirst: whether no light net is before.
    init(
        _ parameters: Parameters, _ net: DenseNet, linear: LinearPart?, input: LaneInput,
        _ training: TrainingSpecification, slices: Int, isFirst: Bool = true
    ) {
        self.parameters = parameters
        self.net = net
        optimiser = DenseOptimiser(training.optimisation.dense.optimiser, count: net.parameters.count)
        self.input = input
        let rows = training.batches.size
        workspace = DenseNet.Workspace(net, rows: rows, slices: slices, type: training.denseType)
        gradient = FloatArray(count: net.parameters.count)
        self.linear = linear.map { ($0, LinearPart.Workspace($0, rows: rows)) }
        // What is below all nets counts as the booster's.
        (group, part, stackNumber) =
            switch parameters {
            case .own(.booster): (.layers(.booster), .booster, 1)
            case .own(let net): (.layers(net), isFirst ? .light : .otherLights, 0)
            case .shared, .ofLightNets: (.shared, .booster, 2)
            }
    }

    /// The name in files of what the optimiser remembers.
    var name: String {
        guard case .own(let net) = parameters else { return "shared" }
        return net.name
    }

    /// Where the time of a piece of its work is counted that usually counts as `usual`.
    func part(_ usual: StepProfile.Part) -> StepProfile.Part { part == .otherLights ? part : usual }

    /// After weights were set from outside.
    func roundWeights() {
        for part in net.parts { net.roundWeights(of: part, workspace) }
    }

    /// Each stack drops its own units.
    private func dropout(_ slice: Slice) -> DenseNet.Dropout { slice.dropout.ofStack(stackNumber) }

    /// Whether the layers below are trained by this one.
    var trainsInput: Bool {
        if case .none = input.gradient { return false }
        return true
    }
    var firstLayerBlocks: Int { input.blocks }

    func plan(_ rows: InputRows, _ occurrences: [FieldOccurrences]) { input.plan(rows, occurrences) }
    func connect() { input.connect() }

    /// The first layer, where it goes by ids in this step.
    var byIDs: FirstLayer? { input.byIDs }

    func gather(_ rows: InputRows, _ slice: Slice) { byIDs?.gather(rows.sparse, slice.rows) }

    func forward(_ slice: Slice) {
        net.forward(
            input.x, rows: slice.rows, workspace, .training(slice: slice.number, dropout: dropout(slice)),
            first: byIDs)
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
            input.x, rows: slice.rows, slice: slice.number, dropout: dropout(slice), workspace, input: input.gradient)
    }

    /// Computes the gradient of a part of the parameters after all slices went backward.
    func gradient(of part: DenseNet.Part, rows: Int) {
        net.gradient(of: part, input.x, rows: rows, workspace, into: gradient, first: byIDs)
    }
}
