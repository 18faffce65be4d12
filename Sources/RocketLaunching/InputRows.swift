import FeatureCache
import Nets

/// A batch in the form that nets eat: ids by field, and a dense input `[rows, inputWidth]`.
package struct InputRows: Sendable {
    let ids: [FieldIDs]
    let batch: SparseBatch

    package init(_ batch: SparseBatch) {
        self.batch = batch
        ids = batch.fields.map { field in
            switch field {
            case .single(let ids): FieldIDs(ids: ids)
            case .multi(let offsets, let ids): FieldIDs(ids: ids, offsets: offsets)
            }
        }
    }

    var rows: Int { batch.rows }
    var labels: [UInt8] { batch.labels }

    /// Writes some rows of the input: embeddings field by field, then the standardised numerics.
    func write(_ rows: Range<Int>, of tables: EmbeddingTables, into x: FloatArray) {
        for field in ids.indices { tables.gather(field: field, ids[field], rows: rows, into: x) }
        let width = tables.inputWidth
        for (index, shape) in tables.layout.numerics.enumerated() {
            let column = batch.numerics[index]
            let position = width - 2 * (tables.layout.numerics.count - index)
            for row in rows {
                (x[row * width + position], x[row * width + position + 1]) = shape.input(column[row])
            }
        }
    }
}
