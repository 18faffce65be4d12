import Arrays

/// Operations that the ranks of one training perform together. All ranks call the same operations in the same order;
/// each operation that waits throws `CollectiveError` when another rank does not answer in time.
///
/// A rank is one process; ranks are numbered from 0. Floats and words are sent, and arrive, as consecutive parts in the
/// order of the ranks they are for.
public protocol Collective: AnyObject, Sendable {
    /// The number of this process.
    var rank: Int { get }
    var ranks: Int { get }
    /// The machine of each rank. `[ranks]`
    var hosts: [String] { get }
    /// Bytes that this rank has sent to other ranks so far.
    var bytesSent: Int { get }

    /// Starts sending each rank its own floats.
    ///
    /// - Parameters:
    ///   - counts: Number of floats for each rank. `[ranks]`
    ///   - received: Filled once the transfer has been waited for.
    ///   - receivedCounts: Number of floats from each rank. `[ranks]`
    func startAllToAll(
        _ floats: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]
    ) throws -> any Transfer

    /// Starts sending each rank its own words.
    ///
    /// - Parameters:
    ///   - words: The words for each rank. `[ranks]`
    ///   - counts: Number of words from each rank. `[ranks]`
    func startAllToAll(_ words: [[UInt32]], receiving counts: [Int]) throws -> any WordTransfer

    /// Starts sharing an array of which each rank holds one part; every rank has all of it once the transfer has been
    /// waited for.
    ///
    /// - Parameter counts: Number of floats in each rank's part. `[ranks]`
    func startAllGather(_ floats: FloatArray, _ counts: [Int]) throws -> any Transfer

    /// Drives pending transfers; MPI makes progress only inside calls. Call it from any thread, between pieces of work.
    func progress()

    /// Returns rank 0's bytes on every rank.
    func broadcast(_ bytes: [UInt8], _ patience: Patience) throws -> [UInt8]

    /// Waits until every rank has called this.
    func barrier() throws
}

/// How long a rank waits for the others.
public enum Patience: Sendable {
    /// For the group's timeout, counted from the last sign of life.
    case bounded
    /// Ten times as long: the others may be reading files.
    case long
    /// Without a limit: between two pieces of work rank 0 may be busy for hours.
    case unbounded
}

/// A pending transfer of floats.
public protocol Transfer: AnyObject {
    /// Waits until everything is sent and received.
    func wait() throws
}

/// A pending transfer of words.
public protocol WordTransfer: AnyObject {
    /// Waits, and returns each rank's words. `[ranks]`
    func wait(_ patience: Patience) throws -> [[UInt32]]
}

extension WordTransfer {
    public func wait() throws -> [[UInt32]] { try wait(.bounded) }
}

extension Collective {
    /// Whether other processes take part.
    public var isShared: Bool { ranks > 1 }

    /// Returns every rank's bytes, in rank order.
    public func gather(_ bytes: [UInt8], _ patience: Patience = .bounded) throws -> [[UInt8]] {
        // Four bytes per word; the length says how many bytes of the last word count.
        let words = stride(from: 0, to: bytes.count, by: 4).map { start in
            (start..<min(start + 4, bytes.count)).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << (8 * ($1 - start)) }
        }
        let counts = try startAllToAll(
            [[UInt32]](repeating: [UInt32(bytes.count)], count: ranks), receiving: [Int](repeating: 1, count: ranks)
        ).wait(patience).map { Int($0[0]) }
        let parts = try startAllToAll(
            [[UInt32]](repeating: words, count: ranks), receiving: counts.map { ($0 + 3) / 4 }
        ).wait()
        return zip(parts, counts).map { words, count in
            (0..<count).map { UInt8(truncatingIfNeeded: words[$0 / 4] >> (8 * ($0 % 4))) }
        }
    }
}
