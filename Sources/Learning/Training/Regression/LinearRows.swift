import FeatureCache
import Nets

/// A batch as logistic regression sees it: each row is a list of inputs and their numbers.
struct LinearRows {
    let labels: [UInt8]
    private let fields: [FieldIDs]
    private let isMean: [Bool]
    private let numerics: [(shape: NumericShape, values: [Float])]

    init(_ batch: SparseBatch, _ layout: InputLayout) {
        labels = batch.labels
        fields = InputRows(batch).ids
        isMean = layout.fields.map { $0.pooling == .mean }
        numerics = zip(layout.numerics, batch.numerics).map { (shape: $0, values: $1) }
    }

    /// The inputs of a row: 1 for each of its ids, the standardised numbers, 1 for each number that is missing.
    func read(_ row: Int, into inputs: inout Inputs) {
        inputs.keys.removeAll(keepingCapacity: true)
        inputs.values.removeAll(keepingCapacity: true)
        for field in fields.indices {
            let places = fields[field].range(row)
            let value: Float = isMean[field] ? 1 / Float(max(1, places.count)) : 1
            for place in places { inputs.append(field, id: fields[field].ids[place], value) }
        }
        for (index, numeric) in numerics.enumerated() {
            let (value, isMissing) = numeric.shape.input(numeric.values[row])
            inputs.append(fields.count + index, id: isMissing > 0 ? 1 : 0, isMissing > 0 ? 1 : value)
        }
    }

    struct Inputs {
        fileprivate(set) var keys: [UInt64] = []
        fileprivate(set) var values: [Float] = []

        /// - Parameter column: of fields and, after them, numerics.
        fileprivate mutating func append(_ column: Int, id: UInt32, _ value: Float) {
            // From 1 on: a key of 0 is a free slot.
            keys.append(UInt64(column + 1) << 32 | UInt64(id))
            values.append(value)
        }
    }
}
