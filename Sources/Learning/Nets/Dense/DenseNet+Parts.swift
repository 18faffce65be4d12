import Arrays

extension DenseNet {
    /// A part of the parameters whose gradient is computed in one go over the whole batch: some lines of a layer's
    /// weights, and with the first of them what else the layer has. The parts depend on the net alone, so who computes
    /// them when changes nothing.
    public struct Part: Sendable {
        public let layer: Int
        let lines: Range<Int>
        /// Multiplications and additions a row.
        public let work: Int
    }

    /// All parts, the largest first.
    public var parts: [Part] {
        stack.indices.flatMap { index -> [Part] in
            let layer = stack[index]
            let count = (layer.weights.count + Self.partWeights - 1) / Self.partWeights
            return (0..<count).map { number in
                let lines = layer.input * number / count..<layer.input * (number + 1) / count
                return Part(layer: index, lines: lines, work: 2 * lines.count * layer.output)
            }
        }.sorted { $0.work > $1.work }
    }

    /// Large enough that packing its operands is little compared with the product.
    private static let partWeights = 1 << 18

    /// Where a part's weights lie, and biases with what follows them or nothing.
    func ranges(of part: Part) -> (weights: Range<Int>, rest: Range<Int>) {
        let layer = stack[part.layer]
        let weights =
            layer.start + part.lines.lowerBound * layer.output..<layer.start + part.lines.upperBound * layer.output
        return (weights, layer.biases.lowerBound..<(part.lines.lowerBound == 0 ? layer.end : layer.biases.lowerBound))
    }

    /// Computes the gradient of a part after `backward` has run for all rows.
    ///
    /// - Parameters:
    ///   - rows: of the batch.
    ///   - gradient: laid out as `parameters`; the part of it is overwritten.
    ///   - first: computes the first layer's weights' in place of `x`; its blocks have gone backward.
    public func gradient(
        of part: Part, _ x: FloatArray, rows: Int, _ workspace: Workspace, into gradient: FloatArray,
        first: FirstLayer? = nil
    ) {
        if part.layer == 0, let first {
            first.gradient(lines: part.lines, rows: rows, workspace, into: gradient)
        } else {
            multiply(part, x, rows, workspace, into: gradient)
        }
        guard part.lines.lowerBound == 0 else { return }
        let layer = stack[part.layer]
        gradient.lend { gradient in
            workspace.deltas[part.layer].lend {
                Kernels.sumRows($0, into: gradient + layer.biases.lowerBound, rows: rows, width: layer.output)
            }
            workspace.extraGradients[part.layer].lend {
                Kernels.sumRows(
                    $0, into: gradient + layer.biases.upperBound, rows: workspace.sliceRows.count,
                    width: layer.end - layer.biases.upperBound)
            }
        }
    }

    /// gradient [lines, out] = inᵀ [lines, batch] · delta [batch, out]
    private func multiply(
        _ part: Part, _ x: FloatArray, _ rows: Int, _ workspace: Workspace, into gradient: FloatArray
    ) {
        let layer = stack[part.layer]
        let start = layer.start + part.lines.lowerBound * layer.output
        if workspace.isRounded(part.layer) {
            lending(
                workspace.roundedDeltas[part.layer], workspace.roundedInputs[part.layer], gradient
            ) { delta, input, gradient in
                Kernels.multiply(
                    input + part.lines.lowerBound, transposeA: true, strideA: layer.input, delta,
                    into: gradient + start, m: part.lines.count, n: layer.output, k: rows)
            }
            return
        }
        let input = part.layer == 0 ? x : workspace.activations[part.layer - 1]
        lending(workspace.deltas[part.layer], input, gradient) { delta, input, gradient in
            Kernels.multiply(
                input + part.lines.lowerBound, transposeA: true, strideA: layer.input, delta, into: gradient + start,
                m: part.lines.count, n: layer.output, k: rows)
        }
    }

    /// Brings the rounded weights of a part up to date, where the workspace has some.
    public func roundWeights(of part: Part, _ workspace: Workspace) {
        guard workspace.isRounded(part.layer) else { return }
        workspace.roundedWeights.round(parameters, ranges(of: part).weights)
    }

    /// One step of an optimiser on a part, with the gradient of `l2 / 2 · ‖W‖²` over its weights. Biases are free:
    /// shrinking the logit's would pull the mean prediction away from the click rate.
    ///
    /// - Parameter scale: factor on the gradient before that, as clipping asks for.
    public func update(
        _ part: Part, gradient: FloatArray, scale: Float = 1, l2: Float, by optimiser: DenseOptimiser,
        _ step: DenseStep
    ) {
        let (weights, rest) = ranges(of: part)
        if scale != 1 {
            gradient.lend { gradient in
                Kernels.scale(gradient + weights.lowerBound, by: scale, count: weights.count)
                Kernels.scale(gradient + rest.lowerBound, by: scale, count: rest.count)
            }
        }
        if l2 > 0 {
            lending(parameters, gradient) { parameters, gradient in
                let start = weights.lowerBound
                Kernels.add(l2, times: parameters + start, into: gradient + start, count: weights.count)
            }
        }
        optimiser.update(parameters, weights, gradient: gradient, step)
        optimiser.update(parameters, rest, gradient: gradient, step)
    }

    /// Sets a part's gradient to 0: that of no rows.
    public func clear(_ part: Part, gradient: FloatArray) {
        let (weights, rest) = ranges(of: part)
        gradient.clear(weights)
        gradient.clear(rest)
    }

    /// Sum of the squares of a part's gradient.
    public func squaredNorm(of part: Part, gradient: FloatArray) -> Double {
        let (weights, rest) = ranges(of: part)
        return gradient.squaredNorm(weights) + gradient.squaredNorm(rest)
    }
}
