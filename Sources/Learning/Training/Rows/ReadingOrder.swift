import FeatureCache
import Synchronization

/// The batches in which the rows of a training come here.
struct ReadingOrder: Sendable {
    var size: Int
    var seed: UInt64
    /// How the rows are dealt; nil: they are read as one stream.
    var shares: RowShares?
    var lookup: RowLookup
    var peers: any Peers

    /// Steps of an epoch over rows that nobody deals.
    func steps(of rows: Int) -> Int { shares?.steps ?? (rows + size - 1) / size }

    /// Calls `body` with the rows here of each batch of an epoch, but for those that were trained on before. Ends when
    /// `body` is false.
    func read(
        _ source: TrainingSource, epoch: Int, _ done: StepsDone, _ profile: StepProfile,
        _ body: (InputRows) throws -> Bool
    ) throws {
        func give(_ input: InputRows) throws -> Bool { try body(peers.planned(input)) }
        if let shares {
            return try source.shareBatches(shares, seed: seed, epoch: epoch, done, lookup, profile, give)
        }
        try source.batches(size: size, seed: seed, epoch: epoch, profile) { batch in
            if done.skip() { return true }
            return try give(profile.time(.read) { peers.part(of: batch, lookup) })
        }
    }
}

/// Steps that an earlier process has done: batches follow from the seed, so they are gone through again and left out.
final class StepsDone: Sendable {
    private let left: Mutex<Int>

    init(_ steps: Int) {
        left = Mutex(steps)
    }

    /// Whether the next batch is one of them.
    func skip() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
