/// The rows of every embedding table that one of several ranks keeps.
///
/// A row is kept by rank `hash(row) mod ranks`. The hash turns each run of `ranks` rows by an amount of the run's own,
/// so that every rank has one row of each run: all have as many, the frequent ones among them at random, and a row's
/// place at its rank is the number of its run, which needs no table.
public struct TableShard: Codable, Equatable, Sendable {
    public let rank, ranks: Int

    /// All rows.
    public static let whole = TableShard(rank: 0, ranks: 1)

    public init(rank: Int, ranks: Int) {
        self.rank = rank
        self.ranks = ranks
    }

    /// Which rank keeps a row.
    public func owner(of row: Int) -> Int { (row % ranks + turn(row / ranks)) % ranks }

    /// Where its rank keeps a row.
    public func place(of row: Int) -> Int { row / ranks }

    /// Which row this rank keeps at a place; none where it is not below the table's rows.
    public func row(at place: Int) -> Int { place * ranks + (rank + ranks - turn(place)) % ranks }

    /// Places that each rank has for a table.
    public func places(for rows: Int) -> Int { (rows + ranks - 1) / ranks }

    private func turn(_ run: Int) -> Int {
        // Multiplicative hashing by the golden ratio (Knuth, The Art of Computer Programming 3, section 6.4).
        Int((UInt64(truncatingIfNeeded: run) &* 0x9E37_79B9_7F4A_7C15) >> 33) % ranks
    }
}
