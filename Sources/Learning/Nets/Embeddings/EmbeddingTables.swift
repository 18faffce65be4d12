import Arrays
import CounterRandom
import Foundation

/// The embedding tables of all fields with their optimiser state. An update touches only the rows that a batch has.
public final class EmbeddingTables: @unchecked Sendable {
    public let layout: InputLayout
    /// The part of the rows that is kept here.
    public let shard: TableShard
    /// One table per field, `[rows, dim]`; with an admission rule one row more, for rare ids. Fields that share a table
    /// have the same object here. Of a shard the rows that it keeps.
    public let tables: [FloatArray]
    /// The optimiser's sums of squared gradients: one number per row for row-wise Adagrad, one per weight for FTRL.
    public let squares: [FloatArray]
    /// FTRL's z, laid out as the tables; empty otherwise.
    public let leads: [FloatArray]
    /// Numbers an id of each field is embedded in, and where they lie in an input row.
    public let dims, offsets: [Int]
    /// Width of an input row; numerics may follow the embeddings in it.
    public let inputWidth: Int
    /// What stands in for the tables in a step of several ranks; nil where all rows are here.
    let borrowed: BorrowedRows?
    let method: RowMethod
    let scratch: [EmbeddingScratch]
    /// The field whose table each field uses.
    let owners: [Int]
    /// The fields that use each field's table; none where it uses another's.
    let users: [[Int]]

    /// - Parameter dim: for fields without their own.
    public convenience init(layout: InputLayout, dim: Int, shard: TableShard = .whole) {
        self.init(
            layout: layout, dims: layout.dims(dim), width: layout.inputWidth(embeddingDim: dim),
            method: .adagrad, shard: shard)
    }

    init(layout: InputLayout, dims: [Int], width: Int, method: RowMethod, shard: TableShard) {
        self.layout = layout
        self.shard = shard
        self.dims = dims
        self.method = method
        inputWidth = width
        borrowed = shard == .whole ? nil : BorrowedRows(fields: dims.count)
        offsets = dims.indices.map { dims[..<$0].reduce(0, +) }
        let owners = layout.owners
        self.owners = owners
        users = owners.indices.map { owner in owners.indices.filter { owners[$0] == owner } }
        // What a field does not own is empty.
        let rows = layout.fields.indices.map {
            owners[$0] == $0 ? shard.places(for: layout.fields[$0].storedRows) : 0
        }
        let own = zip(rows, dims).map { FloatArray(count: $0 * $1) }
        tables = owners.map { own[$0] }
        switch method {
        case .adagrad:
            squares = rows.map { FloatArray(count: $0) }
            leads = rows.map { _ in FloatArray(count: 0) }
        case .ftrl:
            squares = zip(rows, dims).map { FloatArray(count: $0 * $1) }
            leads = zip(rows, dims).map { FloatArray(count: $0 * $1) }
        }
        scratch = rows.map { EmbeddingScratch(rows: $0) }
    }

    /// Tables of zeros for scoring: without the optimiser's state.
    init(scoring layout: InputLayout, dims: [Int], width: Int, shard: TableShard = .whole) {
        self.layout = layout
        self.shard = shard
        self.dims = dims
        offsets = dims.indices.map { dims[..<$0].reduce(0, +) }
        inputWidth = width
        method = .adagrad
        let owners = layout.owners
        self.owners = owners
        let own = owners.indices.map { field in
            FloatArray(
                count: owners[field] == field ? shard.places(for: layout.fields[field].storedRows) * dims[field] : 0)
        }
        tables = owners.map { own[$0] }
        borrowed = nil
        (squares, leads, scratch, users) = ([], [], [], [])
    }

    /// Tables with the same embeddings, for scoring.
    public func copy() -> EmbeddingTables {
        let copy = EmbeddingTables(scoring: layout, dims: dims, width: inputWidth, shard: shard)
        for field in layout.ownFields { copy.tables[field].copy(tables[field]) }
        return copy
    }

    /// Tables with all rows, for scoring.
    ///
    /// - Parameter arrays: one for each field with its own table, `[rows, dim]`.
    package func whole(_ arrays: [FloatArray]) -> EmbeddingTables {
        let whole = EmbeddingTables(scoring: layout, dims: dims, width: inputWidth)
        for (field, array) in zip(layout.ownFields, arrays) { whole.tables[field].copy(array) }
        return whole
    }

    public var parameterCount: Int { layout.ownFields.reduce(0) { $0 + tables[$1].count } }

    /// Small normal numbers; each table has its own random stream, and each row its place in it.
    public func initialise(seed: UInt64, stream: UInt64, deviation: Double) {
        for field in layout.ownFields {
            let (table, dim) = (tables[field], dims[field])
            for place in 0..<table.count / dim {
                var random = CounterRandom(
                    seed: seed, stream: stream &+ UInt64(field), position: UInt64(2 * shard.row(at: place) * dim))
                for index in place * dim..<(place + 1) * dim { table[index] = Float(random.normal() * deviation) }
            }
        }
    }

    /// Gives a row of a field's table the numbers of another.
    public func copyRow(_ source: Int, to target: Int, field: Int) {
        let dim = dims[field]
        for column in 0..<dim { tables[field][target * dim + column] = tables[field][source * dim + column] }
    }
}
