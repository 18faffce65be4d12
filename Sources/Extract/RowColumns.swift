import AdLogs
import CXXHash
import FeatureCache

/// Rows in column form on their way from the decoder to the cache: sorted by (time, id) where several have the same time,
/// handed out in runs that never cut such a tie.
final class RowColumns {
    private let singles: Int
    private let numerics: Int
    private let hasTruth: Bool
    private var capacity: Int
    /// `[singles][capacity]`
    private var ids: UnsafeMutablePointer<UInt32>
    /// `[numerics][capacity]`
    private var numbers: UnsafeMutablePointer<Float>
    private var labels: [UInt8] = []
    private var keys: [UInt32] = []
    private var groups: [UInt64] = []
    private var truths: [Float] = []
    private var multis: [Multi]
    /// Position of each field of the batch: single-valued or multi-valued column.
    private let fields: [Field]
    /// Whether rows with the same time already come in the order of their ids.
    private let sorted: Bool
    /// The first row of the tie that the last row belongs to, and the ids of the tie's rows one after another.
    private var tieStart = 0
    private var tieIDs: [[UInt8]] = []
    private var tieTime = Instant(microseconds: .min)
    private(set) var id: [UInt8] = []
    private var time = Instant(microseconds: .min)
    private var isClicked = false
    /// Of the row that has begun.
    var group: UInt64 = 0
    var truth: Float = .nan

    /// What the rows were, the rejected ones included.
    private(set) var seen = SeenLogs()
    /// Rows with the time and id of another.
    private(set) var duplicates = 0

    enum Field {
        case single(Int)
        case multi(Int)
    }

    private struct Multi {
        var offsets: [UInt32] = [0]
        var ids: [UInt32] = []
    }

    /// - Parameters:
    ///   - fields: whether each field is multi-valued, in the order of the batch.
    ///   - sorted: whether rows with the same time already come in the order of their ids.
    init(multiValued fields: [Bool], numerics: Int, hasTruth: Bool, sorted: Bool) {
        var singles = 0
        var multis = 0
        self.fields = fields.map { isMulti in
            if isMulti {
                multis += 1
                return .multi(multis - 1)
            }
            singles += 1
            return .single(singles - 1)
        }
        self.singles = singles
        self.numerics = numerics
        self.hasTruth = hasTruth
        self.sorted = sorted
        self.multis = [Multi](repeating: Multi(), count: multis)
        capacity = 2 * CacheWriter.defaultBlockRows
        ids = .allocate(capacity: max(1, singles * capacity))
        numbers = .allocate(capacity: max(1, numerics * capacity))
    }

    deinit {
        ids.deallocate()
        numbers.deallocate()
    }

    var rows: Int { labels.count }
    /// Rows of the newest tie.
    var tieRows: Int { rows - tieStart }

    /// Begins a row; `append` or `abandonRow` ends it.
    @inline(__always)
    func begin(_ id: UnsafeRawBufferPointer, at time: Instant, clicked: Bool) {
        self.id.removeAll(keepingCapacity: true)
        self.id.append(contentsOf: id)
        self.time = time
        isClicked = clicked
        seen.add(time, clicked: clicked)
    }

    /// The row is left out.
    func abandonRow() {}

    /// Ends a row.
    @inline(__always)
    func append(_ rowIDs: [UInt32], _ rowMultis: [[UInt32]], _ rowNumbers: [Float]) {
        if time != tieTime || sorted && id != lastID { endTie() }
        let row = labels.count
        if row == capacity { grow() }
        labels.append(isClicked ? 1 : 0)
        keys.append(
            UInt32(truncatingIfNeeded: id.withUnsafeBytes { XXH64($0.baseAddress, $0.count, 0) }))
        groups.append(group)
        if hasTruth { truths.append(truth) }
        for column in 0..<singles { ids[column &* capacity &+ row] = rowIDs[column] }
        for column in 0..<numerics { numbers[column &* capacity &+ row] = rowNumbers[column] }
        for column in rowMultis.indices {
            multis[column].ids += rowMultis[column]
            multis[column].offsets.append(UInt32(truncatingIfNeeded: multis[column].ids.count))
        }
        if tieIDs.isEmpty {
            tieTime = time
            tieStart = row
            lastID = id
            tieIDs.append([])
        } else {
            // Only the second row of a tie makes the first one's id worth an array.
            if tieIDs.count == 1 { tieIDs[0] = lastID }
            tieIDs.append(id)
        }
    }

    private var lastID: [UInt8] = []

    /// Sorts the rows of the tie that ends here by id; rows with the same id by their columns.
    private func endTie() {
        defer { tieIDs.removeAll(keepingCapacity: true) }
        guard tieIDs.count > 1 else { return }
        let tie = tieIDs
        let first = tieStart
        let order = tie.indices.sorted { left, right in
            if tie[left] != tie[right] { return tie[left].lexicographicallyPrecedes(tie[right]) }
            return columns(of: first + left).lexicographicallyPrecedes(columns(of: first + right))
        }
        for (left, right) in zip(order, order.dropFirst()) where tie[left] == tie[right] { duplicates += 1 }
        guard order != Array(tie.indices) else { return }
        func permute<Value>(_ column: inout [Value]) {
            let old = Array(column[first...])
            for (position, from) in order.enumerated() { column[first + position] = old[from] }
        }
        permute(&labels)
        permute(&keys)
        permute(&groups)
        if hasTruth { permute(&truths) }
        func permute<Value>(_ column: UnsafeMutablePointer<Value>) {
            let old = order.map { column[first + $0] }
            for (position, value) in old.enumerated() { column[first + position] = value }
        }
        for column in 0..<singles { permute(ids + column * capacity) }
        for column in 0..<numerics { permute(numbers + column * capacity) }
        for column in multis.indices {
            let old = order.map { from in
                let offsets = multis[column].offsets
                return Array(multis[column].ids[Int(offsets[first + from])..<Int(offsets[first + from + 1])])
            }
            multis[column].ids.removeSubrange(Int(multis[column].offsets[first])...)
            multis[column].offsets.removeSubrange((first + 1)...)
            for values in old {
                multis[column].ids += values
                multis[column].offsets.append(UInt32(multis[column].ids.count))
            }
        }
    }

    /// What a row holds, as numbers that can be compared.
    private func columns(of row: Int) -> [UInt64] {
        var values = [groups[row], hasTruth ? UInt64(truths[row].bitPattern) : 0]
        for column in 0..<singles { values.append(UInt64(ids[column * capacity + row])) }
        for column in 0..<numerics { values.append(UInt64(numbers[column * capacity + row].bitPattern)) }
        for column in multis {
            values += column.ids[Int(column.offsets[row])..<Int(column.offsets[row + 1])].map { UInt64($0) }
        }
        return values
    }

    /// Hands out the rows before the newest tie, or all of them at the end, and starts over with the rest.
    func take(all: Bool) -> SparseBatch {
        if all { endTie() }
        let count = all ? rows : tieStart
        var batch = SparseBatch(
            labels: Array(labels[..<count]), keys: Array(keys[..<count]), groups: Array(groups[..<count]),
            truth: hasTruth ? Array(truths[..<count]) : [])
        for field in fields {
            switch field {
            case .single(let column):
                batch.fields.append(
                    .single(Array(UnsafeBufferPointer(start: ids + column * capacity, count: count))))
            case .multi(let column):
                let end = Int(multis[column].offsets[count])
                batch.fields.append(
                    .multi(offsets: Array(multis[column].offsets[...count]), ids: Array(multis[column].ids[..<end])))
            }
        }
        for column in 0..<numerics {
            batch.numerics.append(Array(UnsafeBufferPointer(start: numbers + column * capacity, count: count)))
        }
        drop(count)
        return batch
    }

    private func drop(_ count: Int) {
        let rest = rows - count
        for column in 0..<singles {
            (ids + column * capacity).update(from: ids + column * capacity + count, count: rest)
        }
        for column in 0..<numerics {
            (numbers + column * capacity).update(from: numbers + column * capacity + count, count: rest)
        }
        for column in multis.indices {
            let end = multis[column].offsets[count]
            multis[column].ids.removeFirst(Int(end))
            multis[column].offsets = multis[column].offsets[count...].map { $0 - end }
        }
        labels.removeFirst(count)
        keys.removeFirst(count)
        groups.removeFirst(count)
        if hasTruth { truths.removeFirst(count) }
        tieStart = max(0, tieStart - count)
    }

    private func grow() {
        func grown<Value>(_ old: UnsafeMutablePointer<Value>, _ columns: Int) -> UnsafeMutablePointer<Value> {
            let new = UnsafeMutablePointer<Value>.allocate(capacity: max(1, columns * 2 * capacity))
            for column in 0..<columns {
                (new + column * 2 * capacity).update(from: old + column * capacity, count: rows)
            }
            old.deallocate()
            return new
        }
        ids = grown(ids, singles)
        numbers = grown(numbers, numerics)
        capacity *= 2
    }
}
