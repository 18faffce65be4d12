import Evaluation
import FeatureCache
import Training

/// The logits of a day's impressions that were scored from another cache of the day, found by the keys of their ids.
///
/// Both caches have the impressions in the order of their times, but each may lack some that the other has, and their
/// orders may differ: by how much does not matter.
final class MatchedLogits {
    private var rows: RowsByKey
    private let values: StoredColumn<Float>
    /// The logits read last; where the orders are alike, the next ones are among them.
    private var chunk: (rows: Range<Int>, values: [Float]) = (0..<0, [])
    /// The row that comes next if nothing is missing.
    private var next = 0
    private(set) var missing = 0

    private static let chunkRows = 4_096

    /// Scores another cache of the day.
    ///
    /// - Parameter progress: told the rows so far.
    convenience init(
        of net: Scorer?, _ readers: [CacheReader], _ space: ScratchSpace, progress: (Int) throws -> Void
    ) throws {
        let places = readers.flatMap { reader in (0..<reader.blockCount).map { (reader, $0) } }
        var done = 0
        try self.init(blocks: places.count, in: space) { index in
            let (reader, number) = places[index]
            let block = try reader.block(number)
            done += block.rows
            try progress(done)
            return (block.keys, net?.logits(block) ?? [Float](repeating: .nan, count: block.rows))
        }
    }

    /// - Parameter block: the keys and logits of a block's rows, asked for in order.
    init(
        blocks: Int, in space: ScratchSpace, block: (Int) throws -> (keys: [UInt32], logits: [Float])
    ) throws {
        var rows = RowsByKey.Writer(space)
        let values = ColumnWriter<Float>(space)
        for index in 0..<blocks {
            let (keys, logits) = try block(index)
            try rows.append(keys)
            try values.append(logits)
        }
        self.rows = try rows.finish()
        self.values = try values.finish()
    }

    /// The logits of rows with these keys, NaN for those that the other cache lacks. Blocks come in order.
    func logits(of keys: [UInt32]) throws -> [Float] {
        try keys.map { key in
            guard let row = try rows.take(key, near: next) else {
                missing += 1
                return .nan
            }
            next = row + 1
            return try logit(row)
        }
    }

    private func logit(_ row: Int) throws -> Float {
        if !chunk.rows.contains(row) {
            let start = row - row % Self.chunkRows
            let rows = start..<min(start + Self.chunkRows, values.count)
            chunk = (rows, try values.elements(rows))
        }
        return chunk.values[row - chunk.rows.lowerBound]
    }
}
