import Arrays

/// A block of columns of the layer, forward and backward.
extension FirstLayer {
    /// The columns of a block, and how wide its lines are in scratch memory: padded for `Kernels.sumLines`.
    private func columns(_ block: Int) -> (range: Range<Int>, stride: Int) {
        let range = block * Kernels.widestLine..<min(width, (block + 1) * Kernels.widestLine)
        return (range, (range.count + Kernels.lineGroup - 1) / Kernels.lineGroup * Kernels.lineGroup)
    }

    /// Where a line of the layer's weights begins among the net's parameters.
    private func weights(line: Int) -> Int { net.weights(0).lowerBound + line * width }

    /// Sets a block of the layer's sums to what the fields by ids add, and brings the weights of the rest together.
    ///
    /// - Parameter sums: `[rows, out]`; nil: those of the workspace.
    package func forward(block: Int, rows: Int, _ workspace: DenseNet.Workspace, into sums: FloatArray? = nil) {
        let (columns, stride) = columns(block)
        let sums = sums ?? workspace.firstSums
        precondition(rows * width <= sums.count)
        scratch.lend(places * stride) { products in
            lending(net.parameters, embeddings.array, sums) { parameters, embeddings, sums in
                for field in byIDs {
                    Kernels.multiply(
                        embeddings + field.start, parameters + weights(line: field.line) + columns.lowerBound,
                        strideB: width, into: products + field.place * stride, strideOut: stride,
                        m: field.occurrences.count, n: columns.count, k: field.dim)
                }
                clearPadding(products, lines: places, columns.count, stride)
                withEntries(rows) {
                    Kernels.sumLines(
                        products, lineWidth: stride, $0, into: sums + columns.lowerBound, strideSums: width,
                        width: columns.count)
                }
            }
        }
        collectRestWeights(columns, workspace)
    }

    private func withEntries(_ rows: Int, _ body: (Kernels.LineEntries) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            entries.withUnsafeBufferPointer { entries in
                shares.withUnsafeBufferPointer { shares in
                    guard let starts = starts.baseAddress, let entries = entries.baseAddress else { return }
                    body(
                        Kernels.LineEntries(
                            rows: rows, starts: starts, places: entries,
                            shares: hasShares ? shares.baseAddress : nil))
                }
            }
        }
    }

    /// Products leave the columns between a block's end and its stride as they were.
    private func clearPadding(_ lines: UnsafeMutablePointer<Float>, lines count: Int, _ used: Int, _ stride: Int) {
        guard used < stride else { return }
        for line in 0..<count { (lines + line * stride + used).update(repeating: 0, count: stride - used) }
    }

    private func collectRestWeights(_ columns: Range<Int>, _ workspace: DenseNet.Workspace) {
        if isRounded {
            roundedRestWeights.array.collect(
                workspace.roundedWeights, lines: restLines, from: net.weights(0).lowerBound, width: width, columns)
            return
        }
        lending(net.parameters, restWeights.array) { parameters, target in
            for (place, line) in restLines.enumerated() {
                (target + place * width + columns.lowerBound).update(
                    from: parameters + weights(line: line) + columns.lowerBound, count: columns.count)
            }
        }
    }

    /// The gradient of a block's weights of the fields by ids, and what the block adds to that of their embeddings;
    /// after every row went backward.
    ///
    /// - Parameter gradient: laid out as the net's parameters.
    package func backward(block: Int, rows: Int, _ workspace: DenseNet.Workspace, into gradient: FloatArray) {
        let (columns, stride) = columns(block)
        scratch.lend((rows + places) * stride) { deltas in
            let sums = deltas + rows * stride
            copyDeltas(workspace.deltas[0], columns, stride, rows, to: deltas)
            for field in byIDs { sumDeltas(deltas, field, stride, into: sums + field.place * stride) }
            lending(net.parameters, embeddings.array, gradient, gradients.array) {
                parameters, embeddings, gradient, gradients in
                for field in byIDs {
                    let sums = sums + field.place * stride
                    let weights = weights(line: field.line) + columns.lowerBound
                    Kernels.multiply(
                        embeddings + field.start, transposeA: true, strideA: field.dim, sums, strideB: stride,
                        into: gradient + weights, strideOut: width, m: field.dim, n: columns.count,
                        k: field.occurrences.count)
                    guard trainsInput else { continue }
                    Kernels.multiply(
                        sums, strideA: stride, parameters + weights, transposeB: true, strideB: width,
                        into: gradients + block * floats + field.start, m: field.occurrences.count, n: field.dim,
                        k: columns.count)
                }
            }
        }
    }

    /// A block's columns of dy side by side, so that all fields read them from a core's own cache.
    private func copyDeltas(
        _ deltas: FloatArray, _ columns: Range<Int>, _ stride: Int, _ rows: Int, to target: UnsafeMutablePointer<Float>
    ) {
        deltas.lend { deltas in
            for row in 0..<rows {
                (target + row * stride).update(from: deltas + row * width + columns.lowerBound, count: columns.count)
            }
        }
        clearPadding(target, lines: rows, columns.count, stride)
    }

    /// dP of a field: the sum of dy over the rows of each distinct id.
    private func sumDeltas(
        _ deltas: UnsafePointer<Float>, _ field: FieldByIDs, _ stride: Int, into sums: UnsafeMutablePointer<Float>
    ) {
        let found = field.occurrences
        found.starts.withUnsafeBufferPointer { starts in
            found.rows.withUnsafeBufferPointer { rows in
                found.shares.withUnsafeBufferPointer { shares in
                    guard let starts = starts.baseAddress, let rows = rows.baseAddress else { return }
                    Kernels.sumLines(
                        deltas, lineWidth: stride,
                        Kernels.LineEntries(
                            rows: found.count, starts: starts, places: rows,
                            shares: found.hasShares ? shares.baseAddress : nil),
                        into: sums, strideSums: stride, width: stride)
                }
            }
        }
    }
}
