import Files

/// A count of the impressions and clicks of each key, in bounded memory: sorted runs go to an unnamed temporary file
/// when there are too many keys.
public final class KeyCounter {
    private let folder: String
    private let mostKeys: Int
    private let table = CountTable()
    private var file: ScratchFile?
    /// The number of counts in each sorted run of the file.
    private var runs: [Int] = []

    /// - Parameters:
    ///   - folder: For temporary files.
    ///   - mostKeys: Keys that are kept in memory, at 32 to 64 bytes each.
    public init(folder: String, mostKeys: Int = 1 << 19) {
        self.folder = folder
        self.mostKeys = mostKeys
    }

    /// Counts an impression. O(1).
    ///
    /// - Parameter hash: The key's; 0, for a row without one, is not counted.
    @inline(__always)
    public func add(_ hash: UInt64, clicked: Bool) throws(FileError) {
        guard hash != 0 else { return }
        table.add(hash, impressions: 1, clicks: clicked ? 1 : 0)
        if table.count >= mostKeys { try spill() }
    }

    private func spill() throws(FileError) {
        let file = if let file { file } else { try ScratchFile(in: folder) }
        self.file = file
        let sorted = table.takeSorted()
        let offset = runs.reduce(0, +) * KeyCount.bytes
        // `write` throws a typed error, which a closure does not pass on.
        var failure: FileError?
        sorted.withUnsafeBytes { bytes in
            do throws(FileError) { try file.write(bytes, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
        runs.append(sorted.count)
    }

    /// Returns the counts as sorted runs; a key may be in several.
    public func finish() throws(FileError) -> [SortedCounts] {
        var sorted: [SortedCounts] = []
        if let file {
            let mapped = try file.mapped(count: runs.reduce(0, +) * KeyCount.bytes)
            var start = 0
            for count in runs {
                sorted.append(SortedCounts(mapped, at: start * KeyCount.bytes, count: count))
                start += count
            }
        }
        return sorted + [SortedCounts(table.takeSorted())]
    }
}

/// A count of a day's rows by several keys. Rows arrive in the order of their times; of those with the same time and id
/// one is counted, whatever the order in which they arrive.
public final class RowCounter {
    private let counters: [KeyCounter]
    /// Whether rows with the same time arrive in the order of their ids.
    private let isSorted: Bool
    private var time = Int64.min
    // Rows that may have copies still to come: their ids, labels, and `counters.count` keys each.
    private var ids: [UInt64] = []
    private var clicked: [Bool] = []
    private var keys: [UInt64] = []

    public init(keys: Int, isSorted: Bool, folder: String) {
        counters = (0..<keys).map { _ in KeyCounter(folder: folder) }
        self.isSorted = isSorted
    }

    /// - Parameters:
    ///   - id: Hash of the impression's id.
    ///   - rowKeys: The row's hash for each key, 0 where it has none.
    @inline(__always)
    public func add(
        _ id: UInt64, at time: Int64, clicked isClicked: Bool, _ rowKeys: UnsafeMutableBufferPointer<UInt64>
    ) throws(FileError) {
        if time != self.time || isSorted && id != ids.last { try flush() }
        self.time = time
        ids.append(id)
        clicked.append(isClicked)
        keys.append(contentsOf: rowKeys)
    }

    private func flush() throws(FileError) {
        let width = counters.count
        if ids.count > 1 { mergeCopies() }
        for row in ids.indices {
            for key in 0..<width { try counters[key].add(keys[row &* width &+ key], clicked: clicked[row]) }
        }
        ids.removeAll(keepingCapacity: true)
        clicked.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
    }

    /// Leaves one row of each id: clicked if any is, with the least hash of each key.
    private func mergeCopies() {
        let width = counters.count
        let order = ids.indices.sorted { ids[$0] < ids[$1] }
        guard zip(order, order.dropFirst()).contains(where: { ids[$0] == ids[$1] }) else { return }
        var merged: (ids: [UInt64], clicked: [Bool], keys: [UInt64]) = ([], [], [])
        for row in order {
            let rowKeys = keys[row * width..<(row + 1) * width]
            if merged.ids.last == ids[row] {
                let last = merged.ids.count - 1
                merged.clicked[last] = merged.clicked[last] || clicked[row]
                for (key, hash) in rowKeys.enumerated() {
                    merged.keys[last * width + key] = min(merged.keys[last * width + key], hash)
                }
            } else {
                merged.ids.append(ids[row])
                merged.clicked.append(clicked[row])
                merged.keys += rowKeys
            }
        }
        (ids, clicked, keys) = merged
    }

    /// Returns the sorted runs of each key.
    public func finish() throws(FileError) -> [[SortedCounts]] {
        try flush()
        var runs: [[SortedCounts]] = []
        for counter in counters { runs.append(try counter.finish()) }
        return runs
    }
}
