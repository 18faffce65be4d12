/// Clusters numbered from 0 in the order of their first rows, without a table of them: rows are sorted by cluster,
/// which gives each row the first row of its cluster, then by that first row, and finally back into their own order.
struct ClusterNumbers {
    let count: Int
    /// `[rows]`
    let numbers: StoredColumn<UInt32>

    /// The most clusters that a sorted row has bits for.
    static let most = 1 << 30

    /// - Parameters:
    ///   - clusters: The rows' clusters. A row with 0, for "none", is a separate cluster. Empty: each row is one.
    ///     `[rows]` or `[]`
    ///   - rows: The number of rows.
    init(_ clusters: StoredColumn<UInt64>, rows: Int, space: ScratchSpace) throws(EvaluationError) {
        guard clusters.isEmpty || clusters.count == rows else {
            throw .lengthsDiffer(what: "groups", count: clusters.count, labels: rows)
        }
        var byFirstRow = ExternalSort<Keyed>(space)
        try Self.firstRows(clusters, rows: rows, space: space) { first, row throws(EvaluationError) in
            try byFirstRow.add(Keyed(key: first, value: row))
        }
        var byRow = ExternalSort<Keyed>(space)
        var count = 0
        var first: UInt64?
        try byFirstRow.forEachRecord { entry throws(EvaluationError) in
            if entry.key != first { count += 1 }
            first = entry.key
            guard count <= Self.most else { throw .tooManyClusters(most: Self.most) }
            try byRow.add(Keyed(key: entry.value, value: UInt64(count - 1)))
        }
        let writer = ColumnWriter<UInt32>(space)
        try byRow.forEachRecord { entry throws(EvaluationError) in try writer.append(UInt32(entry.value)) }
        self.count = count
        numbers = try writer.finish()
    }

    /// Passes each row with the first row of its cluster, in any order.
    private static func firstRows(
        _ clusters: StoredColumn<UInt64>, rows: Int, space: ScratchSpace,
        _ body: (_ first: UInt64, _ row: UInt64) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        guard !clusters.isEmpty else {
            for row in 0..<UInt64(rows) { try body(row, row) }
            return
        }
        var byCluster = ExternalSort<Keyed>(space)
        for chunk in clusters.chunks {
            for (row, cluster) in zip(chunk, try clusters.elements(chunk)) {
                let row = UInt64(row)
                if cluster == 0 { try body(row, row) } else { try byCluster.add(Keyed(key: cluster, value: row)) }
            }
        }
        var first = Keyed(key: 0, value: 0)
        try byCluster.forEachRecord { entry throws(EvaluationError) in
            if entry.key != first.key { first = entry }
            try body(first.value, entry.value)
        }
    }
}

/// A sort key, and a value that orders equal keys.
private struct Keyed: Comparable, BitwiseCopyable {
    var key, value: UInt64

    static func < (a: Keyed, b: Keyed) -> Bool { a.key < b.key || (a.key == b.key && a.value < b.value) }
}
