import Nets

/// What the ranks of one training do together. All ranks call the same operations in the same order; each operation that
/// waits throws `CollectiveError` where another rank does not answer in time.
///
/// A rank is one process; ranks count from 0. Floats and words go out in parts that lie one behind the other in the order of
/// the ranks they are for, and come in so.
public protocol Collective: AnyObject, Sendable {
    /// Which one this process is.
    var rank: Int { get }
    var ranks: Int { get }
    /// The machine of each rank. `[ranks]`
    var hosts: [String] { get }
    /// Bytes that this rank has sent to others so far.
    var bytesSent: Int { get }

    /// Begins to give every rank floats of its own.
    ///
    /// - Parameters:
    ///   - counts: of the floats for each rank. `[ranks]`
    ///   - received: is filled when the transfer has been waited for.
    ///   - receivedCounts: of the floats from each rank. `[ranks]`
    func startAllToAll(
        _ floats: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]
    ) throws -> any Transfer

    /// Begins to give every rank words of its own.
    ///
    /// - Parameters:
    ///   - words: for each rank. `[ranks]`
    ///   - counts: of the words from each rank. `[ranks]`
    func startAllToAll(_ words: [[UInt32]], receiving counts: [Int]) throws -> any WordTransfer

    /// Begins to give all ranks a part of an array: each sends its own, and has all when the transfer has been waited for.
    ///
    /// - Parameter counts: of the floats of each rank's part. `[ranks]`
    func startAllGather(_ floats: FloatArray, _ counts: [Int]) throws -> any Transfer

    /// Moves what is under way, which without being called for may stand still; from any thread, between pieces of work.
    func progress()

    /// The bytes of rank 0, on every rank.
    func broadcast(_ bytes: [UInt8], _ patience: Patience) throws -> [UInt8]

    /// Waits until every rank has come here.
    func barrier() throws
}

/// How long a rank waits for the others.
public enum Patience: Sendable {
    /// For the time that the group was given, from the last sign of life on.
    case bounded
    /// Ten times as long: the others may be reading files.
    case long
    /// For ever: between two pieces of work rank 0 may be busy for hours.
    case unbounded
}

/// Floats on their way.
public protocol Transfer: AnyObject {
    /// Returns when all are sent and received.
    func wait() throws
}

/// Words on their way.
public protocol WordTransfer: AnyObject {
    /// What each rank has sent. `[ranks]`
    func wait(_ patience: Patience) throws -> [[UInt32]]
}

extension WordTransfer {
    public func wait() throws -> [[UInt32]] { try wait(.bounded) }
}

extension Collective {
    /// Whether other processes take part.
    public var isShared: Bool { ranks > 1 }

    /// What every rank gives, by rank.
    public func gather(_ bytes: [UInt8], _ patience: Patience = .bounded) throws -> [[UInt8]] {
        // Four bytes a word; the length tells how many of the last word's count.
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
