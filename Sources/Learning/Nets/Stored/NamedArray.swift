import Arrays

/// An array with its name in a file.
package struct NamedArray {
    package var name: String
    package var array: FloatArray
    /// How the ranks keep parts of the array; nil: every rank has all of it.
    package var sharding: Sharding?

    /// How an array that belongs to a table is cut: by the table's rows.
    package struct Sharding {
        package var shard: TableShard
        /// Whose table it is.
        package var field: Int
        /// Rows of the whole table.
        package var rows: Int
        /// Floats a row.
        package var width: Int
        /// Whether it holds weights, and not what an optimiser remembers of them.
        package var isWeights: Bool

        package init(shard: TableShard, field: Int, rows: Int, width: Int, isWeights: Bool) {
            self.shard = shard
            self.field = field
            self.rows = rows
            self.width = width
            self.isWeights = isWeights
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
        layout.ownFields.map {
            NamedArray("\(name).\(layout.fields[$0].name)", tables[$0], sharding($0, dims[$0], isWeights: true))
        }
    }

    /// What the optimiser remembers of them, `<name>_squares.<field>` and `<name>_leads.<field>`.
    package func optimiserArrays(_ name: String) -> [NamedArray] {
        layout.ownFields.flatMap { field in
            let end = layout.fields[field].name
            let places = max(1, shard.places(for: layout.fields[field].storedRows))
            return [
                NamedArray(
                    "\(name)_squares.\(end)", squares[field],
                    sharding(field, squares[field].count / places, isWeights: false)),
                NamedArray("\(name)_leads.\(end)", leads[field], sharding(field, dims[field], isWeights: false)),
            ]
        }
    }

    private func sharding(_ field: Int, _ width: Int, isWeights: Bool) -> NamedArray.Sharding {
        NamedArray.Sharding(
            shard: shard, field: field, rows: layout.fields[field].storedRows, width: width, isWeights: isWeights)
    }
}

extension NamedArray {
    /// Takes the rows of this array's shard from an array of another one.
    ///
    /// - Parameters:
    ///   - values: of `shard`, as many places as that has for the table.
    ///   - origins: where a whole array of an earlier model has the rows; nil: where this one has them.
    package func takeRows(from values: FloatArray, of shard: TableShard, _ origins: RowOrigins? = nil) {
        guard let sharding else { return array.copy(values) }
        if let origins, let earlier = origins.rows(of: sharding) {
            precondition(shard == .whole && values.count == earlier * sharding.width)
            return takeRows(from: values, origins, sharding)
        }
        let (own, width) = (sharding.shard, sharding.width)
        for place in 0..<shard.places(for: sharding.rows) {
            let row = shard.row(at: place)
            guard row < sharding.rows, own.owner(of: row) == own.rank else { continue }
            array.copy(values, from: place * width, to: own.place(of: row) * width, count: width)
        }
    }

    private func takeRows(from values: FloatArray, _ origins: RowOrigins, _ sharding: Sharding) {
        let (own, width) = (sharding.shard, sharding.width)
        for place in 0..<own.places(for: sharding.rows) {
            let row = own.row(at: place)
            guard row < sharding.rows, let origin = origins.row(row, of: sharding) else { continue }
            array.copy(values, from: origin * width, to: place * width, count: width)
        }
    }
}
