import Arrays

extension DenseNet {
    /// What becomes of the input's gradient.
    public enum InputGradient: Sendable {
        /// It stops here.
        case none
        /// It is written to, or added to, the same rows of an array `[batch, in]`.
        case written(FloatArray)
        case added(FloatArray)
        /// Of a net whose input goes by ids: this takes it.
        case byIDs(FirstLayer)
    }

    /// Carries `workspace.outputGradient` of a slice down to every layer and to the input, after a training pass over
    /// the same slice. The parameters' gradients follow from it by `gradient(of:)`.
    ///
    /// - Parameter x: the net's input, as in `forward`.
    public func backward(
        _ x: FloatArray, rows: Range<Int>, slice: Int, dropout: Dropout = Dropout(), _ workspace: Workspace,
        input: InputGradient
    ) {
        guard !rows.isEmpty else {
            for extras in workspace.extraGradients {
                let count = extras.count / max(1, workspace.sliceRows.count)
                extras.clear(slice * count..<(slice + 1) * count)
            }
            return
        }
        let pass = Pass.training(slice: slice, dropout: dropout)
        for index in stack.indices.reversed() {
            let layer = stack[index]
            drop(workspace.deltas[index], index, rows, pass)
            if layer.isCross {
                let isLast = index == stack.count - 1 || !stack[index + 1].isCross
                crossBackward(index, x, rows, workspace, input, first: isLast)
                continue
            }
            activationBackward(index, rows, slice, workspace)
            if workspace.isRounded(index) {
                workspace.roundedDeltas[index].round(
                    workspace.deltas[index], rows.lowerBound * layer.output..<rows.upperBound * layer.output)
            }
            if index > 0 {
                multiply(index, rows, workspace, into: workspace.deltas[index - 1], beta: 0)
                continue
            }
            switch input {
            case .none: break
            case .written(let dx): multiply(index, rows, workspace, into: dx, beta: 0)
            case .added(let dx): multiply(index, rows, workspace, into: dx, beta: 1)
            case .byIDs(let first): first.backwardRest(rows, workspace)
            }
        }
    }

    /// below [rows, in] = delta [rows, out] · Wᵀ + beta · below
    private func multiply(_ index: Int, _ rows: Range<Int>, _ workspace: Workspace, into below: FloatArray, beta: Float)
    {
        let layer = stack[index]
        if workspace.isRounded(index) {
            lending(workspace.roundedWeights, workspace.roundedDeltas[index], below) { weights, delta, below in
                Kernels.multiply(
                    delta + rows.lowerBound * layer.output, weights + layer.start, transposeB: true,
                    into: below + rows.lowerBound * layer.input, m: rows.count, n: layer.input, k: layer.output,
                    beta: beta)
            }
            return
        }
        lending(parameters, workspace.deltas[index], below) { parameters, delta, below in
            Kernels.multiply(
                delta + rows.lowerBound * layer.output, parameters + layer.start, transposeB: true,
                into: below + rows.lowerBound * layer.input, m: rows.count, n: layer.input, k: layer.output,
                beta: beta)
        }
    }

    /// y = x₀ ⊙ u + in: the gradient of y goes to `in` as it is, to u times x₀, to x₀ times u.
    private func crossBackward(
        _ index: Int, _ x: FloatArray, _ rows: Range<Int>, _ workspace: Workspace, _ input: InputGradient, first: Bool
    ) {
        let width = stack[index].output
        let (start, count) = (rows.lowerBound * width, rows.count * width)
        func below(_ array: FloatArray, _ step: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void) {
            array.lend { array in workspace.deltas[index].lend { step(array + start, $0 + start) } }
        }
        workspace.crossGradient.lend { cross in
            let cross = cross + start
            if first { cross.update(repeating: 0, count: count) }
            lending(workspace.deltas[index], workspace.linear[index]) { delta, u in
                Kernels.addProduct(delta + start, u + start, into: cross, count: count)
            }
            // Below, the gradient of `in`; at the bottom `in` is x₀ itself.
            var target: FloatArray?
            if index > 0 {
                target = workspace.deltas[index - 1]
                below(workspace.deltas[index - 1]) { $0.update(from: $1, count: count) }
            } else {
                switch input {
                case .none, .byIDs: break
                case .written(let dx):
                    target = dx
                    below(dx) {
                        $0.update(from: $1, count: count)
                        Kernels.add(cross, into: $0, count: count)
                    }
                case .added(let dx):
                    target = dx
                    below(dx) {
                        Kernels.add($1, into: $0, count: count)
                        Kernels.add(cross, into: $0, count: count)
                    }
                }
            }
            workspace.deltas[index].lend { delta in
                x.lend { Kernels.multiply(delta + start, by: $0 + start, count: count) }
            }
            if let target { multiply(index, rows, workspace, into: target, beta: 1) }
        }
    }

    /// From the gradient of a layer's output to that of its linear output, in place; sums up the gradients of scales,
    /// shifts and slopes.
    private func activationBackward(_ index: Int, _ rows: Range<Int>, _ slice: Int, _ workspace: Workspace) {
        let layer = stack[index]
        guard let activation = layer.activation else { return }
        let width = layer.output
        let (start, count) = (rows.lowerBound * width, rows.count * width)
        guard layer.keepsLinear else {
            lending(workspace.deltas[index], workspace.activations[index]) { delta, y in
                Kernels.blockReLU(delta + start, y + start, count: count)
            }
            return
        }
        let slopes = layer.slopes.lowerBound
        let gradients = slice * (layer.end - layer.biases.upperBound)
        let slopeGradient = gradients + slopes - layer.biases.upperBound
        switch activation {
        case .relu:
            lending(workspace.deltas[index], workspace.linear[index]) { delta, u in
                Kernels.blockReLU(delta + start, u + start, count: count)
            }
        case .prelu:
            lending(
                workspace.deltas[index], workspace.linear[index], parameters, workspace.extraGradients[index]
            ) { delta, u, parameters, extras in
                Kernels.preluBackward(
                    delta + start, u + start, parameters + slopes, slopeGradient: extras + slopeGradient,
                    rows: rows.count, width: width)
            }
        case .dice: diceBackward(index, slopeGradient: slopeGradient, rows, slice, workspace)
        }
        if layer.batchNorm { normaliseBackward(index, gradients: gradients, rows, slice, workspace) }
    }

    /// From the gradient of batch-norm's output to that of its input, in place; sums up the gradients of scales and
    /// shifts.
    ///
    /// - Parameter gradients: where the slice's begin among `extraGradients`.
    private func normaliseBackward(
        _ index: Int, gradients: Int, _ rows: Range<Int>, _ slice: Int, _ workspace: Workspace
    ) {
        let layer = stack[index]
        let (width, start) = (layer.output, rows.lowerBound * layer.output)
        lending(
            workspace.deltas[index], workspace.normalised[index], parameters, workspace.extraGradients[index]
        ) { delta, normalised, parameters, extras in
            Kernels.scaleBackward(
                delta + start, normalised + start, parameters + layer.scales.lowerBound,
                scaleGradient: extras + gradients, shiftGradient: extras + gradients + width, rows: rows.count,
                width: width)
        }
        lending(
            workspace.deltas[index], workspace.normalised[index], workspace.moments[index]
        ) { delta, normalised, moments in
            Kernels.standardiseBackward(
                delta + start, normalised + start, variance: moments + (slice * 4 + 1) * width, rows: rows.count,
                width: width)
        }
    }

    /// Two ways lead from Dice's output to u: directly, and through the standardised value in p. u is used up.
    private func diceBackward(
        _ index: Int, slopeGradient: Int, _ rows: Range<Int>, _ slice: Int, _ workspace: Workspace
    ) {
        let layer = stack[index]
        let (width, start) = (layer.output, rows.lowerBound * layer.output)
        let (delta, u, standardised) = (
            workspace.deltas[index], workspace.linear[index], workspace.standardised[index]
        )
        lending(parameters, workspace.extraGradients[index]) { parameters, extras in
            lending(delta, u, standardised) { delta, u, standardised in
                Kernels.diceBackward(
                    delta + start, u: u + start, standardised: standardised + start,
                    parameters + layer.slopes.lowerBound, slopeGradient: extras + slopeGradient, rows: rows.count,
                    width: width)
            }
        }
        lending(delta, u, standardised, workspace.moments[index]) { delta, u, standardised, moments in
            Kernels.standardiseBackward(
                u + start, standardised + start, variance: moments + (slice * 4 + 3) * width, rows: rows.count,
                width: width)
            Kernels.add(u + start, into: delta + start, count: rows.count * width)
        }
    }
}
