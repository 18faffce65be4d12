import Collectives
import FeatureCache

/// How the rows of a training are dealt to ranks.
///
/// Block `i` belongs to share `i mod shares`, and share `s` to rank `s mod ranks`. Every batch takes from each share its part,
/// in proportion to the share's rows, so that all shares end with the same step. What a batch consists of follows from the
/// number of shares alone, not from that of the ranks.
struct RankShares: Sendable {
    /// Rows of each share in an epoch.
    let rows: [Int]
    /// Of an epoch.
    let steps: Int
    private let rank, ranks: Int

    /// - Parameter batchSize: no batch has more rows; not less than there are shares.
    init(rows: [Int], batchSize: Int, rank: Int, ranks: Int) {
        self.rows = rows
        self.rank = rank
        self.ranks = ranks
        precondition(batchSize >= rows.count)
        var steps = max(1, (rows.reduce(0, +) + batchSize - 1) / batchSize)
        // The shares' parts are rounded each by itself.
        while rows.reduce(0, { $0 + ($1 + steps - 1) / steps }) > batchSize { steps += 1 }
        self.steps = steps
    }

    /// Counts the shares' rows, each rank its own, by reading them: sampling and cut-off rows tell nobody beforehand.
    ///
    /// - Throws: what reading a block throws, on all ranks.
    init(_ source: TrainingSource, shares: Int, batchSize: Int, over collective: any Collective) throws {
        var counts = [Double](repeating: 0, count: shares)
        var failure: (any Error)?
        do {
            for (number, block) in source.blocks.enumerated()
            where (number % shares) % collective.ranks == collective.rank {
                counts[number % shares] += Double(try block().rows)
            }
        } catch {
            failure = error
        }
        try collective.agree(failure)
        let rows = try collective.startGather(counts).sum().map { Int($0) }
        self.init(rows: rows, batchSize: batchSize, rank: collective.rank, ranks: collective.ranks)
    }

    var own: [Int] { rows.indices.filter { $0 % ranks == rank } }

    /// Rows that a share gives to a step of an epoch.
    func rows(of share: Int, step: Int) -> Int { rows[share] * (step + 1) / steps - rows[share] * step / steps }

    /// Rows of a whole batch.
    func batchRows(step: Int) -> Int { rows.indices.reduce(0) { $0 + rows(of: $1, step: step) } }

    /// The numbers that this rank's rows have in the whole batch.
    func rowNumbers(step: Int) -> [UInt32] {
        var numbers: [UInt32] = []
        var start = 0
        for share in rows.indices {
            let count = rows(of: share, step: step)
            if share % ranks == rank { numbers += UInt32(start)..<UInt32(start + count) }
            start += count
        }
        return numbers
    }
}
