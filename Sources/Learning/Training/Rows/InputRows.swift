import Arrays
import FeatureCache
import Nets

/// How a training finds the rows of ids.
package struct RowLookup: Sendable {
    let ids: IDTables
    /// The teacher's, where there is one.
    private let teacher: IDTables?
    private let teacherHasSame: Bool

    package init(_ ids: IDTables = .none, teacher: IDTables? = nil) {
        self.ids = ids
        self.teacher = teacher
        teacherHasSame = teacher == ids
    }

    func rows(of ids: [FieldIDs]) -> (own: [FieldIDs], teacher: [FieldIDs]?) {
        let own = self.ids.rows(of: ids)
        return (own, teacherHasSame ? own : teacher?.rows(of: ids))
    }
}

/// A batch in the form that nets eat: ids by field, and a dense input `[rows, inputWidth]`.
package struct InputRows: Sendable {
    /// As the tables know them: of sharded tables the slots of the rows that come here.
    package var ids: [FieldIDs]
    package let batch: SparseBatch
    /// Rows of the whole batch, of which these may be some.
    package let batchRows: Int
    /// The rows' numbers in the whole batch; nil: they are all of it.
    let rowNumbers: [UInt32]?
    /// How the embedding rows come here, which the peers know; nil where they all are here.
    package var plan: (any Sendable)?
    /// As the teacher's tables know the ids.
    private let teacherIDs: [FieldIDs]?

    package init(_ batch: SparseBatch, _ lookup: RowLookup = RowLookup()) {
        self.init(batch, ofBatch: batch.rows, numbers: nil, lookup)
    }

    package init(_ batch: SparseBatch, ofBatch rows: Int, numbers: [UInt32]?, _ lookup: RowLookup) {
        self.batch = batch
        batchRows = rows
        rowNumbers = numbers
        let ids = batch.fields.map { field in
            switch field {
            case .single(let ids): FieldIDs(ids: ids)
            case .multi(let offsets, let ids): FieldIDs(ids: ids, offsets: offsets)
            }
        }
        (self.ids, teacherIDs) = lookup.rows(of: ids)
    }

    /// Some of a batch's rows, as the part that one of several peers trains on.
    package init(_ range: Range<Int>, of batch: SparseBatch, _ lookup: RowLookup) {
        self.init(
            batch.selecting(rows: Array(range)), ofBatch: batch.rows, numbers: range.map { UInt32($0) }, lookup)
    }

    /// The same rows for the tables of the teacher, which are here as a whole.
    var forTeacher: InputRows {
        guard let teacherIDs else { return self }
        var rows = self
        (rows.ids, rows.plan) = (teacherIDs, nil)
        return rows
    }

    package var rows: Int { batch.rows }
    package var labels: [UInt8] { batch.labels }
    /// As the nets' own scoring takes rows.
    var sparse: SparseRows { SparseRows(count: rows, fields: ids, numerics: batch.numerics) }

    /// Writes some rows of the input: embeddings field by field, then the standardised numerics.
    func write(_ rows: Range<Int>, of tables: EmbeddingTables, into x: FloatArray) {
        tables.write(sparse, rows, into: x)
    }
}
