import Arrays

/// Rows that no training row had: they would score with the random numbers they began with. The mean of the trained
/// rows is what the nets expect of an id that they know nothing about.
extension EmbeddingTables {
    /// Which of the untrained rows are meant.
    package enum UntrainedRows {
        case all
        /// The row of unknown ids in tables of ids.
        case shared
    }

    /// The sums over the trained rows of each field with its own table `[dim]`, each followed by how many these
    /// are. The missing value's row and the one that ids share count for nothing.
    ///
    /// - Parameter weights: tables of the same rows: these, or a copy.
    package func sumsOfTrainedRows(_ which: UntrainedRows, of weights: EmbeddingTables) -> [Double] {
        var sums: [Double] = []
        for field in fields(which) {
            let (dim, shape) = (dims[field], layout.fields[field])
            var sum = [Double](repeating: 0, count: dim + 1)
            weights.tables[field].lend { table in
                for place in 0..<shard.places(for: shape.storedRows) {
                    let row = shard.row(at: place)
                    guard row > 0, row < shape.storedRows, row != shape.sharedRow, isTrained(field, place) else {
                        continue
                    }
                    for column in 0..<dim { sum[column] += Double(table[place &* dim &+ column]) }
                    sum[dim] += 1
                }
            }
            sums += sum
        }
        return sums
    }

    /// Sets untrained rows to the mean of the trained ones.
    ///
    /// - Parameters:
    ///   - weights: whose rows are set.
    ///   - sums: as `sumsOfTrainedRows` gives them, of all shards.
    package func setUntrainedRows(_ which: UntrainedRows, of weights: EmbeddingTables, toMeanOf sums: [Double]) {
        var start = 0
        for field in fields(which) {
            let (dim, shape) = (dims[field], layout.fields[field])
            defer { start += dim + 1 }
            let count = sums[start + dim]
            guard count > 0 else { continue }
            let mean = (0..<dim).map { Float(sums[start + $0] / count) }
            for place in 0..<shard.places(for: shape.storedRows) {
                let row = shard.row(at: place)
                guard row < shape.storedRows, which == .all || row == shape.sharedRow, !isTrained(field, place) else {
                    continue
                }
                for column in 0..<dim { weights.tables[field][place * dim + column] = mean[column] }
            }
        }
    }

    private func fields(_ which: UntrainedRows) -> [Int] {
        layout.ownFields.filter { which == .all || layout.fields[$0].hasIDTable == true }
    }

    /// Whether a row ever had a gradient, by what the optimiser remembers of it.
    private func isTrained(_ field: Int, _ place: Int) -> Bool {
        let width = squares[field].count == tables[field].count ? dims[field] : 1
        return (place * width..<(place + 1) * width).contains { squares[field][$0] > 0 }
    }
}
