import FeatureCache

/// How the rows of a training are dealt.
///
/// Block `i` belongs to share `i mod shares`. Every batch takes from each share its part, in proportion to the share's
/// rows, so that all shares end with the same step. What a batch consists of follows from the number of shares alone,
/// not from who reads which.
struct RowShares: Sendable {
    /// Rows of each share in an epoch.
    let rows: [Int]
    /// Steps of an epoch.
    let steps: Int
    /// Those that are read here.
    let own: [Int]

    /// - Parameter batchSize: no batch has more rows; not less than there are shares.
    init(rows: [Int], batchSize: Int, own: [Int]) {
        self.rows = rows
        self.own = own
        precondition(batchSize >= rows.count)
        var steps = max(1, (rows.reduce(0, +) + batchSize - 1) / batchSize)
        // The parts of the shares are rounded separately.
        while rows.reduce(0, { $0 + ($1 + steps - 1) / steps }) > batchSize { steps += 1 }
        self.steps = steps
    }

    /// Counts the shares' rows by reading them, each peer those that it reads: sampling and cut-off rows tell nobody
    /// beforehand.
    ///
    /// - Throws: what reading a block throws, on all peers.
    init(_ source: TrainingSource, shares: Int, batchSize: Int, _ peers: any Peers) throws {
        var counts = [Double](repeating: 0, count: shares)
        try peers.together {
            for (number, block) in source.blocks.enumerated() where peers.reads(number % shares) {
                counts[number % shares] += Double(try block().rows)
            }
        }
        self.init(
            rows: try peers.sum(counts).map { Int($0) }, batchSize: batchSize,
            own: (0..<shares).filter { peers.reads($0) })
    }

    /// Rows that a share gives to a step of an epoch.
    func rows(of share: Int, step: Int) -> Int { rows[share] * (step + 1) / steps - rows[share] * step / steps }

    /// Rows of a whole batch.
    func batchRows(step: Int) -> Int { rows.indices.reduce(0) { $0 + rows(of: $1, step: step) } }

    /// The numbers that the rows here have in the whole batch.
    func rowNumbers(step: Int) -> [UInt32] {
        var numbers: [UInt32] = []
        var start = 0
        for share in rows.indices {
            let count = rows(of: share, step: step)
            if own.contains(share) { numbers += UInt32(start)..<UInt32(start + count) }
            start += count
        }
        return numbers
    }
}
