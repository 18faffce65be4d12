import Arrays
import CounterRandom
import Nets
import RocketLaunching

/// The arithmetic of one batch: losses, gradients, updates. Buffers are made once and used for every step.
///
/// Forward and backward run slice by slice, a slice being some rows: each row's activations and their gradients are its
/// own. The parameters' gradients are then computed part by part, a part being some lines of one layer's weights over
/// the whole batch, and each embedding table's by itself. So no gradient is ever added up over threads, and their
/// number changes no bit.
package struct TrainingStep {
    /// The nets' own layers, light nets first.
    let nets: [Lane]
    /// Nil where the arm has no such net, or no layers are shared.
    let light, booster, trunk: Lane?
    package let profile = StepProfile()
    /// All layers.
    package let lanes: [Lane]
    package let inputs: StepInputs
    package let lookup: RowLookup
    private let rocket: RocketSpecification
    package let training: TrainingSpecification
    package let parallel: Parallel
    let peers: any Peers
    /// A booster that stands still, with what it needs for its forward pass.
    private let teacher: (branch: Branch, workspace: BranchWorkspace)?
    private let slices: Int
    private let sums: [SliceSums]
    /// The independent pieces of work after the backward pass, the longest first.
    package let work: [Work]
    /// Squared norm of each piece's gradient, where gradients are clipped.
    package let norms: FloatArray
    /// What each clipping group's gradients are multiplied by.
    package let scales: FloatArray

    /// Sums of the loss terms over a slice.
    private final class SliceSums: @unchecked Sendable {
        var losses = StepLosses()
    }

    package enum Work: Sendable {
        case dense(Lane, DenseNet.Part)
        case linear(Lane, field: Int)
        case tables(StepInputs.Tables, field: Int)

        package var clipping: ClippingGroup {
            switch self {
            case .dense(let lane, _), .linear(let lane, _): lane.group
            case .tables(let tables, _): tables.group
            }
        }

        /// Under which its gradient's norm is reported.
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
        let size = training.batchSize
        self.rocket = rocket
        self.training = training
        self.parallel = parallel
        self.slices = slices
        inputs = StepInputs(model, rows: size)
        lookup = RowLookup(model.ids, teacher: teacher?.ids)
        (nets, trunk) = Self.lanes(model, inputs, rocket.gradientBlock, training, slices: slices)
        light = nets.first { $0.parameters == .own(.servedLight) }
        booster = nets.first { $0.parameters == .own(.booster) }
        lanes = nets + (trunk.map { [$0] } ?? [])
        self.teacher = teacher?.boosterBranch.map { ($0, BranchWorkspace($0, rows: size)) }
        sums = (0..<slices).map { _ in SliceSums() }
        let parts = lanes.flatMap { lane in lane.net.parts.map { (Work.dense(lane, $0), $0.work) } }
        let fields = model.layout.ownFields
        work =
            parts.sorted { $0.1 > $1.1 }.map(\.0)
            + inputs.tables.flatMap { tables in fields.map { Work.tables(tables, field: $0) } }
            + lanes.filter { $0.linear != nil }.flatMap { lane in fields.map { Work.linear(lane, field: $0) } }
        self.peers = peers
        norms = FloatArray(count: training.gradientClip == nil ? 0 : work.count)
        scales = FloatArray(count: ClippingGroup.allCases.count)
    }

    /// The layers of a model, wired as the gradient block says.
    private static func lanes(
        _ model: CoTrainedModel, _ inputs: StepInputs, _ block: GradientBlock, _ training: TrainingSpecification,
        slices: Int
    ) -> (nets: [Lane], trunk: Lane?) {
        let trunk = model.trunk.map { net in
            Lane(
                .shared, net, linear: nil, input: (inputs.tables[0].x, .written(inputs.tables[0].dx)), training,
                slices: slices)
        }
        var owners: [Parameters] = []
        var nets: [Lane] = []
        for (net, branch) in model.branches {
            guard let tables = inputs.tables(of: net) else { continue }
            let target = trunk?.workspace.outputGradient ?? tables.dx
            var gradient = DenseNet.InputGradient.none
            if tables.owner != .shared || block.table.shared.contains(net == .booster ? .booster : .throughLight) {
                gradient = owners.contains(tables.owner) ? .added(target) : .written(target)
                owners.append(tables.owner)
            }
            nets.append(
                Lane(
                    .own(net), branch.dense, linear: branch.linear,
                    input: (trunk?.workspace.output ?? tables.x, gradient), training, slices: slices))
        }
        return (nets, trunk)
    }

    var hasTeacher: Bool { teacher != nil }

    /// Forward, the input's gradient and the weights' gradient are a product each; a teacher has only the first.
    var operationsASample: Int {
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

    /// The gradients of all parameters, after the backward pass.
    func computeGradients(_ input: InputRows) {
        parallel.perform(parts: work.count) { gradient(work[$0], input, input.rows) }
    }

    /// The gradients after the backward pass, and with them the updates.
    func update(_ input: InputRows, _ rates: StepRates) {
        updateStatistics(input)
        guard let limit = training.gradientClip else {
            // A part's update follows at once, while its gradient lies in the cache.
            parallel.perform(parts: work.count) { index in
                gradient(work[index], input, input.rows)
                update(work[index], input, input.rows, rates, scale: 1)
            }
            return
        }
        parallel.perform(parts: work.count) { index in
            gradient(work[index], input, input.rows)
            norms[index] = Float(squaredNorm(work[index], input, input.rows))
        }
        scaleGroups(limit)
        parallel.perform(parts: work.count) { index in
            update(work[index], input, input.rows, rates, scale: scales[work[index].clipping.rawValue])
        }
    }

    /// Running means and variances of batch-norm and Dice.
    private func updateStatistics(_ input: InputRows) {
        for lane in lanes {
            lane.net.sumStatistics(lane.workspace, batch: input.rows)
            lane.net.updateStatistics(lane.workspace, share: share(input))
        }
    }

    /// Of a full batch.
    package func share(_ input: InputRows) -> Float { Float(input.batchRows) / Float(training.batchSize) }

    /// From `norms`, what clipping to a limit multiplies each group's gradients by.
    package func scaleGroups(_ limit: Double) {
        for group in 0..<scales.count {
            var sum = 0.0
            for index in work.indices where work[index].clipping.rawValue == group { sum += Double(norms[index]) }
            scales[group] = Float(min(1, limit / max(sum.squareRoot(), 1e-30)))
        }
    }

    /// Begins a step of the optimisers.
    ///
    /// - Parameter progress: share of the run that is over, 0…1; a search has constant rates.
    func rates(progress: Double) -> StepRates {
        let scale = Float(training.search == nil ? training.schedule.scale(progress: progress) : 1)
        let rate = Float(training.denseLearningRate) * scale
        let lightRate = Float(training.lightLearningRate ?? training.denseLearningRate) * scale
        return StepRates(
            light: light?.optimiser.begin(learningRate: lightRate),
            booster: booster?.optimiser.begin(learningRate: rate),
            trunk: trunk?.optimiser.begin(learningRate: rate),
            embeddings: Float(training.embeddingLearningRate) * scale,
            linear: Float(training.linearLearningRate) * scale)
    }

    /// Must follow when weights were set otherwise than by a step.
    func weightsChanged() {
        for lane in lanes { lane.roundWeights() }
    }

    /// Norms of what `gradients` has left.
    ///
    /// - Throws: what a peer that does not answer does.
    func norms(_ input: InputRows) throws -> TrainingReport.GradientNorms.Norms {
        let squares = try peers.squaredNorms(self, input)
        func norm(_ parameters: Parameters) -> Double {
            zip(work, squares).filter { $0.0.reported == parameters }.reduce(0) { $0 + $1.1 }.squareRoot()
        }
        return TrainingReport.GradientNorms.Norms(
            shared: norm(.shared), light: norm(.own(.servedLight)), booster: norm(.own(.booster)))
    }

    /// The gradient of the input of the first tables, `[batch, inputWidth]`, as `gradients` has left it.
    var inputGradient: FloatArray { inputs.tables[0].dx }

    // MARK: Forward and backward

    func propagate(
        _ input: InputRows, _ number: Int, _ terms: LossTerms, _ hintScale: Double
    ) -> StepLosses {
        let size = (input.rows + slices - 1) / slices
        parallel.perform(parts: slices) { index in
            let slice = Slice(
                number: index, rows: min(index * size, input.rows)..<min((index + 1) * size, input.rows),
                dropout: DenseNet.Dropout(
                    key: CounterRandom(seed: training.seed, stream: 0x4452_4F50, position: UInt64(number)).first,
                    rowNumbers: input.rowNumbers))
            profile.time(.gather) { inputs.gather(input, slice.rows) }
            if let trunk { profile.time(trunk.part) { trunk.forward(slice) } }
            for lane in nets {
                profile.time(lane.part) {
                    lane.forward(slice)
                    lane.addLinear(input.ids, slice)
                }
            }
            if let teacher { profile.time(.booster) { teacher.workspace.score(input.forTeacher, rows: slice.rows) } }
            profile.time(.hint) { sums[index].losses = writeLogitGradients(input, slice.rows, terms, hintScale) }
            for lane in nets { profile.time(lane.part) { lane.backward(slice) } }
            if let trunk { profile.time(trunk.part) { trunk.backward(slice) } }
            peers.progress()
        }
        var losses = StepLosses()
        for slice in sums {
            losses.light += slice.losses.light / Double(input.batchRows)
            losses.booster += slice.losses.booster / Double(input.batchRows)
            losses.hint += slice.losses.hint / Double(input.batchRows)
        }
        return losses
    }

    /// Fills the workspaces' `outputGradient` and sums the loss terms. Each row counts 1 / batch.
    private func writeLogitGradients(
        _ input: InputRows, _ rows: Range<Int>, _ terms: LossTerms, _ hintScale: Double
    ) -> StepLosses {
        let scale = 1 / Double(input.batchRows)
        // Without a light net or a booster there is nothing to compare.
        let teaches = light != nil && (booster != nil || teacher != nil)
        let gradient = LogitGradient(rocket, terms, hintScale: teaches ? hintScale : 0)
        let (z, l) = (light?.workspace.output, booster?.workspace.output ?? teacher?.workspace.logits)
        // A teacher predicts the log's click rate, this training sees that of its sample.
        let excess = booster == nil ? training.logitExcess : 0
        var losses = StepLosses()
        for row in rows {
            let loss = rocket.loss(
                z: z.map { Double($0[row]) } ?? 0, l: l.map { Double($0[row]) + excess } ?? 0,
                label: Double(input.labels[row]))
            losses.light += loss.light.loss
            losses.booster += loss.booster.loss
            losses.hint += loss.hint.loss
            light?.workspace.outputGradient[row] = Float(scale * gradient.dz(loss))
            booster?.workspace.outputGradient[row] = Float(scale * gradient.dl(loss))
        }
        return losses
    }

    // MARK: Parameters

    package func gradient(_ work: Work, _ input: InputRows, _ rows: Int) {
        // Embeddings' and linear weights' gradients are added up when they are used.
        guard case .dense(let lane, let part) = work else { return }
        guard rows > 0 else { return lane.net.clear(part, gradient: lane.gradient) }
        profile.time(lane.part) { lane.gradient(of: part, rows: rows) }
    }

    package func squaredNorm(_ work: Work, _ input: InputRows, _ rows: Int) -> Double {
        switch work {
        case .dense(let lane, let part): lane.net.squaredNorm(of: part, gradient: lane.gradient)
        case .linear(let lane, let field):
            lane.linear.map {
                $0.part.tables.squaredNorm(field: field, input.ids, rows: rows, gradient: $0.workspace.gradient)
            } ?? 0
        case .tables(let tables, let field):
            tables.embeddings.squaredNorm(field: field, input.ids, rows: rows, gradient: tables.dx)
        }
    }

    package func update(_ work: Work, _ input: InputRows, _ rows: Int, _ rates: StepRates, scale: Float) {
        switch work {
        case .dense(let lane, let part):
            guard let step = rates[lane.parameters] else { return }
            profile.time(.optimiser) {
                lane.net.update(
                    part, gradient: lane.gradient, scale: scale, l2: Float(training.l2), by: lane.optimiser, step)
                lane.net.roundWeights(of: part, lane.workspace)
            }
        case .linear(let lane, let field):
            guard let (part, workspace) = lane.linear else { return }
            profile.time(.scatter) {
                part.tables.update(
                    field: field, input.ids, rows: rows, gradient: workspace.gradient, scale: scale,
                    learningRate: rates.linear)
            }
        case .tables(let tables, let field):
            profile.time(.scatter) {
                tables.embeddings.update(
                    field: field, input.ids, rows: rows, gradient: tables.dx, scale: scale,
                    learningRate: rates.embeddings)
            }
        }
    }
}

/// Parameters whose gradients are clipped together: one norm over all would let the hint disturb the booster, whose
/// steps it would shorten.
package enum ClippingGroup: Int, CaseIterable {
    case light, booster, shared, boosterTables
}

/// Learning rates of one step, with the numbers of the dense optimisers that are in the middle of it.
package struct StepRates: Sendable {
    var light, booster, trunk: DenseStep?
    package var embeddings, linear: Float

    subscript(parameters: Parameters) -> DenseStep? {
        switch parameters {
        case .own(.light): light
        case .own(.booster): booster
        case .shared: trunk
        }
    }
}
