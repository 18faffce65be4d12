import AdLogs
import FeatureCache

/// Rows in column form on their way from the decoder to the cache: rows with the same time are sorted by id, and such a
/// tie is never split between two runs.
struct RowColumns {
    private let singles: Int
    private let numerics: Int
    private let hasTruth: Bool
    private var capacity: Int
    /// `[singles][capacity]`
    private var ids: [UInt32]
    /// `[numerics][capacity]`
    private var numbers: [Float]
    private var labels: [UInt8] = []
    private var keys: [UInt32] = []
    private var groups: [UInt64] = []
    private var truths: [Float] = []
    private var multis: [Multi]
    /// Each field's column: single-valued or multi-valued.
    private let fields: [Field]
    /// Whether rows with the same time already arrive in the order of their ids.
    let areSorted: Bool
    /// The first row of the tie that the last row belongs to and, for a tie of several rows, their ids one after
    /// another.
    private var tieStart = 0
    private var tieIDs: [[UInt8]] = []
    private var tieTime = Instant(microseconds: .min)
    private(set) var id: [UInt8] = []
    private var time = Instant(microseconds: .min)
    private var isClicked = false
    private var key: UInt32 = 0
    /// The group of the current row.
    var group: UInt64 = 0
    var truth: Float = .nan

    /// The impressions seen, including rejected ones.
    private(set) var seen = SeenLogs()
    /// Rows with the same time and id as another; one of each is kept.
    private(set) var repeated = RepeatedRows()

    enum Field {
        case single(Int)
        case multi(Int)
    }

    private struct Multi {
        var offsets: [UInt32] = [0]
        var ids: [UInt32] = []
    }

    /// - Parameters:
    ///   - fields: Whether each field is multi-valued, in the order of the batch.
    ///   - areSorted: Whether rows with the same time already arrive in the order of their ids.
    init(multiValued fields: [Bool], numerics: Int, hasTruth: Bool, areSorted: Bool) {
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
        self.areSorted = areSorted
        self.multis = [Multi](repeating: Multi(), count: multis)
        // A block, and room for ties. A multiple of a page would put a row's columns into few sets of the CPU's cache.
        capacity = CacheWriter.defaultBlockRows + 1_024 + 80
        ids = [UInt32](repeating: 0, count: singles * capacity)
        numbers = [Float](repeating: 0, count: numerics * capacity)
    }

    var rows: Int { labels.count }
    /// Number of rows in the newest tie.
    var tieRows: Int { rows - tieStart }
    /// Number of rows before the newest tie: no row that follows changes their order.
    var settledRows: Int { tieStart }

    /// Begins a row; without a following `append` it is left out.
    @inline(__always)
    mutating func begin(_ id: UnsafeRawBufferPointer, hash: UInt64, at time: Instant, clicked: Bool) {
        self.id.removeAll(keepingCapacity: true)
        self.id.append(contentsOf: id)
        key = UInt32(truncatingIfNeeded: hash)
        self.time = time
        isClicked = clicked
        seen.add(time, clicked: clicked)
    }

    /// Ends a row.
    @inline(__always)
    mutating func append(
        _ rowIDs: UnsafeMutableBufferPointer<UInt32>, _ rowNumbers: UnsafeMutableBufferPointer<Float>,
        _ rowMultis: [[UInt32]]
    ) {
        let isTied = rows > tieStart && time == tieTime && (!areSorted || id == lastID)
        if !isTied { endTie() }
        let row = labels.count
        if row == capacity { grow() }
        labels.append(isClicked ? 1 : 0)
        keys.append(key)
        groups.append(group)
        if hasTruth { truths.append(truth) }
        let capacity = capacity
        ids.withUnsafeMutableBufferPointer { ids in
            for column in 0..<rowIDs.count { ids[column &* capacity &+ row] = rowIDs[column] }
        }
        numbers.withUnsafeMutableBufferPointer { numbers in
            for column in 0..<rowNumbers.count { numbers[column &* capacity &+ row] = rowNumbers[column] }
        }
        for column in rowMultis.indices {
            multis[column].ids += rowMultis[column]
            multis[column].offsets.append(UInt32(truncatingIfNeeded: multis[column].ids.count))
        }
        if isTied {
            // The first id of a tie is copied only once a second row follows.
            if tieIDs.isEmpty { tieIDs.append(lastID) }
            tieIDs.append(id)
        } else {
            tieTime = time
            tieStart = row
        }
        swap(&id, &lastID)
    }

    private var lastID: [UInt8] = []

    /// Sorts the rows of the completed tie by id and keeps one row per id: the first by its columns, so that the order
    /// in which the server sends them does not matter.
    private mutating func endTie() {
        guard !tieIDs.isEmpty else { return }
        defer { tieIDs.removeAll() }
        let tie = tieIDs
        let first = tieStart
        var order = tie.indices.sorted { left, right in
            if tie[left] != tie[right] { return tie[left].lexicographicallyPrecedes(tie[right]) }
            return columns(of: first + left).lexicographicallyPrecedes(columns(of: first + right))
        }
        order = leaveOutRepeated(order, tie)
        guard order != Array(tie.indices) else { return }
        arrange(order, from: first)
    }

    /// Returns a tie's positions with only the first of each id.
    private mutating func leaveOutRepeated(_ order: [Int], _ ids: [[UInt8]]) -> [Int] {
        var kept: [Int] = []
        var isRepeated = false
        for position in order {
            if let last = kept.last, ids[last] == ids[position] {
                repeated.leftOut += 1
                if !isRepeated { repeated.kept += 1 }
                isRepeated = true
            } else {
                kept.append(position)
                isRepeated = false
            }
        }
        return kept
    }

    /// Replaces the rows from `first` on by the rows at these positions after it, in this order.
    private mutating func arrange(_ order: [Int], from first: Int) {
        func permute<Value>(_ column: inout [Value]) {
            let old = order.map { column[first + $0] }
            column.replaceSubrange(first..., with: old)
        }
        permute(&labels)
        permute(&keys)
        permute(&groups)
        if hasTruth { permute(&truths) }
        func permute<Value>(_ columns: inout [Value], from start: Int) {
            let old = order.map { columns[start + first + $0] }
            for (position, value) in old.enumerated() { columns[start + first + position] = value }
        }
        for column in 0..<singles { permute(&ids, from: column * capacity) }
        for column in 0..<numerics { permute(&numbers, from: column * capacity) }
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

    /// Returns a row's contents as comparable numbers.
    private func columns(of row: Int) -> [UInt64] {
        var values = [groups[row], hasTruth ? UInt64(truths[row].bitPattern) : 0]
        for column in 0..<singles { values.append(UInt64(ids[column * capacity + row])) }
        for column in 0..<numerics { values.append(UInt64(numbers[column * capacity + row].bitPattern)) }
        for column in multis {
            values += column.ids[Int(column.offsets[row])..<Int(column.offsets[row + 1])].map { UInt64($0) }
        }
        return values
    }

    /// Ends the newest tie; call it after the last row.
    mutating func settle() {
        endTie()
        tieStart = rows
    }

    /// Removes and returns the first settled rows.
    ///
    /// - Parameter count: At most `settledRows`.
    mutating func take(_ count: Int) -> SparseBatch {
        var batch = SparseBatch(
            labels: Array(labels[..<count]), keys: Array(keys[..<count]), groups: Array(groups[..<count]),
            truth: hasTruth ? Array(truths[..<count]) : [])
        for field in fields {
            switch field {
            case .single(let column):
                batch.fields.append(
                    .single(Array(ids[column * capacity..<column * capacity + count])))
            case .multi(let column):
                let end = Int(multis[column].offsets[count])
                batch.fields.append(
                    .multi(offsets: Array(multis[column].offsets[...count]), ids: Array(multis[column].ids[..<end])))
            }
        }
        for column in 0..<numerics {
            batch.numerics.append(Array(numbers[column * capacity..<column * capacity + count]))
        }
        drop(count)
        return batch
    }

    /// Forgets all rows and counts, and keeps the memory.
    mutating func reset() {
        settle()
        drop(rows)
        (seen, repeated) = (SeenLogs(), RepeatedRows())
        tieTime = Instant(microseconds: .min)
    }

    private mutating func drop(_ count: Int) {
        let rest = rows - count
        for start in (0..<singles).map({ $0 * capacity }) {
            for row in 0..<rest { ids[start + row] = ids[start + count + row] }
        }
        for start in (0..<numerics).map({ $0 * capacity }) {
            for row in 0..<rest { numbers[start + row] = numbers[start + count + row] }
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

    private mutating func grow() {
        func grown<Value>(_ old: [Value], _ columns: Int, _ zero: Value) -> [Value] {
            (0..<columns).flatMap { column in
                old[column * capacity..<(column + 1) * capacity] + [Value](repeating: zero, count: capacity)
            }
        }
        ids = grown(ids, singles, 0)
        numbers = grown(numbers, numerics, 0)
        capacity *= 2
    }
}
