import Arrays
import CounterRandom
import Foundation

/// The embedding tables of all fields with their optimiser state. An update touches only the rows that a batch has.
public final class EmbeddingTables: @unchecked Sendable {
    public let layout: InputLayout
    /// The part of the rows that is kept here.
    public let shard: TableShard
    /// One table a field, `[rows, dim]`; with an admission rule one row more, the rare ids'. Fields that share a table
    /// have the same object here. Of a shard the rows that it keeps.
    public let tables: [FloatArray]
    /// The optimiser's sums of squared gradients: one number a row of row-wise Adagrad, one a weight of FTRL.
    public let squares: [FloatArray]
    /// FTRL's z, laid out as the tables; empty otherwise.
    public let leads: [FloatArray]
    /// Numbers an id of each field is embedded in, and where they lie in an input row.
    public let dims, offsets: [Int]
    /// Width of an input row; numerics may follow the embeddings in it.
    public let inputWidth: Int
    /// What stands in for the tables in a step of several ranks; nil where all rows are here.
    let borrowed: BorrowedRows?
    private let method: RowMethod
    private let scratch: [Scratch]
    /// For each field the one whose table it uses.
    private let owners: [Int]
    /// For each field those that use its table, none where it uses another's.
    private let users: [[Int]]

    /// - Parameter dim: of the fields that have none of their own.
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
        scratch = rows.map { Scratch(rows: $0) }
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
    /// - Parameter arrays: one for each field with a table of its own, `[rows, dim]`.
    package func whole(_ arrays: [FloatArray]) -> EmbeddingTables {
        let whole = EmbeddingTables(scoring: layout, dims: dims, width: inputWidth)
        for (field, array) in zip(layout.ownFields, arrays) { whole.tables[field].copy(array) }
        return whole
    }

    public var parameterCount: Int { layout.ownFields.reduce(0) { $0 + tables[$1].count } }

    /// Small normal numbers; each table has a random stream of its own, and each row its place in it.
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

    /// Writes the embeddings of a field for some rows into the input.
    ///
    /// - Parameters:
    ///   - rows: of the batch; row `r` goes to line `r` of `x`.
    ///   - x: `[batch, inputWidth]`.
    public func gather(field: Int, _ ids: FieldIDs, rows: Range<Int>, into x: FloatArray) {
        gather(
            field: field, ids, rows: rows, into: x, InputPlace(width: inputWidth, offset: offsets[field], firstRow: 0))
    }

    /// As `gather`, to a place of its own.
    func gather(field: Int, _ ids: FieldIDs, rows: Range<Int>, into x: FloatArray, _ place: InputPlace) {
        let (width, offset, dim) = (place.width, place.offset, dims[field])
        precondition((rows.upperBound - place.firstRow) * width <= x.count && offset + dim <= width)
        let takesMean = layout.fields[field].pooling == .mean
        let owner = owners[field]
        let table = borrowed?.rows[owner] ?? tables[field]
        let storedRows = borrowed?.counts[owner] ?? layout.fields[field].storedRows
        // Whoever makes ids makes them by the field's rows; a wrong one must not read, and later write, foreign memory.
        func checked(_ id: UInt32) -> Int {
            precondition(Int(id) < storedRows)
            return Int(id)
        }
        table.lend { table in
            x.lend { x in
                guard ids.offsets != nil else {
                    precondition(rows.lowerBound >= place.firstRow && rows.upperBound <= ids.ids.count)
                    ids.ids.withUnsafeBufferPointer { ids in
                        for row in rows {
                            Kernels.copy(
                                table + checked(ids[row]) &* dim,
                                into: x + ((row &- place.firstRow) &* width &+ offset), count: dim)
                        }
                    }
                    return
                }
                for row in rows {
                    let target = x + ((row &- place.firstRow) &* width &+ offset)
                    let range = ids.range(row)
                    if range.count == 1 {
                        let source = table + checked(ids.ids[range.lowerBound]) &* dim
                        for column in 0..<dim { target[column] = source[column] }
                    } else {
                        for column in 0..<dim { target[column] = 0 }
                        for position in range {
                            let source = table + checked(ids.ids[position]) &* dim
                            for column in 0..<dim { target[column] += source[column] }
                        }
                        if takesMean, range.count > 1 {
                            Kernels.scale(target, by: 1 / Float(range.count), count: dim)
                        }
                    }
                }
            }
        }
    }

    /// Adds up the gradient of each id that the batch has, field by field and in row order, and updates its row once.
    ///
    /// Fields are independent of each other, so they may run on several threads; within a field the order is fixed.
    /// Cost: O(ids × dim).
    ///
    /// - Parameters:
    ///   - field: one that has a table of its own; those that use it are updated with it.
    ///   - ids: of all fields.
    ///   - dx: `[batch, inputWidth]`.
    ///   - scale: factor on the gradient, as clipping asks for.
    public func update(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray, scale: Float = 1, learningRate: Float
    ) {
        coalesce(field: field, ids, rows: rows, gradient: dx) {
            update(field: field, row: $0, gradient: $1, scale: scale, learningRate: learningRate)
        }
    }

    /// One step of the optimiser on a row that is kept here, with its whole gradient `[dim]`.
    @inline(__always)
    func update(field: Int, row: Int, gradient: UnsafePointer<Float>, scale: Float, learningRate: Float) {
        let dim = dims[field]
        tables[field].lend { table in
            squares[field].lend { squares in
                switch method {
                case .adagrad:
                    Kernels.adagrad(
                        table + row &* dim, gradient: gradient, square: squares + row, count: dim, scale: scale,
                        rate: learningRate)
                case .ftrl(let ftrl):
                    leads[field].lend { leads in
                        for place in row &* dim..<(row &+ 1) &* dim {
                            Kernels.ftrl(
                                table + place, gradient: scale * gradient[place &- row &* dim], z: leads + place,
                                squares: squares + place, rate: learningRate, ftrl)
                        }
                    }
                }
            }
        }
    }

    /// Sum of the squares of a field's gradient, each id's added up first.
    public func squaredNorm(field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray) -> Double {
        var sum = 0.0
        let dim = dims[field]
        coalesce(field: field, ids, rows: rows, gradient: dx) { _, gradient in
            for column in 0..<dim { sum += Double(gradient[column]) * Double(gradient[column]) }
        }
        return sum
    }

    /// Calls `body` with each id of the batch and its gradient `[dim]`, in the order in which ids first come.
    private func coalesce(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        guard rows > 0 else { return }
        let dim = dims[field]
        let scratch = scratch[field]
        scratch.reserve(ids: users[field].reduce(0) { $0 + ids[$1].range(rows - 1).upperBound }, dim: dim)
        dx.lend { dx in
            scratch.lend { slots, touched, sums in
                var count = 0
                forEachID(field: field, ids, rows: rows, gradient: dx) { id, source, share in
                    let slot = Int(slots[id])
                    if slot < 0 {
                        slots[id] = Int32(truncatingIfNeeded: count)
                        touched[count] = Int32(truncatingIfNeeded: id)
                        (sums + count &* dim).update(from: source, count: dim)
                        if share != 1 { Kernels.scale(sums + count &* dim, by: share, count: dim) }
                        count &+= 1
                    } else {
                        Kernels.add(share, times: source, into: sums + slot &* dim, count: dim)
                    }
                }
                for slot in 0..<count {
                    let id = Int(touched[slot])
                    body(id, sums + slot &* dim)
                    slots[id] = -1
                }
            }
        }
    }

    /// Calls `body` with each id of a table in a batch, the gradient `[dim]` of its place and its share of that.
    @inline(__always)
    func forEachID(
        field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: UnsafePointer<Float>,
        _ body: (Int, UnsafePointer<Float>, Float) -> Void
    ) {
        for user in users[field] {
            let (ids, offset) = (ids[user], offsets[user])
            let takesMean = layout.fields[user].pooling == .mean
            for row in 0..<rows {
                let source = dx + (row &* inputWidth &+ offset)
                let range = ids.range(row)
                let share = takesMean ? 1 / Float(range.count) : 1
                for position in range { body(Int(ids.ids[position]), source, share) }
            }
        }
    }

    /// The same of gradients that ranks have sent, in the order of the ranks.
    func coalesce(
        field: Int, _ contributions: [RowContribution], of received: FloatArray,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        let dim = dims[field]
        let scratch = scratch[field]
        scratch.reserve(ids: contributions.reduce(0) { $0 + $1.places.count }, dim: dim)
        received.lend { received in
            scratch.lend { slots, touched, sums in
                var count = 0
                for contribution in contributions {
                    var source = received + contribution.start
                    for place in contribution.places {
                        let row = Int(place)
                        let slot = Int(slots[row])
                        if slot < 0 {
                            slots[row] = Int32(truncatingIfNeeded: count)
                            touched[count] = Int32(truncatingIfNeeded: row)
                            (sums + count &* dim).update(from: source, count: dim)
                            count &+= 1
                        } else {
                            Kernels.add(source, into: sums + slot &* dim, count: dim)
                        }
                        source += dim
                    }
                }
                for slot in 0..<count {
                    let row = Int(touched[slot])
                    body(row, sums + slot &* dim)
                    slots[row] = -1
                }
            }
        }
    }

    /// Gives a row of a field's table the numbers of another.
    public func copyRow(_ source: Int, to target: Int, field: Int) {
        let dim = dims[field]
        for column in 0..<dim { tables[field][target * dim + column] = tables[field][source * dim + column] }
    }
}

/// How the rows of a table follow their gradients.
enum RowMethod: Sendable {
    /// Row-wise: one accumulator a row (Duchi et al. 2011; row-wise as in Naumov et al., arXiv 1906.00091).
    case adagrad
    case ftrl(FTRL)
}

/// The pulls of FTRL-Proximal towards few and small weights (McMahan et al., KDD 2013).
public struct FTRL: Codable, Equatable, Sendable {
    public var l1, l2: Float

    public init(l1: Float = 0, l2: Float = 0) {
        self.l1 = l1
        self.l2 = l2
    }
}

/// Where a field's embeddings lie in lines of `width` numbers, of which the first is the row `firstRow`'s.
struct InputPlace {
    var width: Int
    var offset: Int
    var firstRow: Int
}

/// The ids of one field for the rows of a batch: one each, or `offsets[r]..<offsets[r + 1]` of them.
public struct FieldIDs: Sendable {
    public var ids: [UInt32]
    /// Nil for single-valued fields.
    public var offsets: [UInt32]?

    public init(ids: [UInt32], offsets: [UInt32]? = nil) {
        self.ids = ids
        self.offsets = offsets
    }

    @inline(__always)
    package func range(_ row: Int) -> Range<Int> {
        guard let offsets else { return row..<row + 1 }
        return Int(offsets[row])..<Int(offsets[row + 1])
    }
}

/// Where an id's gradient is summed during one update of one field.
private final class Scratch: @unchecked Sendable {
    /// Slot of each id, −1 where the batch has not met it.
    private let slots: UnsafeMutablePointer<Int32>
    /// Ids by their slot.
    private var touched: UnsafeMutablePointer<Int32>
    private var capacity = 0
    private var sums = FloatArray(count: 0)

    init(rows: Int) {
        slots = .allocate(capacity: rows)
        slots.initialize(repeating: -1, count: rows)
        touched = .allocate(capacity: 1)
    }

    deinit {
        slots.deallocate()
        touched.deallocate()
    }

    /// Makes room for so many ids, none of them twice.
    func reserve(ids: Int, dim: Int) {
        guard ids > capacity else { return }
        capacity = ids
        touched.deallocate()
        touched = .allocate(capacity: ids)
        touched.initialize(repeating: 0, count: ids)
        sums = FloatArray(count: ids * dim)
    }

    @inline(__always)
    func lend(
        _ body: (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Float>) -> Void
    ) {
        sums.lend { body(slots, touched, $0) }
    }
}
