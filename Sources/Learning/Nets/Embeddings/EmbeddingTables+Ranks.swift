import Arrays

/// What a rank gives for some rows that another one keeps: their places there, and where the gradients begin among the
/// floats that it has sent, `[places, dim]`.
public struct RowContribution: Sendable {
    public var places: ArraySlice<UInt32>
    public var start: Int

    public init(places: ArraySlice<UInt32>, start: Int) {
        self.places = places
        self.start = start
    }
}

/// The ways of rows and gradients between the rank that keeps a row and those whose batches have it.
extension EmbeddingTables {
    // MARK: At the rank that keeps the rows

    /// Copies rows `[places, dim]` to where they are sent from.
    package func copyRows(field: Int, _ places: ArraySlice<UInt32>, to sent: FloatArray, at start: Int) {
        let dim = dims[field]
        precondition(start + places.count * dim <= sent.count)
        lending(tables[field], sent) { table, sent in
            var target = sent + start
            for place in places {
                precondition((Int(place) + 1) * dim <= tables[field].count)
                Kernels.copy(table + Int(place) &* dim, into: target, count: dim)
                target += dim
            }
        }
    }

    /// As `update(field:…)`, with the gradients that the ranks have sent, added up in their order.
    package func update(
        field: Int, _ contributions: [RowContribution], of received: FloatArray, scale: Float, learningRate: Float
    ) {
        coalesce(field: field, contributions, of: received) {
            update(field: field, row: $0, gradient: $1, scale: scale, learningRate: learningRate)
        }
    }

    /// As `squaredNorm(field:…)`, of the rows that this rank keeps.
    package func squaredNorm(field: Int, _ contributions: [RowContribution], of received: FloatArray) -> Double {
        var sum = 0.0
        let dim = dims[field]
        coalesce(field: field, contributions, of: received) { _, gradient in
            for column in 0..<dim { sum += Double(gradient[column]) * Double(gradient[column]) }
        }
        return sum
    }

    // MARK: At the rank whose batch has the rows

    /// Makes room for the rows of a batch.
    ///
    /// - Parameter slots: different ids of a field's table in the batch.
    package func borrow(field: Int, slots: Int) {
        borrowed?.reserve(field: field, slots: slots, dim: dims[field])
    }

    /// Takes rows that have come for some slots.
    package func takeRows(field: Int, slots: Range<Int>, from received: FloatArray, at start: Int) {
        borrowed?.rows[field].copy(
            received, from: start, to: slots.lowerBound * dims[field], count: slots.count * dims[field])
    }

    /// Adds up each slot's gradient, in the order of fields and rows.
    ///
    /// - Parameter occurrences: of all fields, whose ids are slots.
    package func sumGradients(field: Int, _ occurrences: [FieldOccurrences], _ gradients: InputGradients) {
        guard let borrowed else { return }
        let dim = dims[field]
        let sums = borrowed.gradients[field]
        sums.clear(0..<borrowed.counts[field] * dim)
        sums.lend { sums in
            forEachGradient(field: field, occurrences, gradients) { slot, gradient in
                (sums + slot &* dim).update(from: gradient, count: dim)
            }
        }
    }

    /// Copies the gradients of some slots to where they are sent from.
    package func copyGradients(field: Int, slots: Range<Int>, to sent: FloatArray, at start: Int) {
        guard let borrowed else { return }
        sent.copy(
            borrowed.gradients[field], from: slots.lowerBound * dims[field], to: start,
            count: slots.count * dims[field])
    }
}
