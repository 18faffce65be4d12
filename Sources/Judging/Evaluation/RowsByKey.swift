/// The rows of a whole day by the key of their id, each of which can be taken once.
///
/// Takes a bit of memory per row, and what `ScratchSpace` allows for the sort and a column; the rest waits on disk. A
/// day of 100 million rows takes 14 MB, and 0.8 GB of disk. A lookup is a search among the pages' first records, and
/// usually one page read; rows of a key that were taken cost a 64th of a step each.
package struct RowsByKey {
    /// `key << 32 | row`, ascending.
    private let records: StoredColumn<UInt64>
    /// The first record of each page.
    private let firsts: [UInt64]
    /// A bit per record.
    private var taken: TakenBits
    /// The page read last.
    private var page: (number: Int, records: [UInt64])?

    private static let pageRecords = 512

    /// Takes the keys of a day's rows, in order.
    package struct Writer: ~Copyable {
        private let space: ScratchSpace
        private var sort: ExternalSort<UInt64>
        private var row: UInt32?

        package init(_ space: ScratchSpace) {
            self.space = space
            sort = ExternalSort(space)
            row = 0
        }

        package mutating func append(_ keys: [UInt32]) throws(EvaluationError) {
            for key in keys {
                // No day has 2³² rows; those beyond would be missing.
                guard let number = row else { return }
                try sort.add(UInt64(key) << 32 | UInt64(number))
                row = number == .max ? nil : number + 1
            }
        }

        package consuming func finish() throws(EvaluationError) -> RowsByKey {
            let space = space
            return try RowsByKey(sort, space)
        }
    }

    private init(_ sort: consuming ExternalSort<UInt64>, _ space: ScratchSpace) throws(EvaluationError) {
        let writer = ColumnWriter<UInt64>(space)
        var (count, firsts): (Int, [UInt64]) = (0, [])
        try sort.forEachRecord { (record: UInt64) throws(EvaluationError) in
            if count % Self.pageRecords == 0 { firsts.append(record) }
            count += 1
            try writer.append(record)
        }
        records = try writer.finish()
        self.firsts = firsts
        taken = TakenBits(count: count)
    }

    /// Takes the row with a key that is nearest to a row, among those that nobody has taken; nil: there is none.
    package mutating func take(_ key: UInt32, near row: Int) throws(EvaluationError) -> Int? {
        let first = UInt64(key) << 32
        let end = try key == .max ? records.count : position(of: first + 1 << 32)
        let range = try position(of: first)..<end
        guard !range.isEmpty else { return nil }
        let middle = try range.count == 1 ? range.lowerBound : position(of: first | UInt64(min(row, Int(UInt32.max))))
        let above = taken.free(from: middle, below: range.upperBound)
        let below = taken.free(under: middle, from: range.lowerBound)
        var nearest: (position: Int, row: Int)?
        for position in [below, above].compactMap({ $0 }) {
            let found = Int(UInt32(truncatingIfNeeded: try record(at: position)))
            if let nearest, abs(nearest.row - row) <= abs(found - row) { continue }
            nearest = (position, found)
        }
        if let nearest { taken.take(nearest.position) }
        return nearest?.row
    }

    /// The position of the first record that is not below a number.
    private mutating func position(of number: UInt64) throws(EvaluationError) -> Int {
        let pages = Self.partition(firsts) { $0 < number }
        guard pages > 0 else { return 0 }
        let page = try load(pages - 1)
        return (pages - 1) * Self.pageRecords + Self.partition(page) { $0 < number }
    }

    private mutating func record(at position: Int) throws(EvaluationError) -> UInt64 {
        try load(position / Self.pageRecords)[position % Self.pageRecords]
    }

    private mutating func load(_ number: Int) throws(EvaluationError) -> [UInt64] {
        if let page, page.number == number { return page.records }
        let start = number * Self.pageRecords
        let found = try records.elements(start..<min(start + Self.pageRecords, records.count))
        page = (number, found)
        return found
    }

    /// How many of sorted numbers fulfil a condition that the first ones do.
    private static func partition(_ numbers: [UInt64], _ condition: (UInt64) -> Bool) -> Int {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(numbers[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Which positions are taken.
private struct TakenBits {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: count / 64 + 1) }

    mutating func take(_ position: Int) { words[position / 64] |= 1 << UInt64(position % 64) }

    /// The first free position from one on, and below another.
    func free(from start: Int, below end: Int) -> Int? {
        var position = start
        while position < end {
            let rest = ~words[position / 64] >> UInt64(position % 64)
            if rest != 0 {
                let found = position + rest.trailingZeroBitCount
                return found < end ? found : nil
            }
            position = (position / 64 + 1) * 64
        }
        return nil
    }

    /// The last free position under one, and from another on.
    func free(under end: Int, from start: Int) -> Int? {
        var position = end
        while position > start {
            let last = position - 1
            let rest = ~words[last / 64] << UInt64(63 - last % 64)
            if rest != 0 {
                let found = last - rest.leadingZeroBitCount
                return found >= start ? found : nil
            }
            position = last / 64 * 64
        }
        return nil
    }
}
