import Evaluation
import FeatureCache

/// The ids of a feature that a day is sliced by. A row with several ids is in several slices.
struct SlicedColumn {
    /// How many ids each row has. `[rows]`
    private let counts: StoredColumn<UInt32>
    /// The ids of all rows, each once a row.
    private let ids: StoredColumn<UInt32>
    /// How many rows have each id; held in memory, as the embedding table's rows are.
    private let rowsOfIDs: [UInt32: Int]

    /// The ids with the most rows, those with as many in ascending order.
    func commonest(_ most: Int) -> [UInt32] {
        let order = rowsOfIDs.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        return order.prefix(most).map(\.key)
    }

    /// A net's figures on the rows of each of some ids and, last, on those of all others; nil: there are none.
    func reports(of scored: ScoredDay, net: ScoredDay.Net, own: [UInt32]) throws -> [EvaluationReport?] {
        let parts = Dictionary(uniqueKeysWithValues: zip(own, 0...))
        var stream = ReportStream(parts: own.count + 1, space: scored.space)
        var start = 0
        for rows in counts.chunks {
            let counts = try counts.elements(rows)
            let end = counts.reduce(start) { $0 + Int($1) }
            var ids = try ids.elements(start..<end)[...]
            let labels = try scored.labels.elements(rows)
            let probabilities = try net.probabilities.elements(rows)
            for (row, number) in rows.enumerated() {
                for id in ids.prefix(Int(counts[row])) {
                    try stream.add(
                        part: parts[id] ?? own.count, row: number, label: labels[row],
                        probability: Double(probabilities[row]))
                }
                ids = ids.dropFirst(Int(counts[row]))
            }
            start = end
        }
        return try stream.finish()
    }

    /// Takes the rows of a day.
    final class Writer {
        private let counts: ColumnWriter<UInt32>
        private let ids: ColumnWriter<UInt32>
        private var rowsOfIDs: [UInt32: Int] = [:]

        init(_ space: ScratchSpace) {
            counts = ColumnWriter(space)
            ids = ColumnWriter(space)
        }

        func append(_ column: FieldColumn) throws {
            let found: [UInt32]
            switch column {
            case .single(let ids):
                try counts.append(repeatElement(1, count: ids.count))
                found = ids
            case .multi(let offsets, let ids):
                let rows = zip(offsets, offsets.dropFirst()).map { Set(ids[Int($0)..<Int($1)]) }
                try counts.append(rows.map { UInt32($0.count) })
                found = rows.flatMap { $0 }
            }
            try ids.append(found)
            for id in found { rowsOfIDs[id, default: 0] += 1 }
        }

        func finish() throws -> SlicedColumn {
            SlicedColumn(counts: try counts.finish(), ids: try ids.finish(), rowsOfIDs: rowsOfIDs)
        }
    }
}
