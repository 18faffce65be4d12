import Arrays
import Nets

/// Updates by gradients of rows alone.
extension EmbeddingTables {
    private func found(_ field: Int, _ ids: [FieldIDs], _ rows: Int) -> [FieldOccurrences] {
        let occurrences = layout.fields.map { _ in FieldOccurrences() }
        find(field: field, ids, rows: rows, into: occurrences)
        return occurrences
    }

    /// - Parameter dx: `[rows, inputWidth]`.
    func update(field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray, learningRate: Float) {
        update(
            field: field, found(field, ids, rows), InputGradients(rows: dx), learningRate: learningRate)
    }

    func squaredNorm(field: Int, _ ids: [FieldIDs], rows: Int, gradient dx: FloatArray) -> Double {
        squaredNorm(field: field, found(field, ids, rows), InputGradients(rows: dx))
    }
}
