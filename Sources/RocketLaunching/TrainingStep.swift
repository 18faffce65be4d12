import FeatureCache
import Nets

/// The gradients of one batch. Buffers are made once and used for every step.
struct TrainingStep {
    /// Sum over the slices, laid out as the net's parameters; nil where the arm has no such net.
    let lightGradient: FloatArray?
    let boosterGradient: FloatArray?
    /// Gradient of the input `[batch, inputWidth]` for the shared tables (or the only ones).
    let dx: FloatArray
    /// The same for the booster's own tables when nothing is shared.
    let boosterDX: FloatArray?
    private let x: FloatArray
    private let boosterX: FloatArray?
    private let slices: [Slice]

    /// What one slice needs for itself.
    private struct Slice: Sendable {
        let light: DenseNet.Workspace?
        let booster: DenseNet.Workspace?
        let lightGradient: FloatArray?
        let boosterGradient: FloatArray?
        /// Sums of the loss terms; filled by `forward`.
        let result: SliceResult
    }

    private final class SliceResult: @unchecked Sendable {
        var losses = StepResult.Losses()
    }

    init(model: CoTrainedModel, batchSize: Int, slices count: Int) {
        let width = model.embeddings.inputWidth
        let rows = (batchSize + count - 1) / count
        func gradient(_ net: DenseNet?) -> FloatArray? { net.map { FloatArray(count: $0.parameters.count) } }
        lightGradient = gradient(model.lightNet)
        boosterGradient = gradient(model.boosterNet)
        x = FloatArray(count: batchSize * width)
        dx = FloatArray(count: batchSize * width)
        boosterX = model.sharesEmbeddings ? nil : FloatArray(count: batchSize * width)
        boosterDX = model.sharesEmbeddings ? nil : FloatArray(count: batchSize * width)
        slices = (0..<count).map { _ in
            Slice(
                light: model.lightNet.map { DenseNet.Workspace($0, rows: rows) },
                booster: model.boosterNet.map { DenseNet.Workspace($0, rows: rows) },
                lightGradient: gradient(model.lightNet), boosterGradient: gradient(model.boosterNet),
                result: SliceResult())
        }
    }

    /// Computes the gradients of the mean loss over the batch.
    ///
    /// - Parameter proof: also run the hint term alone backwards through both nets, for its gradient's norms.
    func gradients(
        of batch: SparseBatch, model: CoTrainedModel, rocket: RocketSpecification, arm: Arm, proof: Bool,
        parallel: Parallel
    ) -> StepResult {
        let input = InputRows(batch)
        let size = (batch.rows + slices.count - 1) / slices.count
        let ranges = slices.indices.map { min($0 * size, batch.rows)..<min(($0 + 1) * size, batch.rows) }
        parallel.perform(parts: slices.count) { index in
            forward(input, ranges[index], slices[index], model)
        }
        var result = StepResult()
        if proof {
            (result.hintOnLight, result.hintOnBooster) = hintNorms(batch, ranges, model, rocket, parallel)
        }
        parallel.perform(parts: slices.count) { index in
            writeLogitGradients(batch, ranges[index], slices[index], rocket, arm, terms: .all)
            backward(ranges[index], slices[index], model, rocket)
        }
        reduce(parallel)
        for slice in slices {
            result.losses.light += slice.result.losses.light / Double(batch.rows)
            result.losses.booster += slice.result.losses.booster / Double(batch.rows)
            result.losses.hint += slice.result.losses.hint / Double(batch.rows)
        }
        return result
    }

    private func forward(_ input: InputRows, _ rows: Range<Int>, _ slice: Slice, _ model: CoTrainedModel) {
        let width = model.embeddings.inputWidth
        input.write(rows, of: model.embeddings, into: x)
        if let boosterX { input.write(rows, of: model.boosterEmbeddings, into: boosterX) }
        let offset = rows.lowerBound * width
        if let net = model.lightNet, let workspace = slice.light {
            net.forward(x, offset: offset, rows: rows.count, workspace)
        }
        if let net = model.boosterNet, let workspace = slice.booster {
            net.forward(boosterX ?? x, offset: offset, rows: rows.count, workspace)
        }
    }

    /// Which terms of the loss go backwards.
    private enum Terms { case all, hintOnly }

    /// Fills each workspace's `logitGradient` and sums the loss terms. Each row counts 1 / batch.
    private func writeLogitGradients(
        _ batch: SparseBatch, _ rows: Range<Int>, _ slice: Slice, _ rocket: RocketSpecification, _ arm: Arm,
        terms: Terms
    ) {
        let scale = 1 / Double(batch.rows)
        let lambda = arm == .rocket ? rocket.hintWeight : 0
        let label: Double = terms == .all ? 1 : 0
        var losses = StepResult.Losses()
        for row in 0..<rows.count {
            let loss = rocket.loss(
                z: slice.light.map { Double($0.logits[row]) } ?? 0,
                l: slice.booster.map { Double($0.logits[row]) } ?? 0,
                label: Double(batch.labels[rows.lowerBound + row]))
            losses.light += loss.light.loss
            losses.booster += loss.booster.loss
            losses.hint += loss.hint.loss
            slice.light?.logitGradient[row] = Float(scale * (label * loss.light.dz + lambda * loss.hint.dz))
            slice.booster?.logitGradient[row] = Float(scale * (label * loss.booster.dl + lambda * loss.hint.dl))
        }
        slice.result.losses = losses
    }

    private func backward(
        _ rows: Range<Int>, _ slice: Slice, _ model: CoTrainedModel, _ rocket: RocketSpecification
    ) {
        let width = model.embeddings.inputWidth
        let offset = rows.lowerBound * width
        dx.clear(offset..<rows.upperBound * width)
        boosterDX?.clear(offset..<rows.upperBound * width)
        if let net = model.lightNet, let workspace = slice.light, let gradient = slice.lightGradient {
            // The third mode of the block: what is shared learns from the booster alone.
            let blocksInput =
                rocket.gradientBlock == .logitsAndSharedInput && model.boosterNet != nil && model.sharesEmbeddings
            net.backward(
                x, offset: offset, rows: rows.count, workspace, gradient: gradient,
                addingInputTo: blocksInput ? nil : dx)
        }
        if let net = model.boosterNet, let workspace = slice.booster, let gradient = slice.boosterGradient {
            net.backward(
                boosterX ?? x, offset: offset, rows: rows.count, workspace, gradient: gradient,
                addingInputTo: boosterDX ?? dx)
        }
        if rows.isEmpty {
            slice.lightGradient.map { $0.clear(0..<$0.count) }
            slice.boosterGradient.map { $0.clear(0..<$0.count) }
        }
    }

    /// Adds the slices' gradients in slice order.
    private func reduce(_ parallel: Parallel) {
        for (total, parts) in [
            (lightGradient, slices.map(\.lightGradient)), (boosterGradient, slices.map(\.boosterGradient)),
        ] {
            guard let total else { continue }
            total.setToSum(of: parts.compactMap { $0 }, parallel: parallel)
        }
    }

    /// Norms of λ · hint's gradient on the light and on the booster net's own parameters.
    private func hintNorms(
        _ batch: SparseBatch, _ ranges: [Range<Int>], _ model: CoTrainedModel, _ rocket: RocketSpecification,
        _ parallel: Parallel
    ) -> (light: Double, booster: Double) {
        parallel.perform(parts: slices.count) { index in
            writeLogitGradients(batch, ranges[index], slices[index], rocket, .rocket, terms: .hintOnly)
            backward(ranges[index], slices[index], model, rocket)
        }
        reduce(parallel)
        return (lightGradient?.norm ?? 0, boosterGradient?.norm ?? 0)
    }
}
