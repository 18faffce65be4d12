import Arrays
import Foundation

/// Scores the candidates of a request with one net. What they have in common, the request's features, goes through the
/// first layer once. Keeps its scratch between calls and allocates nothing in them, so it is used by one thread at a
/// time.
///
/// Cost of a call: one row of the request's part of the first layer, then for each candidate its own part and the
/// layers above.
package final class CandidateScorer: ProbabilityScorer {
    private let branch: Branch
    private let request, candidates: FirstLayerPart
    private let requestFields, candidateFields, requestNumerics, candidateNumerics: [Int]
    /// The request's part of the first layer, its bias included, `[out]`.
    private let requestSums: FloatArray
    private let trunk: DenseNet.Workspace?
    private let dense: DenseNet.Workspace
    /// Whole input rows `[rows, in]`, and the request's columns of one; only cross layers need them.
    private let x, requestX: FloatArray
    private static let rows = 512

    /// - Parameters:
    ///   - fields, numerics: those that all candidates of a request have in common.
    ///   - type: of the matrix products; bf16 makes scores differ in the third digit or so.
    ///   - tableBytes: memory for the first layer's part of candidates' fields with few ids.
    package init(_ branch: Branch, requestFields: [Int], requestNumerics: [Int], type: DenseType, tableBytes: Int) {
        self.branch = branch
        let (tables, layout) = (branch.embeddings, branch.embeddings.layout)
        self.requestFields = requestFields
        self.requestNumerics = requestNumerics
        candidateFields = layout.fields.indices.filter { !requestFields.contains($0) }
        candidateNumerics = layout.numerics.indices.filter { !requestNumerics.contains($0) }
        let bottom = branch.trunk ?? branch.dense
        Parallel.useOneThreadHere()
        request = FirstLayerPart(
            tables, bottom, fields: requestFields, numerics: requestNumerics, rows: 1, type: .f32, tableBytes: 0)
        candidates = FirstLayerPart(
            tables, bottom, fields: candidateFields, numerics: candidateNumerics, rows: Self.rows, type: type,
            tableBytes: tableBytes)
        requestSums = FloatArray(count: bottom.shape(0)[1])
        trunk = branch.trunk.map { DenseNet.Workspace($0, rows: Self.rows, slices: 0, type: type) }
        dense = DenseNet.Workspace(branch.dense, rows: Self.rows, slices: 0, type: type)
        let crosses = bottom.specification.crossLayers > 0
        x = FloatArray(count: crosses ? Self.rows * tables.inputWidth : 0)
        requestX = FloatArray(count: crosses ? tables.inputWidth : 0)
    }

    /// Writes the click probability of each candidate to `probabilities`, which has room for them; NaN where the logit
    /// is no finite number.
    ///
    /// - Parameters:
    ///   - request: one row of the features in common.
    ///   - candidates: a row each of the other features.
    package func score(request row: SparseRows, candidates rows: SparseRows, into probabilities: inout [Float]) {
        Parallel.useOneThreadHere()
        request.write(row, 0..<1, to: requestSums)
        (branch.trunk ?? branch.dense).addFirstBias(to: requestSums)
        if requestX.count > 0 {
            branch.embeddings.write(
                row, 0..<1, fields: requestFields, numerics: requestNumerics, into: requestX, firstRow: 0)
        }
        let bias = branch.linear?.sum(row.fields, requestFields, row: 0) ?? 0
        var start = 0
        while start < rows.count {
            let range = start..<min(start + Self.rows, rows.count)
            let logits = score(rows, range)
            for row in 0..<range.count {
                var logit = logits[row] + bias
                if let part = branch.linear { logit += part.sum(rows.fields, candidateFields, row: start + row) }
                probabilities[start + row] = logit.isFinite ? 1 / (1 + exp(-logit)) : .nan
            }
            start = range.upperBound
        }
    }

    /// The logits of some candidates, the linear part left out.
    private func score(_ rows: SparseRows, _ range: Range<Int>) -> FloatArray {
        candidates.write(rows, range, to: (trunk ?? dense).firstSums)
        if x.count > 0 {
            x.fill(lines: range.count, with: requestX)
            branch.embeddings.write(
                rows, range, fields: candidateFields, numerics: candidateNumerics, into: x,
                firstRow: range.lowerBound)
        }
        let lines = 0..<range.count
        if let net = branch.trunk, let trunk {
            net.scoreAboveFirstProduct(x, addend: requestSums, rows: lines, trunk)
            branch.dense.forward(trunk.output, rows: lines, dense, .scoring)
        } else {
            branch.dense.scoreAboveFirstProduct(x, addend: requestSums, rows: lines, dense)
        }
        return dense.output
    }
}
