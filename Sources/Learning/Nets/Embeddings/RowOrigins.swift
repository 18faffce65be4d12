/// Where the rows of tables of ids lie in the tables of an earlier model.
package struct RowOrigins {
    /// The earlier row of each id, by field; nil where an id is the number of its row.
    private let rows: [[UInt32]?]
    private let earlier: IDTables

    package init(_ ids: IDTables, in earlier: IDTables) {
        self.earlier = earlier
        rows = ids.tables.enumerated().map { field, table in
            table.flatMap { table in earlier[field].map { $0.rows(of: table.ids) } }
        }
    }

    /// Rows of the earlier table that an array belongs to; nil: as many as now, at the same places.
    package func rows(of sharding: NamedArray.Sharding) -> Int? {
        guard sharding.field < rows.count, rows[sharding.field] != nil else { return nil }
        return earlier[sharding.field]?.rows
    }

    /// The earlier row of a row. An id that was not known has the weights of those that were not, and nothing that an
    /// optimiser remembers: nil.
    package func row(_ row: Int, of sharding: NamedArray.Sharding) -> Int? {
        guard let ids = rows[sharding.field], let earlier = earlier[sharding.field] else { return nil }
        if row == 0 { return 0 }
        if row > ids.count { return earlier.unseenRow }
        let origin = Int(ids[row - 1])
        return origin == earlier.unseenRow && !sharding.isWeights ? nil : origin
    }
}
