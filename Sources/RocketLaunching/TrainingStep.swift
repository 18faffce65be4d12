import FeatureCache
import Nets

/// The arithmetic of one batch: losses, gradients, updates. Buffers are made once and used for every step.
///
/// Forward and backward run slice by slice, a slice being some rows: each row's activations and their gradients are its own.
/// The parameters' gradients are then computed part by part, a part being some lines of one layer's weights over the whole
/// batch, and each embedding table's by itself. So no gradient is ever added up over threads, and their number changes no
/// bit.
struct TrainingStep {
    /// Laid out as the net's parameters; nil where the arm has no such net.
    let lightGradient: FloatArray?
    let boosterGradient: FloatArray?
    /// Gradient of the input `[batch, inputWidth]` for the shared tables (or the only ones).
    let dx: FloatArray
    /// The same for the booster's own tables when nothing is shared.
    let boosterDX: FloatArray?
    let profile = StepProfile()
    private let model: CoTrainedModel
    private let rocket: RocketSpecification
    private let parallel: Parallel
    private let x: FloatArray
    private let boosterX: FloatArray?
    private let light: DenseNet.Workspace?
    private let booster: DenseNet.Workspace?
    /// A booster that stands still, with what it needs for its forward pass.
    private let teacher: Teacher?
    private let slices: Int
    private let logitExcess: Double
    private let sums: [SliceSums]
    /// The independent pieces of work after the backward pass, the longest first.
    private let work: [Work]

    /// Sums of the loss terms over a slice.
    private final class SliceSums: @unchecked Sendable {
        var losses = StepLosses()
    }

    private struct Teacher: Sendable {
        let embeddings: EmbeddingTables
        let net: DenseNet
        let workspace: DenseNet.Workspace
        let x: FloatArray
    }

    private enum Work: Sendable {
        case light(DenseNet.Part)
        case booster(DenseNet.Part)
        case tables(field: Int)
    }

    init(
        model: CoTrainedModel, teacher: CoTrainedModel?, rocket: RocketSpecification,
        training: TrainingSpecification, parallel: Parallel
    ) {
        let (size, width) = (training.batchSize, model.embeddings.inputWidth)
        self.model = model
        self.rocket = rocket
        self.parallel = parallel
        lightGradient = model.lightNet.map { FloatArray(count: $0.parameters.count) }
        boosterGradient = model.boosterNet.map { FloatArray(count: $0.parameters.count) }
        x = FloatArray(count: size * width)
        dx = FloatArray(count: size * width)
        boosterX = model.sharesEmbeddings ? nil : FloatArray(count: size * width)
        boosterDX = model.sharesEmbeddings ? nil : FloatArray(count: size * width)
        light = model.lightNet.map { DenseNet.Workspace($0, rows: size) }
        booster = model.boosterNet.map { DenseNet.Workspace($0, rows: size) }
        self.teacher = teacher.flatMap { teacher in
            teacher.boosterNet.map { net in
                Teacher(
                    embeddings: teacher.boosterEmbeddings, net: net, workspace: DenseNet.Workspace(net, rows: size),
                    x: FloatArray(count: size * width))
            }
        }
        slices = training.sliceCount
        logitExcess = training.logitExcess
        sums = (0..<training.sliceCount).map { _ in SliceSums() }
        let parts =
            (model.lightNet?.parts ?? []).map { (Work.light($0), $0.work) }
            + (model.boosterNet?.parts ?? []).map { (Work.booster($0), $0.work) }
        work =
            parts.sorted { $0.1 > $1.1 }.map(\.0) + model.layout.fields.indices.map { Work.tables(field: $0) }
    }

    /// Which terms of the loss go backwards.
    enum Terms: CaseIterable {
        case all, light, booster, hint
    }

    var hasTeacher: Bool { teacher != nil }

    /// Forward, the input's gradient and the weights' gradient are a product each; a teacher has only the first.
    var operationsASample: Int {
        let trained = [model.lightNet, model.boosterNet].compactMap { $0 }.reduce(0) { $0 + $1.weightCount }
        return 6 * trained + 2 * (teacher?.net.weightCount ?? 0)
    }

    /// The gradients of some terms of the mean loss over a batch, without an update.
    ///
    /// - Parameter hintScale: factor on λ.
    func gradients(of batch: SparseBatch, _ terms: Terms, hintScale: Double) -> StepLosses {
        let input = InputRows(batch)
        let losses = propagate(input, batch, terms, hintScale)
        parallel.perform(parts: work.count) { index in weightGradient(work[index], rows: batch.rows) }
        return losses
    }

    /// One step: gradients of the whole loss, and with them the updates.
    func run(
        _ batch: SparseBatch, _ optimisers: DenseOptimisers, hintScale: Double, l2: Float,
        embeddingLearningRate: Float
    ) -> StepLosses {
        let input = InputRows(batch)
        let losses = propagate(input, batch, .all, hintScale)
        parallel.perform(parts: work.count) { index in
            let work = work[index]
            weightGradient(work, rows: batch.rows)
            switch work {
            case .light(let part):
                update(model.lightNet, part, lightGradient, l2, optimisers.light)
            case .booster(let part):
                update(model.boosterNet, part, boosterGradient, l2, optimisers.booster)
            case .tables(let field):
                profile.time(.scatter) {
                    model.embeddings.update(
                        field: field, input.ids[field], rows: batch.rows, gradient: dx,
                        learningRate: embeddingLearningRate)
                    guard let boosterDX else { return }
                    model.boosterEmbeddings.update(
                        field: field, input.ids[field], rows: batch.rows, gradient: boosterDX,
                        learningRate: embeddingLearningRate)
                }
            }
        }
        return losses
    }

    /// Norms of what `gradients` has left.
    func norms(_ batch: SparseBatch) -> TrainingReport.GradientNorms.Norms {
        let input = InputRows(batch)
        func norm(_ tables: EmbeddingTables, _ dx: FloatArray) -> Double {
            input.ids.indices.reduce(0) {
                $0 + tables.squaredNorm(field: $1, input.ids[$1], rows: batch.rows, gradient: dx)
            }
        }
        let own = boosterDX.map { norm(model.boosterEmbeddings, $0) } ?? 0
        return TrainingReport.GradientNorms.Norms(
            shared: (norm(model.embeddings, dx) + own).squareRoot(), light: lightGradient?.norm ?? 0,
            booster: boosterGradient?.norm ?? 0)
    }

    private func propagate(
        _ input: InputRows, _ batch: SparseBatch, _ terms: Terms, _ hintScale: Double
    ) -> StepLosses {
        let size = (batch.rows + slices - 1) / slices
        parallel.perform(parts: slices) { index in
            let rows = min(index * size, batch.rows)..<min((index + 1) * size, batch.rows)
            profile.time(.gather) {
                input.write(rows, of: model.embeddings, into: x)
                if let boosterX { input.write(rows, of: model.boosterEmbeddings, into: boosterX) }
            }
            profile.time(.light) { forward(model.lightNet, light, x, rows) }
            profile.time(.booster) { forward(model.boosterNet, booster, boosterX ?? x, rows) }
            if let teacher {
                profile.time(.gather) { input.write(rows, of: teacher.embeddings, into: teacher.x) }
                profile.time(.booster) { teacher.net.forward(teacher.x, rows: rows, teacher.workspace) }
            }
            profile.time(.hint) { sums[index].losses = writeLogitGradients(batch, rows, terms, hintScale) }
            backward(rows)
        }
        var losses = StepLosses()
        for slice in sums {
            losses.light += slice.losses.light / Double(batch.rows)
            losses.booster += slice.losses.booster / Double(batch.rows)
            losses.hint += slice.losses.hint / Double(batch.rows)
        }
        return losses
    }

    private func forward(
        _ net: DenseNet?, _ workspace: DenseNet.Workspace?, _ x: FloatArray, _ rows: Range<Int>
    ) {
        guard let net, let workspace else { return }
        net.forward(x, rows: rows, workspace)
    }

    /// Fills the workspaces' `logitGradient` and sums the loss terms. Each row counts 1 / batch.
    private func writeLogitGradients(
        _ batch: SparseBatch, _ rows: Range<Int>, _ terms: Terms, _ hintScale: Double
    ) -> StepLosses {
        let scale = 1 / Double(batch.rows)
        let lightWeight: Double = terms == .all || terms == .light ? 1 : 0
        let boosterWeight: Double = terms == .all || terms == .booster ? 1 : 0
        // Without a light net or a booster there is nothing to compare.
        let teaches = light != nil && (booster != nil || teacher != nil) && (terms == .all || terms == .hint)
        let lambda = teaches ? rocket.hintWeight * hintScale : 0
        let distillation = teaches ? rocket.distillationWeight * hintScale : 0
        let boosterLogits = booster?.logits ?? teacher?.workspace.logits
        // A teacher predicts the log's click rate, this training sees that of its sample.
        let excess = booster == nil ? logitExcess : 0
        var losses = StepLosses()
        for row in rows {
            let loss = rocket.loss(
                z: light.map { Double($0.logits[row]) } ?? 0, l: boosterLogits.map { Double($0[row]) + excess } ?? 0,
                label: Double(batch.labels[row]))
            losses.light += loss.light.loss
            losses.booster += loss.booster.loss
            losses.hint += loss.hint.loss
            light?.logitGradient[row] = Float(
                scale
                    * (lightWeight * loss.light.dz + lambda * loss.hint.dz + distillation * loss.distillation.dz))
            booster?.logitGradient[row] = Float(
                scale
                    * (boosterWeight * loss.booster.dl + lambda * loss.hint.dl + distillation * loss.distillation.dl))
        }
        return losses
    }

    private func backward(_ rows: Range<Int>) {
        // The third mode of the block: what is shared learns from the booster alone.
        let blocksInput =
            rocket.gradientBlock == .logitsAndSharedInput && booster != nil && model.sharesEmbeddings
        if let net = model.lightNet, let light {
            profile.time(.light) {
                net.backward(rows: rows, light, input: blocksInput ? .none : .written(dx))
            }
        }
        if let net = model.boosterNet, let booster {
            let isFirst = light == nil || blocksInput
            profile.time(.booster) {
                net.backward(
                    rows: rows, booster, input: boosterDX.map { .written($0) } ?? (isFirst ? .written(dx) : .added(dx)))
            }
        }
    }

    private func weightGradient(_ work: Work, rows: Int) {
        switch work {
        case .light(let part):
            guard let net = model.lightNet, let light, let lightGradient else { return }
            profile.time(.light) { net.gradient(of: part, x, rows: rows, light, into: lightGradient) }
        case .booster(let part):
            guard let net = model.boosterNet, let booster, let boosterGradient else { return }
            profile.time(.booster) {
                net.gradient(of: part, boosterX ?? x, rows: rows, booster, into: boosterGradient)
            }
        case .tables: break
        }
    }

    private func update(
        _ net: DenseNet?, _ part: DenseNet.Part, _ gradient: FloatArray?, _ l2: Float, _ optimiser: (Adam, AdamStep)?
    ) {
        guard let net, let gradient, let (adam, step) = optimiser else { return }
        profile.time(.optimiser) { net.update(part, gradient: gradient, l2: l2, by: adam, step) }
    }
}

/// The optimisers of the dense parameters, each in the middle of a step.
struct DenseOptimisers: Sendable {
    var light: (Adam, AdamStep)?
    var booster: (Adam, AdamStep)?
}
