import Arrays

extension DenseNet {
    /// Computes the output for some rows of input `[batch, in]`. Slices are independent of each other, so they may run
    /// on several threads; in scoring any ranges of rows are.
    ///
    /// - Parameter first: has computed its blocks, and gathered the rows; nil: `x` is read instead.
    public func forward(
        _ x: FloatArray, rows: Range<Int>, _ workspace: Workspace, _ pass: Pass, first: FirstLayer? = nil
    ) {
        if case .training(let slice, _) = pass { workspace.sliceRows[slice] = Float(rows.count) }
        guard !rows.isEmpty else { return }
        for index in stack.indices {
            if index == 0, let first {
                first.addRest(rows, to: workspace.firstSums)
            } else {
                multiply(index, index == 0 ? x : workspace.activations[index - 1], rows, workspace)
            }
            finish(index, x, rows, workspace, pass)
        }
    }

    /// Scores rows whose first product x · W lies in `workspace.firstSums` already, but for what they have in common.
    ///
    /// - Parameters:
    ///   - x: `[batch, in]`; only cross layers read it.
    ///   - addend: the rest of the first product with the first layer's bias, `[out]`.
    func scoreAboveFirstProduct(_ x: FloatArray, addend: FloatArray, rows: Range<Int>, _ workspace: Workspace) {
        guard !rows.isEmpty else { return }
        finish(0, x, rows, workspace, .scoring, addend: addend)
        for index in stack.indices.dropFirst() {
            multiply(index, workspace.activations[index - 1], rows, workspace)
            finish(index, x, rows, workspace, .scoring)
        }
    }

    /// sums [out] += the first layer's bias [out]
    func addFirstBias(to sums: FloatArray) {
        let biases = stack[0].biases
        precondition(sums.count == biases.count)
        parameters.lend { parameters in
            sums.lend { Kernels.add(parameters + biases.lowerBound, into: $0, count: biases.count) }
        }
    }

    /// What follows a layer's product: bias, normalisation, activation.
    ///
    /// - Parameter addend: `[out]`, instead of the bias.
    private func finish(
        _ index: Int, _ x: FloatArray, _ rows: Range<Int>, _ workspace: Workspace, _ pass: Pass,
        addend: FloatArray? = nil
    ) {
        let layer = stack[index]
        let plainReLU = layer.activation == .relu && !layer.keepsLinear
        lending(addend ?? parameters, workspace.sums(index)) { addends, target in
            let y = target + rows.lowerBound * layer.output
            let bias = addends + (addend == nil ? layer.biases.lowerBound : 0)
            if plainReLU {
                Kernels.addBiasReLU(y, bias, rows: rows.count, width: layer.output)
            } else {
                Kernels.addBias(y, bias, rows: rows.count, width: layer.output)
            }
        }
        if layer.isCross {
            cross(index, x, below: index == 0 ? x : workspace.activations[index - 1], rows, workspace)
        } else if layer.keepsLinear {
            if layer.batchNorm { normalise(index, rows, workspace, pass) }
            activate(index, rows, workspace, pass)
        }
        drop(workspace.activations[index], index, rows, pass)
    }

    /// y [rows, out] = in [rows, in] · W
    private func multiply(_ index: Int, _ input: FloatArray, _ rows: Range<Int>, _ workspace: Workspace) {
        let layer = stack[index]
        let target = workspace.sums(index)
        let (from, to) = (rows.lowerBound * layer.input, rows.lowerBound * layer.output)
        guard workspace.isRounded(index) else {
            lending(parameters, input, target) { parameters, input, target in
                Kernels.multiply(
                    input + from, parameters + layer.start, into: target + to, m: rows.count, n: layer.output,
                    k: layer.input)
            }
            return
        }
        workspace.roundedInputs[index].round(input, from..<rows.upperBound * layer.input)
        lending(workspace.roundedWeights, workspace.roundedInputs[index], target) { weights, input, target in
            Kernels.multiply(
                input + from, weights + layer.start, into: target + to, m: rows.count, n: layer.output,
                k: layer.input)
        }
    }

    /// y = x₀ ⊙ u + in
    private func cross(_ index: Int, _ x: FloatArray, below: FloatArray, _ rows: Range<Int>, _ workspace: Workspace) {
        let width = stack[index].output
        let (start, count) = (rows.lowerBound * width, rows.count * width)
        lending(workspace.activations[index], x, workspace.linear[index], below) { y, x, u, below in
            Kernels.cross(y + start, x: x + start, u: u + start, below: below + start, count: count)
        }
    }

    /// Batch-norm: keeps the standardised values and replaces `linear` by their scaled ones.
    private func normalise(_ index: Int, _ rows: Range<Int>, _ workspace: Workspace, _ pass: Pass) {
        let layer = stack[index]
        let width = layer.output
        standardise(
            workspace.linear[index], into: workspace.normalised[index], index, rows, workspace, pass, moments: 0,
            running: layer.statistics)
        lending(parameters, workspace.normalised[index], workspace.linear[index]) { parameters, normalised, u in
            Kernels.scale(
                normalised + rows.lowerBound * width, parameters + layer.scales.lowerBound,
                shift: parameters + layer.shifts.lowerBound, into: u + rows.lowerBound * width,
                rows: rows.count, width: width)
        }
    }

    private func activate(_ index: Int, _ rows: Range<Int>, _ workspace: Workspace, _ pass: Pass) {
        let layer = stack[index]
        let (width, start) = (layer.output, rows.lowerBound * layer.output)
        if layer.activation == .dice {
            standardise(
                workspace.linear[index], into: workspace.standardised[index], index, rows, workspace, pass,
                moments: 2 * width, running: layer.diceStatistics)
        }
        lending(
            parameters, workspace.linear[index], workspace.standardised[index], workspace.activations[index]
        ) { parameters, u, standardised, y in
            let slopes = parameters + layer.slopes.lowerBound
            switch layer.activation {
            case .prelu: Kernels.prelu(u + start, slopes, into: y + start, rows: rows.count, width: width)
            case .dice:
                Kernels.dice(
                    u + start, standardised: standardised + start, slopes, into: y + start, rows: rows.count,
                    width: width)
            default: Kernels.relu(u + start, into: y + start, count: rows.count * width)
            }
        }
    }

    /// Standardises each column, by the moments of the slice's rows, which are kept, or by the running ones.
    private func standardise(
        _ values: FloatArray, into result: FloatArray, _ index: Int, _ rows: Range<Int>, _ workspace: Workspace,
        _ pass: Pass, moments offset: Int, running: Int
    ) {
        let width = stack[index].output
        lending(values, result, statistics, workspace.moments[index]) { values, result, statistics, moments in
            let (values, result) = (values + rows.lowerBound * width, result + rows.lowerBound * width)
            switch pass {
            case .scoring:
                Kernels.standardise(
                    values, mean: statistics + running, variance: statistics + running + width, into: result,
                    rows: rows.count, width: width)
            case .training(let slice, _):
                let moments = moments + (slice * 4 * width + offset)
                Kernels.moments(values, mean: moments, variance: moments + width, rows: rows.count, width: width)
                Kernels.standardise(
                    values, mean: moments, variance: moments + width, into: result, rows: rows.count, width: width)
            }
        }
    }

    /// Leaves the layer's dropped units out of some rows; the others are raised so that their mean stays.
    func drop(_ values: FloatArray, _ index: Int, _ rows: Range<Int>, _ pass: Pass) {
        let layer = stack[index]
        guard layer.dropout > 0, case .training(_, let dropout) = pass else { return }
        values.lend { values in
            Kernels.drop(
                values, rows: rows, numbers: dropout.rowNumbers, width: layer.output, share: layer.dropout,
                key: dropout.key &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
        }
    }

    /// Writes what the last training pass adds to the batch's means and variances to `workspace.passStatistics`.
    ///
    /// - Parameter total: rows of the whole batch, of which the pass may have seen some.
    public func sumStatistics(_ workspace: Workspace, batch total: Int) {
        let total = Float(max(1, total))
        for (index, layer) in stack.enumerated() where layer.statisticsCount > 0 {
            let width = layer.output
            // Among the moments batch-norm's have their place even where the layer has none.
            let first = layer.batchNorm ? 0 : 2 * width
            for position in 0..<layer.statisticsCount / (2 * width) {
                let offset = first + position * 2 * width
                for column in 0..<width {
                    var (mean, variance) = (Float(0), Float(0))
                    for slice in 0..<workspace.sliceRows.count {
                        let rows = workspace.sliceRows[slice]
                        guard rows > 0 else { continue }
                        let start = slice * 4 * width + offset + column
                        mean += rows / total * workspace.moments[index][start]
                        // The unbiased estimate, as PyTorch keeps it.
                        variance += rows / total * workspace.moments[index][start + width] * rows / max(1, rows - 1)
                    }
                    let place = layer.statistics + position * 2 * width + column
                    workspace.passStatistics[place] = mean
                    workspace.passStatistics[place + width] = variance
                }
            }
        }
    }

    /// Moves the running statistics towards the batch's, which `workspace.passStatistics` holds.
    ///
    /// - Parameter share: rows of the batch over those of a full one; a last, small batch counts less.
    public func updateStatistics(_ workspace: Workspace, share: Float) {
        for index in 0..<statistics.count {
            statistics[index] += Self.momentum * share * (workspace.passStatistics[index] - statistics[index])
        }
    }

    private static let momentum: Float = 0.1
}
