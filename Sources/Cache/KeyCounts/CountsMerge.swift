/// A merge of sorted counts: the sums of each key over all inputs, in several weightings at once.
///
/// Hashes are spread evenly, so the inputs are read side by side in ranges of hashes that hold up to a thousand
/// counts each, and each range is added up in a small table. O(counts) time; memory does not depend on their number.
struct CountsMerge {
    private let inputs: [SortedCounts]
    /// By input and weighting.
    private let weights: [[Double]]
    private let windows: Int

    /// - Parameter weights: The weights of each input, as many for each.
    init(_ inputs: [SortedCounts], weights: [[Double]]) {
        windows = weights.first?.count ?? 0
        precondition(inputs.count == weights.count && weights.allSatisfy { [windows] in $0.count == windows })
        self.inputs = inputs
        self.weights = weights
    }

    /// The hashes that begin with the same bits: a part of the sums that a thread can add up alone.
    struct Share {
        /// The bits that they begin with.
        let number: Int
        /// How many bits that is.
        let bits: Int

        static let all = Share(number: 0, bits: 0)

        var first: UInt64 { UInt64(number) << UInt64(64 - bits) }
        var last: UInt64 { first | .max >> UInt64(bits) }

        /// Returns one of the equal parts into which more bits divide it.
        func range(_ range: Int, ofBits more: Int) -> Share { Share(number: number << more | range, bits: bits + more) }
    }

    /// Calls the body with each key of a share in ascending order, and its impressions and clicks in each weighting,
    /// one after another.
    func visit<Failure: Error>(
        _ share: Share = .all, _ body: (UInt64, UnsafeMutablePointer<Double>) throws(Failure) -> Void
    ) throws(Failure) {
        var cursors = inputs.map { $0.index(from: share.first) }
        let total = zip(inputs, cursors).reduce(0) { $0 + $1.0.index(from: share.last) - $1.1 }
        let rangeBits = max(0, Int.bitWidth - (total / Self.countsInRange).leadingZeroBitCount)
        var sums = SumTable(windows: windows, skippingBits: UInt64(share.bits + rangeBits))
        for range in 0..<(1 << rangeBits) {
            let last = share.range(range, ofBits: rangeBits).last
            for (index, input) in inputs.enumerated() {
                var cursor = cursors[index]
                let counts = input.counts
                weights[index].withUnsafeBufferPointer { weights in
                    while cursor < counts.count, counts[cursor].hash <= last {
                        sums.add(counts[cursor], weights)
                        cursor &+= 1
                    }
                }
                cursors[index] = cursor
            }
            try sums.takeSorted(body)
        }
    }

    /// Their sums fit into the caches next to a core.
    private static let countsInRange = 1_024
}

/// A small hash table of sums, placed by the bits of a hash that differ within a range.
private struct SumTable: ~Copyable {
    private let windows: Int
    private let skip: UInt64
    private var bits = 11
    private var hashes: UnsafeMutableBufferPointer<UInt64>
    /// `[slots][2 · windows]`
    private var sums: UnsafeMutableBufferPointer<Double>
    private var count = 0
    private var order: [(hash: UInt64, slot: Int)] = []

    init(windows: Int, skippingBits skip: UInt64) {
        self.windows = windows
        self.skip = skip
        (hashes, sums) = Self.empty(bits: bits, windows: windows)
    }

    deinit {
        hashes.deallocate()
        sums.deallocate()
    }

    private static func empty(
        bits: Int, windows: Int
    ) -> (UnsafeMutableBufferPointer<UInt64>, UnsafeMutableBufferPointer<Double>) {
        let hashes = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1 << bits)
        hashes.initialize(repeating: 0)
        let sums = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * windows << bits)
        sums.initialize(repeating: 0)
        return (hashes, sums)
    }

    @inline(__always)
    private func slot(of hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (hash &<< skip) &>> UInt64(64 &- bits))
        while hashes[slot] != hash, hashes[slot] != 0 { slot = (slot &+ 1) & (hashes.count &- 1) }
        return slot
    }

    @inline(__always)
    mutating func add(_ entry: KeyCount, _ weights: UnsafeBufferPointer<Double>) {
        var slot = slot(of: entry.hash)
        if hashes[slot] == 0 {
            if count >= hashes.count / 2 {
                grow()
                slot = self.slot(of: entry.hash)
            }
            hashes[slot] = entry.hash
            count &+= 1
        }
        let place = 2 &* windows &* slot
        for (window, weight) in weights.enumerated() {
            sums[place &+ 2 &* window] += weight * Double(entry.impressions)
            sums[place &+ 2 &* window &+ 1] += weight * Double(entry.clicks)
        }
    }

    private mutating func grow() {
        let (oldHashes, oldSums) = (hashes, sums)
        bits += 1
        (hashes, sums) = Self.empty(bits: bits, windows: windows)
        for (old, hash) in oldHashes.enumerated() where hash != 0 {
            let slot = slot(of: hash)
            hashes[slot] = hash
            for number in 0..<2 * windows { sums[2 * windows * slot + number] = oldSums[2 * windows * old + number] }
        }
        oldHashes.deallocate()
        oldSums.deallocate()
    }

    /// Removes all sums and passes them in the order of their hashes.
    mutating func takeSorted<Failure: Error>(
        _ body: (UInt64, UnsafeMutablePointer<Double>) throws(Failure) -> Void
    ) throws(Failure) {
        guard count > 0, let start = sums.baseAddress else { return }
        order.removeAll(keepingCapacity: true)
        order.reserveCapacity(count)
        for slot in hashes.indices where hashes[slot] != 0 {
            order.append((hashes[slot], slot))
            hashes[slot] = 0
        }
        count = 0
        // A key is at most a few places from where it belongs, unless it came round the table's end.
        order.withUnsafeMutableBufferPointer { order in
            for index in order.indices.dropFirst() {
                let entry = order[index]
                var place = index
                while place > 0, order[place - 1].hash > entry.hash {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = entry
            }
        }
        for (hash, slot) in order {
            let own = start + 2 * windows * slot
            try body(hash, own)
            own.update(repeating: 0, count: 2 * windows)
        }
    }
}
