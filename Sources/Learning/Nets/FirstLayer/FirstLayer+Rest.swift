import Arrays

/// What goes through the layer by rows: the other fields, and numerics.
extension FirstLayer {
    /// Gathers some rows of the narrower input.
    ///
    /// - Parameter firstRow: the row of its first line.
    package func gather(_ rows: SparseRows, _ range: Range<Int>, firstRow: Int = 0) {
        for field in byRows {
            tables.gather(
                field: field.field, rows.fields[field.field], rows: range, into: rest.array,
                InputPlace(width: restWidth, offset: field.column, firstRow: firstRow))
        }
        let numerics = tables.layout.numerics
        for (index, shape) in numerics.enumerated() {
            let offset = restWidth - 2 * (numerics.count - index)
            for row in range {
                let place = (row - firstRow) * restWidth + offset
                (rest.array[place], rest.array[place + 1]) = shape.input(rows.numerics[index][row])
            }
        }
        if isRounded {
            let lines = range.lowerBound - firstRow..<range.upperBound - firstRow
            roundedRest.array.round(rest.array, lines.lowerBound * restWidth..<lines.upperBound * restWidth)
        }
    }

    /// sums [rows, out] += rest [rows, restWidth] · W
    func addRest(_ rows: Range<Int>, to sums: FloatArray) {
        guard restWidth > 0 else { return }
        let (from, to) = (rows.lowerBound * restWidth, rows.lowerBound * width)
        if isRounded {
            lending(roundedRest.array, roundedRestWeights.array, sums) { rest, weights, sums in
                Kernels.multiply(
                    rest + from, weights, into: sums + to, m: rows.count, n: width, k: restWidth, beta: 1)
            }
            return
        }
        lending(rest.array, restWeights.array, sums) { rest, weights, sums in
            Kernels.multiply(rest + from, weights, into: sums + to, m: rows.count, n: width, k: restWidth, beta: 1)
        }
    }

    /// The gradient of some rows of the narrower input [rows, restWidth] = dy · Wᵀ
    func backwardRest(_ rows: Range<Int>, _ workspace: DenseNet.Workspace) {
        guard restWidth > 0, trainsInput else { return }
        let (from, to) = (rows.lowerBound * width, rows.lowerBound * restWidth)
        if isRounded {
            lending(workspace.roundedDeltas[0], roundedRestWeights.array, restGradient.array) { delta, weights, below in
                Kernels.multiply(
                    delta + from, weights, transposeB: true, into: below + to, m: rows.count, n: restWidth, k: width)
            }
            return
        }
        lending(workspace.deltas[0], restWeights.array, restGradient.array) { delta, weights, below in
            Kernels.multiply(
                delta + from, weights, transposeB: true, into: below + to, m: rows.count, n: restWidth, k: width)
        }
    }

    /// The gradient of those of some lines of the weights that the narrower input has: restᵀ · dy over all rows.
    ///
    /// - Parameter gradient: laid out as the net's parameters.
    func gradient(lines: Range<Int>, rows: Int, _ workspace: DenseNet.Workspace, into gradient: FloatArray) {
        let first = restLines.firstIndex { $0 >= lines.lowerBound } ?? restLines.count
        let end = restLines.firstIndex { $0 >= lines.upperBound } ?? restLines.count
        guard first < end else { return }
        let part = first * width
        if isRounded {
            lending(roundedRest.array, workspace.roundedDeltas[0], restWeightGradient.array) { rest, delta, sums in
                Kernels.multiply(
                    rest + first, transposeA: true, strideA: restWidth, delta, into: sums + part, m: end - first,
                    n: width, k: rows)
            }
        } else {
            lending(rest.array, workspace.deltas[0], restWeightGradient.array) { rest, delta, sums in
                Kernels.multiply(
                    rest + first, transposeA: true, strideA: restWidth, delta, into: sums + part, m: end - first,
                    n: width, k: rows)
            }
        }
        for place in first..<end {
            gradient.copy(
                restWeightGradient.array, from: place * width,
                to: net.weights(0).lowerBound + restLines[place] * width, count: width)
        }
    }
}
