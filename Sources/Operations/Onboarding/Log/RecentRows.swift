/// The newest rows of a log before its last day, in the order of their time, with their values as codes. Crosses are
/// tried on them.
struct RecentRows: Sendable {
    /// One code per row of each column: 32 bits of the value's hash; 0 for a missing value.
    var codes: [[UInt32]]
    /// Whether each row was clicked.
    var clicked: [Bool]
    /// The day (UTC) of each row as its ordinal, ascending; empty where days do not matter.
    var days: [Int32] = []

    var count: Int { clicked.count }

    /// Rows that came before those that proposals are tried on: four fifths.
    var known: Int { count - count / 5 }

    /// Each day's rows, in order.
    var daySpans: [(day: Int, rows: Range<Int>)] {
        var spans: [(day: Int, rows: Range<Int>)] = []
        for (row, day) in days.enumerated() {
            if spans.last?.day == Int(day) {
                spans[spans.count - 1].rows = spans[spans.count - 1].rows.lowerBound..<row + 1
            } else {
                spans.append((Int(day), row..<row + 1))
            }
        }
        return spans
    }

    /// Share of the newest fifth's rows whose value of a column came before; nil with too few rows to tell.
    func seenBefore(_ column: Int) -> Double? {
        guard count >= 1_000 else { return nil }
        let groups = KeyGroups(self, column)
        let before = groups.counts(upTo: known)
        let seen = groups.numbers[known...].count { $0 >= 0 && before[Int($0)] > 0 }
        return Double(seen) / Double(count - known)
    }
}

/// Numbers for keys in the order of their first appearance.
struct KeyNumbers {
    private var keys: [UInt64]
    private var numbers: [Int32]
    private(set) var count = 0

    init() {
        keys = [UInt64](repeating: 0, count: 1_024)
        numbers = [Int32](repeating: -1, count: 1_024)
    }

    /// Amortised O(1).
    mutating func number(of key: UInt64) -> Int32 {
        if 2 * count >= keys.count { grow() }
        let position = Self.position(of: key, keys, numbers)
        if numbers[position] < 0 {
            keys[position] = key
            numbers[position] = Int32(count)
            count += 1
        }
        return numbers[position]
    }

    private static func position(of key: UInt64, _ keys: [UInt64], _ numbers: [Int32]) -> Int {
        let mask = keys.count - 1
        // Multiplied by an odd number near 2⁶⁴ / φ, a key's bits reach the upper half.
        var position = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while numbers[position] >= 0, keys[position] != key { position = (position + 1) & mask }
        return position
    }

    private mutating func grow() {
        var (larger, moved) = (
            [UInt64](repeating: 0, count: 2 * keys.count), [Int32](repeating: -1, count: 2 * keys.count)
        )
        for old in keys.indices where numbers[old] >= 0 {
            let new = Self.position(of: keys[old], larger, moved)
            larger[new] = keys[old]
            moved[new] = numbers[old]
        }
        (keys, numbers) = (larger, moved)
    }
}
