import Arrays

/// Scores batches of rows with one net. As in training, a field with few distinct ids in a batch goes through the first
/// layer once per id where that is cheaper (`FirstLayer`).
///
/// A batch is first prepared; its rows may then be scored part by part, where parts that are scored at once are
/// disjoint. Which way a field goes follows from the batch alone, never from threads. Keeps its scratch between batches
/// and allocates nothing once it has met ones as large.
package final class BranchScorer: Sendable {
    private let branch: Branch
    /// The most rows of a part where a batch has more than that.
    private let lines: Int
    /// Nil where the first layer needs whole rows.
    private let first: FirstLayer?
    private let occurrences: [FieldOccurrences]
    private let numberings = IDNumberings()
    /// What the fields by ids add to the first layer's sums, `[batch, out]`, where a batch has more rows than `lines`.
    private let sums = GrowingFloats()
    /// Whole input rows, `[lines, inputWidth]`, where the first layer reads them.
    private let x: GrowingFloats
    private let trunk: DenseNet.Workspace?
    private let dense: DenseNet.Workspace
    private let linear: LinearPart.Workspace?
    private let output = GrowingFloats()

    /// Rows of a batch whose size is free: many enough that ids come again, and few enough that what they add still
    /// lies in a CPU's caches.
    package static let batch = 4_096
    /// Rows that go through the layers together on one thread, so that they stay in its cache.
    package static let part = 512

    /// - Parameter lines: rows that memory is there for in all layers; batches of at most as many are scored in parts
    ///   of any size.
    package init(_ branch: Branch, lines: Int = BranchScorer.part) {
        self.branch = branch
        self.lines = lines
        first = FirstLayer(scoring: branch.trunk ?? branch.dense, branch.embeddings, lines: lines)
        occurrences = first == nil ? [] : branch.embeddings.layout.fields.map { _ in FieldOccurrences() }
        x = GrowingFloats(most: lines * branch.embeddings.inputWidth)
        trunk = branch.trunk.map { DenseNet.Workspace($0, rows: lines, slices: 0) }
        dense = DenseNet.Workspace(branch.dense, rows: lines, slices: 0)
        linear = branch.linear.map { LinearPart.Workspace($0, rows: lines, forScoring: true) }
    }

    /// `[batch]`, of the rows that were scored.
    package var logits: FloatArray { output.array }

    /// The first layer, where it goes by ids in this batch.
    private var byIDs: FirstLayer? { first.flatMap { $0.isByIDs ? $0 : nil } }
    /// Share of the fields that go by ids in this batch.
    package var shareByIDs: Double { byIDs?.shareByIDs ?? 0 }

    /// Chooses by other costs than this machine's; for tests and measurements.
    package func choose(_ cost: FirstLayerCost) { first?.cost = cost }

    /// Chooses each field's way for a batch, and computes what those by ids add to the first layer.
    ///
    /// - Parameter timing: is given each piece of work, on the thread that does it.
    package func prepare(
        _ rows: SparseRows, _ parallel: Parallel, timing: @Sendable (() -> Void) -> Void = { $0() }
    ) {
        output.reserve(rows.count)
        let tables = branch.embeddings
        parallel.perform(parts: occurrences.count) { field in
            timing {
                numberings.lend { numbers in
                    occurrences[field].take(
                        distinct: rows.fields[field], rows: rows.count,
                        takesMean: tables.layout.fields[field].pooling == .mean, below: tables.storedRows(field),
                        numbers)
                }
            }
        }
        timing { first?.plan(rows.fields, occurrences, rows: rows.count) }
        guard let byIDs else { return x.reserve(lines * tables.inputWidth) }
        if rows.count > lines { sums.reserve(rows.count * byIDs.width) }
        let (workspace, target) = (trunk ?? dense, rows.count > lines ? sums.array : nil)
        parallel.perform(parts: byIDs.blocks) { block in
            timing { byIDs.forward(block: block, rows: rows.count, workspace, into: target) }
        }
    }

    /// Computes the logits of some rows of the batch that was prepared.
    package func score(_ rows: SparseRows, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let firstRow = rows.count > lines ? range.lowerBound : 0
        let part = range.lowerBound - firstRow..<range.upperBound - firstRow
        precondition(part.upperBound <= lines)
        let (tables, byIDs, x) = (branch.embeddings, byIDs, x.array)
        if let byIDs {
            if rows.count > lines {
                (trunk ?? dense).firstSums.copy(
                    sums.array, from: range.lowerBound * byIDs.width, to: 0, count: range.count * byIDs.width)
            }
            byIDs.gather(rows, range, firstRow: firstRow)
        } else {
            tables.write(rows, range, into: x, firstRow: firstRow)
        }
        if let net = branch.trunk, let trunk { net.forward(x, rows: part, trunk, .scoring, first: byIDs) }
        branch.dense.forward(
            trunk?.output ?? x, rows: part, dense, .scoring, first: trunk == nil ? byIDs : nil)
        if let part = branch.linear, let linear {
            part.add(rows.fields, rows: range, to: dense.output, linear, firstRow: firstRow)
        }
        logits.copy(dense.output, from: part.lowerBound, to: range.lowerBound, count: range.count)
    }

    /// Computes the logits of a whole batch on the calling thread.
    package func score(_ rows: SparseRows) {
        prepare(rows, Parallel(threads: 1))
        for start in stride(from: 0, to: rows.count, by: lines) {
            score(rows, start..<min(start + lines, rows.count))
        }
    }
}
