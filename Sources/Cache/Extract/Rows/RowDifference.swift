import Days
import FeatureCache
import Postgres

/// The difference between two builds of a day. Rows are identified by the key that the cache keeps of their ids.
public struct RowDifference: Equatable, Sendable, CustomStringConvertible {
    public var labelsFlipped = 0
    public var rowsAdded = 0
    public var rowsGone = 0

    public init(labelsFlipped: Int = 0, rowsAdded: Int = 0, rowsGone: Int = 0) {
        self.labelsFlipped = labelsFlipped
        self.rowsAdded = rowsAdded
        self.rowsGone = rowsGone
    }

    public var description: String {
        "\(labelsFlipped) labels flipped, \(rowsAdded) rows added, \(rowsGone) rows gone"
    }

    /// Compares the files of two builds. Keys are compared one part at a time, so memory does not depend on the number
    /// of rows: about 40 bytes for each of `rowsAtOnce`.
    ///
    /// - Throws: `CacheError` if a file of the new build cannot be read; missing or damaged files of the old one count
    ///   as empty.
    public static func between(_ old: [String], _ new: [String]) throws -> RowDifference {
        let oldReaders = old.compactMap { try? CacheReader(path: $0) }
        let newReaders = try new.map { try CacheReader(path: $0) }
        let rows = (oldReaders + newReaders).reduce(0) { $0 + $1.header.rows }
        let passes = UInt32(rows / rowsAtOnce + 1)
        var difference = RowDifference()
        for pass in 0..<passes {
            // By key: old minus new rows without and with a click.
            var balance: [UInt32: (unclicked: Int32, clicked: Int32)] = [:]
            func count(_ block: SparseBatch, _ step: Int32) {
                for (key, label) in zip(block.keys, block.labels) where key % passes == pass {
                    if label == 1 {
                        balance[key, default: (0, 0)].clicked += step
                    } else {
                        balance[key, default: (0, 0)].unclicked += step
                    }
                }
            }
            for reader in oldReaders {
                for number in 0..<reader.blockCount { (try? reader.block(number)).map { count($0, 1) } }
            }
            for reader in newReaders {
                for number in 0..<reader.blockCount { count(try reader.block(number), -1) }
            }
            for (unclicked, clicked) in balance.values {
                // A row whose label changed leaves one of each, with opposite signs.
                let flipped = unclicked.signum() * clicked.signum() < 0 ? min(abs(unclicked), abs(clicked)) : 0
                difference.labelsFlipped += Int(flipped)
                let rest = unclicked + clicked
                if rest > 0 { difference.rowsGone += Int(rest) } else { difference.rowsAdded -= Int(rest) }
            }
        }
        return difference
    }

    /// Writes the difference to `rocket.cache_rebuilds`.
    public func record(_ specificationHash: String, _ day: Day, on connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO rocket.cache_rebuilds (specification_hash, day, labels_flipped, rows_added, rows_gone)
            VALUES ($1, $2::text::date, $3, $4, $5)
            """,
            [
                .text(specificationHash), .text(day.description), .int(labelsFlipped), .int(rowsAdded),
                .int(rowsGone),
            ])
    }

    private static let rowsAtOnce = 4_000_000
}
