import Dispatch
import Files
import Synchronization

/// The counts of all keys over some windows of days, for looking up a key. It is in unnamed temporary files that are
/// mapped, so that it takes none of the process's own memory.
public final class HistoryTable: Sendable {
    /// The keys' rates over each window.
    public let rates: [RateMoments]
    /// Keys in the table.
    public let count: Int
    /// By the first bits of a key's hash.
    private let shares: [HistoryShare]

    /// Their number does not depend on that of the threads, so that sums are rounded alike.
    private static let shareBits = 4

    /// Adds up days of counts. O(counts).
    ///
    /// - Parameters:
    ///   - days: Counts, each with its weight in every window.
    ///   - folder: For temporary files.
    ///   - threads: How many add up at once. The table is the same for any number.
    /// - Throws: `FileError`.
    public init(
        _ days: [(counts: SortedCounts, weights: [Double])], windows: Int, folder: String, threads: Int = 1
    ) throws(FileError) {
        let merge = CountsMerge(days.map(\.counts), weights: days.map(\.weights))
        let shares = 1 << Self.shareBits
        let next = Atomic(0)
        let isFailed = Atomic(false)
        let made = Mutex<[Int: Result<HistoryShare, FileError>]>([:])
        DispatchQueue.concurrentPerform(iterations: min(max(1, threads), shares)) { _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < shares, !isFailed.load(ordering: .relaxed) else { return }
                let share = Result { () throws(FileError) in
                    try HistoryShare(
                        merge, .init(number: number, bits: Self.shareBits), windows: windows, folder: folder)
                }
                if case .failure = share { isFailed.store(true, ordering: .relaxed) }
                made.withLock { $0[number] = share }
            }
        }
        let results = made.withLock { $0 }.sorted { $0.key < $1.key }
        self.shares = try results.map { (_, share) throws(FileError) in try share.get() }
        count = self.shares.reduce(0) { $0 + $1.count }
        rates = (0..<windows).map { [shares = self.shares] window in
            RateMoments(shares.reduce(into: RateMoments.Sums()) { $0.add($1.moments[window]) })
        }
    }

    /// Returns the impressions and clicks of a key in each window, one after another; nil if no window has it. O(1),
    /// two places in memory.
    @inline(__always)
    public func find(_ hash: UInt64) -> UnsafePointer<Float>? {
        shares[Int(truncatingIfNeeded: hash &>> UInt64(64 - Self.shareBits))].find(hash)
    }

    /// Passes all keys in the order of their hashes.
    public func visit(_ body: (UInt64, UnsafePointer<Float>) throws -> Void) rethrows {
        for share in shares { try share.visit(body) }
    }
}
