import Nets

/// How many ids each rank has of each field with its own table.
struct IDCounts: Sendable {
    let ranks, fields: Int
    /// `[ranks × fields]`
    private let counts: [Int]

    init(ranks: Int, fields: Int, _ counts: [Int]) {
        (self.ranks, self.fields) = (ranks, fields)
        self.counts = counts
    }

    subscript(rank: Int, field: Int) -> Int { counts[rank * fields + field] }

    /// Ids of all fields. `[ranks]`
    var totals: [Int] { (0..<ranks).map { counts[$0 * fields..<($0 + 1) * fields].reduce(0, +) } }

    /// Where a rank's ids of a field lie among all of its ids.
    func places(_ rank: Int, _ field: Int) -> Range<Int> {
        let start = counts[rank * fields..<rank * fields + field].reduce(0, +)
        return start..<start + self[rank, field]
    }
}

/// Where the floats of each rank, field and table lie, one behind the other in this order.
struct ExchangeLayout: Sendable {
    /// Floats of each rank. `[ranks]`
    let floats: [Int]
    private let fields, tables: Int
    /// `[ranks × fields × tables]`
    private let starts: [Int]

    /// - Parameter widths: floats per id. `[fields × tables]`
    init(_ ids: IDCounts, widths: [Int]) {
        fields = ids.fields
        tables = widths.count / max(1, ids.fields)
        var (starts, floats): ([Int], [Int]) = ([], [])
        var end = 0
        for rank in 0..<ids.ranks {
            let first = end
            for (index, width) in widths.enumerated() {
                starts.append(end)
                end += ids[rank, index / tables] * width
            }
            floats.append(end - first)
        }
        (self.starts, self.floats) = (starts, floats)
    }

    /// Where the floats of a rank begin for a field and a table.
    func start(_ rank: Int, field: Int, table: Int) -> Int { starts[(rank * fields + field) * tables + table] }

    /// Floats of all ranks.
    var count: Int { floats.reduce(0, +) }
}
