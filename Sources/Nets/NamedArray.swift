/// An array with its name in a file.
package struct NamedArray {
    package var name: String
    package var array: FloatArray
    /// Of an array that the ranks keep parts of; nil: every rank has all of it.
    package var sharding: Sharding?

    /// How an array that belongs to a table is cut: by the table's rows.
    package struct Sharding {
        package var shard: TableShard
        /// Of the whole table.
        package var rows: Int
        /// Floats a row.
        package var width: Int

        package init(shard: TableShard, rows: Int, width: Int) {
            self.shard = shard
            self.rows = rows
            self.width = width
        }
    }

    package init(_ name: String, _ array: FloatArray, _ sharding: Sharding? = nil) {
        self.name = name
        self.array = array
        self.sharding = sharding
    }
}

extension EmbeddingTables {
    /// The tables of all fields that own one, `<name>.<field>`.
    package func arrays(_ name: String) -> [NamedArray] {
        layout.ownFields.map { NamedArray("\(name).\(layout.fields[$0].name)", tables[$0], sharding($0, dims[$0])) }
    }

    /// What the optimiser remembers of them, `<name>_squares.<field>` and `<name>_leads.<field>`.
    package func optimiserArrays(_ name: String) -> [NamedArray] {
        layout.ownFields.flatMap { field in
            let end = layout.fields[field].name
            let places = max(1, shard.places(for: layout.fields[field].storedRows))
            return [
                NamedArray("\(name)_squares.\(end)", squares[field], sharding(field, squares[field].count / places)),
                NamedArray("\(name)_leads.\(end)", leads[field], sharding(field, dims[field])),
            ]
        }
    }

    private func sharding(_ field: Int, _ width: Int) -> NamedArray.Sharding {
        NamedArray.Sharding(shard: shard, rows: layout.fields[field].storedRows, width: width)
    }
}

extension NamedArray {
    /// Takes the rows of this array's shard from an array of another one.
    ///
    /// - Parameter values: of `shard`, as many places as that has for the table.
    package func takeRows(from values: FloatArray, of shard: TableShard) {
        guard let sharding else { return array.copy(values) }
        let (own, width) = (sharding.shard, sharding.width)
        for place in 0..<shard.places(for: sharding.rows) {
            let row = shard.row(at: place)
            guard row < sharding.rows, own.owner(of: row) == own.rank else { continue }
            array.copy(values, from: place * width, to: own.place(of: row) * width, count: width)
        }
    }
}
