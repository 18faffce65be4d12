import CounterRandom
import FeatureCache

/// Where training rows come from: blocks in time order, read when they are needed.
public struct TrainingSource: Sendable {
    public var blocks: [@Sendable () throws -> SparseBatch]
    /// Day of each block, days since 1970-01-01.
    public var days: [Int32]
    public var rows: Int
    public var clicks: Int

    /// - Parameter days: of the blocks; only admission rules ask for them. Nil: all of one day.
    public init(
        rows: Int, clicks: Int, blocks: [@Sendable () throws -> SparseBatch], days: [Int32]? = nil
    ) {
        self.days = days ?? blocks.map { _ in 0 }
        self.rows = rows
        self.clicks = clicks
        self.blocks = blocks
    }

    /// Cuts the latest rows off, to be judged on.
    ///
    /// Cost: reads the days that may be cut once, for the count of their clicks.
    package func holdingOut(_ part: HeldOut) throws -> (training: TrainingSource, heldOut: TrainingSource) {
        var (training, heldOut) = (self, TrainingSource(rows: 0, clicks: 0, blocks: []))
        guard !part.isNothing, let lastDay = days.max() else { return (training, heldOut) }
        let last = part.isOfLastDay ? blocks.indices.filter { days[$0] == lastDay } : Array(blocks.indices)
        var (labels, read): ([[UInt8]], Int) = ([], 0)
        // Of all rows their number is known; the latest are read, until there are enough.
        var rest = part.isOfLastDay ? nil : part.count(of: rows)
        if rest == 0 { return (training, heldOut) }
        for index in last.reversed() where rest.map({ read < $0 }) ?? true {
            labels.append(try blocks[index]().labels)
            read += labels[labels.count - 1].count
        }
        rest = rest ?? part.count(of: read)
        for (index, labels) in zip(last.reversed(), labels) {
            let count = min(rest ?? 0, labels.count)
            rest = (rest ?? 0) - count
            // A block may have been cut off before.
            guard count > 0 else { continue }
            let (block, kept) = (blocks[index], labels.count - count)
            let clicks = labels[kept...].reduce(0) { $0 + Int($1) }
            training.blocks[index] = { try block().selecting(rows: Array(0..<kept)) }
            training.rows -= count
            training.clicks -= clicks
            heldOut.blocks.insert({ try block().selecting(rows: Array(kept..<kept + count)) }, at: 0)
            heldOut.days.insert(days[index], at: 0)
            heldOut.rows += count
            heldOut.clicks += clicks
        }
        return (training, heldOut)
    }

    /// The source with all clicked rows and a share of the others.
    func sampled(negativeShare share: Double, seed: UInt64) -> TrainingSource {
        guard share < 1 else { return self }
        var source = self
        source.rows = clicks + Int(Double(rows - clicks) * share)
        source.blocks = blocks.enumerated().map { number, block in
            { @Sendable in
                let batch = try block()
                var random = CounterRandom(seed: seed, stream: 0x4E45_4700_0000 &+ UInt64(number))
                return batch.selecting(
                    rows: batch.labels.indices.filter { random.uniform() < share || batch.labels[$0] == 1 })
            }
        }
        return source
    }

    /// Calls `body` with the batches of one epoch: blocks in a seeded order, rows shuffled within a pool of blocks.
    /// Memory is bounded by the pool. Every row comes once; only the last batch may be smaller. Ends when `body` is
    /// false.
    func batches(
        size: Int, seed: UInt64, epoch: Int, _ profile: StepProfile, _ body: (SparseBatch) throws -> Bool
    ) throws {
        var random = CounterRandom(seed: seed, stream: 0x5348_5546 &+ UInt64(epoch))
        let order = blocks.indices.shuffled(using: &random)
        var rest: SparseBatch?
        var next = 0
        while next < order.count {
            let pool = try profile.time(.read) {
                var pool = try rest ?? blocks[order[next]]()
                if rest == nil { next += 1 }
                // At least a batch, or rows left over from the last pool could keep the next block out for ever.
                while next < order.count, pool.rows < max(Self.poolRows, size) {
                    pool.append(try blocks[order[next]]())
                    next += 1
                }
                return pool
            }
            let rows = Array(0..<pool.rows).shuffled(using: &random)
            var start = 0
            while start + size <= rows.count {
                let batch = profile.time(.read) { pool.selecting(rows: Array(rows[start..<start + size])) }
                guard try body(batch) else { return }
                start += size
            }
            rest = start < rows.count ? pool.selecting(rows: Array(rows[start...])) : nil
        }
        if let rest { _ = try body(rest) }
    }

    static let poolRows = 262_144
}
