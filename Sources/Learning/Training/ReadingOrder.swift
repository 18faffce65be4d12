import FeatureCache
import Foundation
import Nets
import Synchronization

/// In which batches the rows of a training come to a rank.
struct ReadingOrder: Sendable {
    var size: Int
    var seed: UInt64
    /// How the rows are dealt; nil: every rank reads all of them as one stream and takes its part of each batch.
    var shares: RankShares?
    var layout: InputLayout
    var lookup: RowLookup
    var rank = 0, ranks = 1

    /// Steps of an epoch over rows that nobody deals.
    func steps(of rows: Int) -> Int { shares?.steps ?? (rows + size - 1) / size }

    /// Calls `body` with this rank's rows of each batch of an epoch, but for those that were trained on before. Ends when
    /// `body` is false.
    func read(
        _ source: TrainingSource, epoch: Int, _ done: StepsDone, _ profile: StepProfile,
        _ body: (InputRows) throws -> Bool
    ) throws {
        func give(_ input: InputRows) throws -> Bool { try body(input.planned(layout, ranks: ranks)) }
        if let shares {
            return try source.shareBatches(shares, seed: seed, epoch: epoch, done, lookup, profile, give)
        }
        try source.batches(size: size, seed: seed, epoch: epoch, profile) { batch in
            if done.skip() { return true }
            guard ranks > 1 else { return try give(profile.time(.read) { InputRows(batch, lookup) }) }
            let range = batch.rows * rank / ranks..<batch.rows * (rank + 1) / ranks
            return try give(profile.time(.read) { InputRows(range, of: batch, lookup) })
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

/// Reads batches on a thread of its own, a few ahead of `body`, which gets them in the order in which they were read. Ends when
/// `body` is false.
///
/// - Parameters:
///   - rows: brings the embedding rows of a batch here; nil where they are here. The ids of the next batch are on their way
///     while `body` works on one.
///   - read: calls what it is given with each batch, until that is false.
/// - Throws: what ended the reading, after the batches before it.
func prefetching(
    _ rows: RowExchange?, _ profile: StepProfile, _ read: @escaping @Sendable ((InputRows) -> Bool) throws -> Void,
    _ body: (InputRows) throws -> Bool
) throws {
    let queue = BatchQueue(capacity: batchesAhead)
    Thread.detachNewThread {
        do {
            try read { queue.put($0) }
            queue.complete(nil)
        } catch {
            queue.complete(error)
        }
    }
    defer { queue.abandon() }
    guard let rows else {
        while let batch = try queue.next() {
            guard try body(batch) else { return }
        }
        return
    }
    var announced = try queue.announced(to: rows)
    var requested = try announced.map { try rows.request($0) }
    announced = requested == nil ? nil : try queue.announced(to: rows)
    while let current = requested {
        try profile.time(.exchange) { try rows.fetch(current) }
        requested = try announced.map { try rows.request($0) }
        announced = requested == nil ? nil : try queue.announced(to: rows)
        let goesOn: Bool
        do {
            goesOn = try body(current.batch)
        } catch let error as TrainingError {
            // All ranks end so.
            try rows.drop(requested, announced)
            throw error
        }
        guard goesOn else { return try rows.drop(requested, announced) }
    }
}

private let batchesAhead = 4

extension TrainingSource {
    /// The batches of an epoch in a reading order, read ahead.
    func prefetched(
        _ order: ReadingOrder, epoch: Int, _ done: StepsDone, _ rows: RowExchange?, _ profile: StepProfile,
        _ body: (InputRows) throws -> Bool
    ) throws {
        try prefetching(rows, profile, { put in try order.read(self, epoch: epoch, done, profile) { put($0) } }, body)
    }
}

extension BatchQueue {
    /// The next batch, of which the other ranks are being told; nil after the last. Where reading has failed they are told that,
    /// and all end when they come to the batch.
    fileprivate func announced(to rows: RowExchange) throws -> RowExchange.Announcement? {
        switch Swift.Result(catching: { try next() }) {
        case .success(let batch): try batch.map { try rows.announce(.success($0)) }
        case .failure(let error): try rows.announce(.failure(error))
        }
    }
}
