import Foundation

/// A count of the rows of a day that share their id with another row, by the 32-bit keys that the cache keeps of ids.
/// For many rows a sample is counted, chosen by key, so that it holds all rows with an id or none.
struct KeyTally: Sendable {
    private var sample: [UInt32] = []
    private var limit = UInt32.max
    private let mostSampled: Int

    init(mostSampled: Int = 1 << 17) {
        self.mostSampled = mostSampled
    }

    mutating func add(_ keys: [UInt32]) {
        if limit == .max { sample += keys } else { for key in keys where key <= limit { sample.append(key) } }
        shrink()
    }

    mutating func add(_ other: KeyTally) {
        if other.limit < limit {
            limit = other.limit
            let bound = limit
            sample.removeAll { $0 > bound }
        }
        add(other.sample)
    }

    private mutating func shrink() {
        while sample.count > mostSampled, limit > 0 {
            limit /= 2
            let bound = limit
            sample.removeAll { $0 > bound }
        }
    }

    /// Returns how many of the rows share their id with another one: exact up to `mostSampled` rows, estimated for
    /// more.
    ///
    /// Different ids share a key by chance; among `n` keys below a limit this happens to a share of `1 − e^(−n/limit)`,
    /// which is subtracted.
    func shared(of rows: Int) -> Int {
        guard sample.count > 1 else { return 0 }
        let sorted = Self.sorted(sample)
        var (found, start) = (0, 0)
        for index in 1...sorted.count where index == sorted.count || sorted[index] != sorted[start] {
            if index - start > 1 { found += index - start }
            start = index
        }
        let count = Double(sorted.count)
        let chance = 1 - exp(-count / (Double(limit) + 1))
        let share = max(0, (Double(found) - count * chance) / (1 - chance)) / count
        return Int((share * Double(rows)).rounded())
    }

    /// Returns the keys in ascending order. O(keys): three passes of 11 bits.
    private static func sorted(_ keys: [UInt32]) -> [UInt32] {
        var (from, to) = (keys, keys)
        for shift in [UInt32(0), 11, 22] {
            var starts = [Int](repeating: 0, count: 1 << 11)
            for key in from { starts[Int(key &>> shift & 2_047)] += 1 }
            var start = 0
            for digit in starts.indices { (starts[digit], start) = (start, start + starts[digit]) }
            for key in from {
                let digit = Int(key &>> shift & 2_047)
                to[starts[digit]] = key
                starts[digit] += 1
            }
            swap(&from, &to)
        }
        return from
    }
}
