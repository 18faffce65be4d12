import CounterRandom
import Foundation

/// The embedding tables of all fields with their optimiser state: row-wise Adagrad, which keeps one number a row and
/// touches only the rows that a batch has (Duchi et al. 2011; row-wise as in Naumov et al., arXiv 1906.00091).
public final class EmbeddingTables: @unchecked Sendable {
    public let layout: InputLayout
    public let dim: Int
    /// One table a field, `[rows, dim]`; with an admission rule one row more, the rare ids'.
    public let tables: [FloatArray]
    /// Mean squared gradient summed over steps, one number a row.
    private let squares: [FloatArray]
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
        let width = inputWidth
        let scratch = scratch[field]
        scratch.begin(capacity: ids.range(rows - 1).upperBound * dim)
        dx.lend { dx in
            scratch.sums.lend { sums in
                for row in 0..<rows {
                    let source = dx + (row &* width &+ field &* dim)
                    for position in ids.range(row) {
                        let (slot, isNew) = scratch.slot(of: ids.ids[position])
                        let target = sums + slot &* dim
                        if isNew {
                            for column in 0..<dim { target[column] = source[column] }
                        } else {
                            for column in 0..<dim { target[column] += source[column] }
                        }
                    }
                }
                tables[field].lend { table in
                    squares[field].lend { squares in
                        for (slot, id) in scratch.touched.enumerated() {
                            let gradient = sums + slot &* dim
                            var square: Float = 0
                            for column in 0..<dim { square += gradient[column] * gradient[column] }
                            squares[Int(id)] += square / Float(dim)
                            let rate = learningRate / (squares[Int(id)].squareRoot() + Self.epsilon)
                            let target = table + Int(id) &* dim
                            for column in 0..<dim { target[column] -= rate * gradient[column] }
                        }
                    }
                }
            }
        }
        scratch.end()
    }

    /// Gives a row of a field's table the numbers of another.
    public func copyRow(_ source: Int, to target: Int, field: Int) {
        for column in 0..<dim { tables[field][target * dim + column] = tables[field][source * dim + column] }
    }

    private static let epsilon: Float = 1e-8
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
private final class Scratch {
    /// Slot of each id, −1 where the batch has not met it.
    private var slots: [Int32]
    private(set) var touched: [UInt32] = []
    private(set) var sums = FloatArray(count: 0)

    init(rows: Int) {
        slots = [Int32](repeating: -1, count: rows)
    }

    /// - Parameter capacity: floats needed if no id comes twice.
    func begin(capacity: Int) {
        if sums.count < capacity { sums = FloatArray(count: capacity) }
    }

    @inline(__always)
    func slot(of id: UInt32) -> (slot: Int, isNew: Bool) {
        let known = slots[Int(id)]
        if known >= 0 { return (Int(known), false) }
        slots[Int(id)] = Int32(truncatingIfNeeded: touched.count)
        touched.append(id)
        return (touched.count - 1, true)
    }

    func end() {
        for id in touched { slots[Int(id)] = -1 }
        touched.removeAll(keepingCapacity: true)
    }
}
