import Arrays

/// Sums an array over all ranks. Each rank adds up one part of it, in rank order, and sends the sum to the others:
/// whatever the network and the timing, the additions are the same and every rank holds the same bits.
///
/// Cost: each rank sends 2 · (ranks − 1) / ranks · 4 bytes per float, which is the minimum (Thakur, Rabenseifner,
/// Gropp, International Journal of High Performance Computing Applications 2005).
public final class AllReduce {
    /// This rank's numbers before `start`, the sums after `finish`. `[count]`
    public let values: FloatArray
    private let collective: any Collective
    /// Number of floats in the part that each rank adds up.
    private let counts: [Int]
    private let own: Range<Int>
    /// All ranks' numbers for this rank's part. `[ranks, own part]`
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

    /// Sends this rank's numbers to the ranks that add them up.
    public func start() throws {
        transfer = try collective.startAllToAll(
            values, counts, into: given, [Int](repeating: own.count, count: counts.count))
    }

    /// Adds up this rank's part and starts sending the sum. Optional before `finish`.
    public func add() throws {
        try transfer?.wait()
        values.copy(given, from: 0, to: own.lowerBound, count: own.count)
        for rank in 1..<max(1, counts.count) {
            values.add(given, from: rank * own.count, to: own.lowerBound, count: own.count)
        }
        transfer = try collective.startAllGather(values, counts)
    }

    /// Waits for the other ranks' sums.
    public func finish() throws {
        try transfer?.wait()
        transfer = nil
    }
}
