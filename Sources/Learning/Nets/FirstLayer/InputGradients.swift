import Arrays

/// What the nets that read some tables say of the gradient of their input in one step: by rows, by distinct ids, or
/// both where several nets read them.
package final class InputGradients: @unchecked Sendable {
    private let sums: GrowingFloats
    /// Floats of a whole batch, for which there is memory once a net reads whole rows.
    private let size: Int
    /// `[batch, inputWidth]`, of the nets that read whole rows.
    package var rows: FloatArray { sums.array }
    /// Whether `rows` is of this step.
    package private(set) var hasRows: Bool
    /// Whether some net reads whole rows in this step.
    package private(set) var hasReaders = false
    /// First layers that take some fields by ids; those that do not in this step, or do not train the tables, count for
    /// nothing.
    package private(set) var firstLayers: [FirstLayer] = []

    /// Of nets that all read whole rows.
    package init(rows: FloatArray) {
        (sums, size, hasRows) = (GrowingFloats(rows), rows.count, true)
    }

    /// Of nets that say in each step how they read the tables.
    ///
    /// - Parameter size: floats of a whole batch's input.
    package init(size: Int) {
        (sums, self.size, hasRows) = (GrowingFloats(most: size), size, false)
    }

    package func add(_ layer: FirstLayer) { firstLayers.append(layer) }

    /// Before the nets of a step say how they read the tables.
    package func clear() { (hasRows, hasReaders) = (false, false) }

    /// Counts a net that reads whole rows.
    ///
    /// - Returns: what becomes of its input's gradient: the first one's is written, that of others added.
    package func addReader(trains: Bool) -> DenseNet.InputGradient {
        hasReaders = true
        guard trains else { return .none }
        sums.reserve(size)
        defer { hasRows = true }
        return hasRows ? .added(rows) : .written(rows)
    }
}
