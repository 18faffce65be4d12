import Arrays
import Nets
import RocketLaunching

/// The arithmetic of one batch: losses, gradients, updates. Buffers are made once and used for every step.
///
/// Forward and backward run slice by slice, a slice being some rows: each row's activations and their gradients are its
/// own. Before and after them, first layers work on the fields that go by ids, block by block, a block being some
/// columns over the whole batch. The parameters' gradients are then computed part by part, a part being some lines of
/// one layer's weights over the whole batch, and each embedding table's separately. So no gradient is ever added up
/// over threads, and their number changes no bit.
package struct TrainingStep {
    /// The nets' own layers, light nets first.
    let nets: [Lane]
    /// Of these the light nets', the one that leads first.
    let lights: [Lane]
    /// Nil where the arm has no such net, or no layers are shared.
    let booster, trunk: Lane?
    package let profile = StepProfile()
    /// All layers.
    package let lanes: [Lane]
    package let inputs: StepInputs
    package let lookup: RowLookup
    let rocket: RocketSpecification
    package let training: TrainingSpecification
    package let parallel: Parallel
    let peers: any Peers
    /// A fixed booster, with what it needs for its forward pass.
    let teacher: (branch: Branch, scorer: BranchScorer)?
    let slices: Int
    let sums: [SliceSums]
    /// Blocks of the lanes' first layers, for those that go by ids.
    let blocks: [(lane: Lane, number: Int)]
    /// The independent pieces of work after the backward pass, the longest first.
    package let work: [Work]
    /// Squared norm of each piece's gradient, where gradients are clipped.
    package let norms: FloatArray
    /// The number of the clipping group of each piece of work.
    package let groups: [Int]
    /// What each clipping group's gradients are multiplied by.
    package let scales: FloatArray

    /// Sums of the loss terms over a slice.
    final class SliceSums: @unchecked Sendable {
        var losses = StepLosses()
    }

    package enum Work: Sendable {
        case dense(Lane, DenseNet.Part)
        case linear(Lane, field: Int)
        case tables(StepInputs.Tables, field: Int)

        var clipping: ClippingGroup {
            switch self {
            case .dense(let lane, _), .linear(let lane, _): lane.group
            case .tables(let tables, _): tables.group
            }
        }

        /// The parameters under which its gradient's norm is reported.
        var reported: Parameters {
            switch self {
            case .dense(let lane, _), .linear(let lane, _): lane.parameters
            case .tables: .shared
            }
        }
    }

    init(
        model: CoTrainedModel, teacher: CoTrainedModel?, rocket: RocketSpecification,
        training: TrainingSpecification, parallel: Parallel, peers: any Peers
    ) {
        let slices = peers.slices(of: training.sliceCount)
        let size = training.batches.size
        self.rocket = rocket
        self.training = training
        self.parallel = parallel
        self.slices = slices
        inputs = StepInputs(model, rows: size)
        lookup = RowLookup(model.ids, teacher: teacher?.ids)
        (nets, trunk) = Self.lanes(model, inputs, rocket.gradientBlock, training, slices: slices)
        lights = nets.filter { $0.parameters != .own(.booster) }
        booster = nets.first { $0.parameters == .own(.booster) }
        lanes = nets + (trunk.map { [$0] } ?? [])
        self.teacher = teacher?.boosterBranch.map { ($0, BranchScorer($0, lines: size)) }
        sums = (0..<slices).map { _ in SliceSums() }
        blocks = lanes.flatMap { lane in (0..<lane.firstLayerBlocks).map { (lane, $0) } }
        let parts = lanes.flatMap { lane in lane.net.parts.map { (Work.dense(lane, $0), $0.work) } }
        let fields = model.layout.ownFields
        work =
            parts.sorted { $0.1 > $1.1 }.map(\.0)
            + inputs.tables.flatMap { tables in fields.map { Work.tables(tables, field: $0) } }
            + lanes.filter { $0.linear != nil }.flatMap { lane in fields.map { Work.linear(lane, field: $0) } }
        self.peers = peers
        norms = FloatArray(count: training.optimisation.gradientClip == nil ? 0 : work.count)
        var numbers: [ClippingGroup: Int] = [:]
        groups = work.map { work in
            let number = numbers[work.clipping] ?? numbers.count
            numbers[work.clipping] = number
            return number
        }
        scales = FloatArray(count: numbers.count)
    }

    /// The layers of a model, wired as the gradient block says.
    private static func lanes(
        _ model: CoTrainedModel, _ inputs: StepInputs, _ block: GradientBlock, _ training: TrainingSpecification,
        slices: Int
    ) -> (nets: [Lane], trunk: Lane?) {
        let trunk = model.trunk.map { net in
            Lane(
                .shared, net, linear: nil,
                input: LaneInput(net, inputs.tables[0], trains: true, training), training, slices: slices)
        }
        var nets: [Lane] = []
        for (net, branch) in model.branches {
            guard let tables = inputs.tables(of: net) else { continue }
            let trains =
                tables.owner != .shared || block.table.shared.contains(net == .booster ? .booster : .throughLight)
            let input: LaneInput
            if let trunk = trunk?.workspace {
                let target = trunk.outputGradient
                let isFirst = nets.allSatisfy { !$0.trainsInput }
                input = LaneInput(trunk.output, trains ? isFirst ? .written(target) : .added(target) : .none)
            } else {
                input = LaneInput(branch.dense, tables, trains: trains, training)
            }
            nets.append(
                Lane(
                    .own(net), branch.dense, linear: branch.linear, input: input, training, slices: slices,
                    isFirst: nets.isEmpty))
        }
        return (nets, trunk)
    }

    var hasTeacher: Bool { teacher != nil }

    /// Forward, the input's gradient and the weights' gradient are a product each; a teacher has only the first.
    var operationsPerSample: Int {
        let trained = lanes.reduce(0) { $0 + $1.net.weightCount }
        return 6 * trained + 2 * (teacher?.branch.dense.weightCount ?? 0)
    }

    /// The gradients of some terms of the mean loss over a batch, without an update.
    ///
    /// - Parameters:
    ///   - number: of the step, which chooses the dropped units.
    ///   - hintScale: factor on λ.
    /// - Throws: what a peer that does not answer does.
    func gradients(
        of input: InputRows, step number: Int, _ terms: LossTerms, hintScale: Double
    ) throws -> StepLosses {
        let losses = propagate(input, number, terms, hintScale)
        try peers.gradients(self, input)
        return losses
    }

    /// One step: gradients of the whole loss, and with them the updates.
    ///
    /// - Parameter wishes: of this process.
    /// - Returns: the means of the loss terms over the batch, and what some peer wishes.
    /// - Throws: what a peer that does not answer does.
    func run(
        _ input: InputRows, step number: Int, _ rates: StepRates, hintScale: Double, _ wishes: StepWishes
    ) throws -> StepOutcome {
        let losses = propagate(input, number, .all, hintScale)
        return try peers.update(self, input, rates, StepOutcome(losses: losses, wishes: wishes))
    }

    /// Must follow when weights were set otherwise than by a step.
    func weightsChanged() {
        for lane in lanes { lane.roundWeights() }
    }
}
