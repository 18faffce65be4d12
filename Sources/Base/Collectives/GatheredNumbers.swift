extension Collective {
    /// Starts sending numbers to every rank.
    public func startGather(_ values: [Double]) throws -> GatheredNumbers {
        let words = values.flatMap { [UInt32(truncatingIfNeeded: $0.bitPattern), UInt32($0.bitPattern >> 32)] }
        return GatheredNumbers(
            try startAllToAll(
                [[UInt32]](repeating: words, count: ranks), receiving: [Int](repeating: words.count, count: ranks)))
    }
}

/// Numbers that every rank sends to all others.
public struct GatheredNumbers {
    private let transfer: any WordTransfer

    fileprivate init(_ transfer: any WordTransfer) {
        self.transfer = transfer
    }

    /// Waits, and returns each rank's numbers. `[ranks]`
    public func wait() throws -> [[Double]] {
        try transfer.wait().map { words in
            stride(from: 0, to: words.count, by: 2).map {
                Double(bitPattern: UInt64(words[$0]) | UInt64(words[$0 + 1]) << 32)
            }
        }
    }

    /// Waits, and returns the sums, added up in rank order.
    public func sum() throws -> [Double] {
        let all = try wait()
        return (all.first ?? []).indices.map { index in all.reduce(0) { $0 + $1[index] } }
    }
}
