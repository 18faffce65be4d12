import CounterRandom
import Foundation

/// The embedding tables of all fields with their optimiser state: row-wise Adagrad, which keeps one number a row and
/// touches only the rows that a batch has (Duchi et al. 2011; row-wise as in Naumov et al., arXiv 1906.00091).
public final class EmbeddingTables: @unchecked Sendable {
    public let layout: InputLayout
    public let dim: Int
    /// One table a field, `[rows, dim]`; with an admission rule one row more, the rare ids'.
    public let tables: [FloatArray]
    /// The optimiser's state: mean squared gradient summed over steps, one number a row.
    public let squares: [FloatArray]
    private let scratch: [Scratch]

    public init(layout: InputLayout, dim: Int) {
        self.layout = layout
        self.dim = dim
        tables = layout.fields.map { FloatArray(count: $0.storedRows * dim) }
        squares = layout.fields.map { FloatArray(count: $0.storedRows) }
        scratch = layout.fields.map { Scratch(rows: $0.storedRows) }
    }

    public var parameterCount: Int { tables.reduce(0) { $0 + $1.count } }
    public var inputWidth: Int { layout.inputWidth(embeddingDim: dim) }

    /// Small normal numbers; each table has a random stream of its own.
    public func initialise(seed: UInt64, stream: UInt64, deviation: Double) {
        for (field, table) in tables.enumerated() {
            var random = CounterRandom(seed: seed, stream: stream &+ UInt64(field))
            for index in 0..<table.count { table[index] = Float(random.normal() * deviation) }
        }
    }

    /// Writes the embeddings of a field for some rows into the input.
    ///
    /// - Parameters:
    ///   - rows: of the batch; row `r` goes to line `r` of `x`.
    ///   - x: `[batch, inputWidth]`.
    public func gather(field: Int, _ ids: FieldIDs, rows: Range<Int>, into x: FloatArray) {
        let width = inputWidth
        tables[field].lend { table in
            x.lend { x in
                for row in rows {
                    let target = x + (row &* width &+ field &* dim)
                    let range = ids.range(row)
                    if range.count == 1 {
                        let source = table + Int(ids.ids[range.lowerBound]) &* dim
                        for column in 0..<dim { target[column] = source[column] }
                    } else {
                        for column in 0..<dim { target[column] = 0 }
                        for position in range {
                            let source = table + Int(ids.ids[position]) &* dim
                            for column in 0..<dim { target[column] += source[column] }
                        }
                    }
                }
            }
        }
    }

    /// Adds up the gradient of each id that the batch has, in row order, and updates its row once.
    ///
    /// Fields are independent of each other, so they may run on several threads; within a field the order is fixed.
    /// Cost: O(ids × dim).
    ///
    /// - Parameter dx: `[batch, inputWidth]`.
    public func update(field: Int, _ ids: FieldIDs, rows: Int, gradient dx: FloatArray, learningRate: Float) {
        let dim = dim
        coalesce(field: field, ids, rows: rows, gradient: dx) { id, gradient in
            tables[field].lend { table in
                squares[field].lend { squares in
                    Kernels.adagrad(
                        table + id &* dim, gradient: gradient, square: squares + id, count: dim, rate: learningRate)
                }
            }
        }
    }

    /// Sum of the squares of a field's gradient, each id's added up first.
    public func squaredNorm(field: Int, _ ids: FieldIDs, rows: Int, gradient dx: FloatArray) -> Double {
        var sum = 0.0
        coalesce(field: field, ids, rows: rows, gradient: dx) { _, gradient in
            for column in 0..<dim { sum += Double(gradient[column]) * Double(gradient[column]) }
        }
        return sum
    }

    /// Calls `body` with each id of the batch and its gradient `[dim]`, in the order in which ids first come.
    private func coalesce(
        field: Int, _ ids: FieldIDs, rows: Int, gradient dx: FloatArray,
        _ body: (Int, UnsafePointer<Float>) -> Void
    ) {
        guard rows > 0 else { return }
        let (width, dim) = (inputWidth, dim)
        let scratch = scratch[field]
        scratch.reserve(ids: ids.range(rows - 1).upperBound, dim: dim)
        dx.lend { dx in
            scratch.lend { slots, touched, sums in
                var count = 0
                for row in 0..<rows {
                    let source = dx + (row &* width &+ field &* dim)
                    for position in ids.range(row) {
                        let id = Int(ids.ids[position])
                        let slot = Int(slots[id])
                        if slot < 0 {
                            slots[id] = Int32(truncatingIfNeeded: count)
                            touched[count] = Int32(truncatingIfNeeded: id)
                            (sums + count &* dim).update(from: source, count: dim)
                            count &+= 1
                        } else {
                            Kernels.add(source, into: sums + slot &* dim, count: dim)
                        }
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

    /// Gives a row of a field's table the numbers of another.
    public func copyRow(_ source: Int, to target: Int, field: Int) {
        for column in 0..<dim { tables[field][target * dim + column] = tables[field][source * dim + column] }
    }

}

/// The ids of one field for the rows of a batch: one each, or `offsets[r]..<offsets[r + 1]` of them.
public struct FieldIDs: Sendable {
    public let ids: [UInt32]
    /// Nil for single-valued fields.
    public let offsets: [UInt32]?

    public init(ids: [UInt32], offsets: [UInt32]? = nil) {
        self.ids = ids
        self.offsets = offsets
    }

    @inline(__always)
    func range(_ row: Int) -> Range<Int> {
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
