import Nets

/// Adds up an array over all ranks. Each rank adds one part of it, in the order of the ranks, and gives the sum to the
/// others: whatever network and timing, the additions are the same, and every rank has the same bits.
///
/// Cost: 2 · (ranks − 1) / ranks · 4 bytes a float sent by each rank, the least there is (Thakur, Rabenseifner, Gropp,
/// International Journal of High Performance Computing Applications 2005).
public final class AllReduce {
    /// This rank's numbers before `start`, the sums after `finish`. `[count]`
    public let values: FloatArray
    private let collective: any Collective
    /// Floats of the part that each rank adds.
    private let counts: [Int]
    private let own: Range<Int>
    /// What the ranks give for this one's part. `[ranks, own part]`
    private let given: FloatArray
    private var transfer: (any Transfer)?

    public init(_ values: FloatArray, over collective: any Collective) {
        self.collective = collective
        self.values = values
        let (ranks, count) = (collective.ranks, values.count)
        let starts = (0...ranks).map { count * $0 / ranks }
        counts = (0..<ranks).map { starts[$0 + 1] - starts[$0] }
        own = starts[collective.rank]..<starts[collective.rank + 1]
        given = FloatArray(count: ranks * own.count)
    }

    /// Sends this rank's numbers to those who add them.
    public func start() throws {
        transfer = try collective.startAllToAll(
            values, counts, into: given, [Int](repeating: own.count, count: counts.count))
    }

    /// Adds this rank's part and begins to send the sum. May be left out before `finish`.
    public func add() throws {
        try transfer?.wait()
        values.copy(given, from: 0, to: own.lowerBound, count: own.count)
        for rank in 1..<max(1, counts.count) {
            values.add(given, from: rank * own.count, to: own.lowerBound, count: own.count)
        }
        transfer = try collective.startAllGather(values, counts)
    }

    /// Waits for the sums of the others.
    public func finish() throws {
        try transfer?.wait()
        transfer = nil
    }
}
