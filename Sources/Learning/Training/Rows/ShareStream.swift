import CounterRandom
import FeatureCache

/// The rows of one share of a training in the order of an epoch: blocks in a seeded order, rows shuffled within a pool
/// of blocks. Memory is bounded by the pool.
struct ShareStream {
    private let blocks: [@Sendable () throws -> SparseBatch]
    private let order: [Int]
    private let poolRows: Int
    private var random: CounterRandom
    private var next = 0
    private var pool: SparseBatch?
    /// Shuffled rows of the pool that are left.
    private var rows: ArraySlice<Int> = []

    /// - Parameter poolRows: rows at least that are shuffled together.
    init(_ source: TrainingSource, share: Int, of shares: Int, poolRows: Int, seed: UInt64, epoch: Int) {
        blocks = stride(from: share, to: source.blocks.count, by: shares).map { source.blocks[$0] }
        self.poolRows = poolRows
        random = CounterRandom(
            seed: seed, stream: 0x5348_4152_0000_0000 &+ UInt64(share) << 32 &+ UInt64(epoch))
        order = blocks.indices.shuffled(using: &random)
    }

    /// The next rows; fewer only where the share ends.
    mutating func take(_ count: Int) throws -> SparseBatch? {
        var taken: SparseBatch?
        var missing = count
        while missing > 0 {
            if rows.isEmpty {
                guard try fill() else { break }
            }
            guard let pool else { break }
            let part = pool.selecting(rows: Array(rows.prefix(missing)))
            rows = rows.dropFirst(part.rows)
            missing -= part.rows
            if taken == nil { taken = part } else { taken?.append(part) }
        }
        return taken
    }

    /// False: the share has no more blocks.
    private mutating func fill() throws -> Bool {
        guard next < order.count else { return false }
        var filled = try blocks[order[next]]()
        next += 1
        while next < order.count, filled.rows < poolRows {
            filled.append(try blocks[order[next]]())
            next += 1
        }
        rows = Array(0..<filled.rows).shuffled(using: &random)[...]
        pool = filled
        return true
    }
}

extension TrainingSource {
    /// The batches of an epoch, as `RowShares` deals their rows: calls `body` with the rows here of each.
    /// Ends when `body` is false.
    func shareBatches(
        _ shares: RowShares, seed: UInt64, epoch: Int, _ done: StepsDone, _ lookup: RowLookup,
        _ profile: StepProfile, _ body: (InputRows) throws -> Bool
    ) throws {
        let own = shares.own
        var streams = own.map { share in
            ShareStream(
                self, share: share, of: shares.rows.count, poolRows: Self.poolRows / shares.rows.count, seed: seed,
                epoch: epoch)
        }
        let noRows = try blocks.first?().selecting(rows: []) ?? SparseBatch()
        for step in 0..<shares.steps {
            let batch = try profile.time(.read) {
                var batch: SparseBatch?
                for (index, share) in own.enumerated() {
                    let count = shares.rows(of: share, step: step)
                    guard count > 0, let part = try streams[index].take(count) else { continue }
                    if batch == nil { batch = part } else { batch?.append(part) }
                }
                return batch
            }
            if done.skip() { continue }
            let input = profile.time(.read) {
                InputRows(
                    batch ?? noRows, ofBatch: shares.batchRows(step: step), numbers: shares.rowNumbers(step: step),
                    lookup)
            }
            guard try body(input) else { return }
        }
    }
}
