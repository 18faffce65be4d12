/// A map from numbers to quantile buckets: `id = 1 + (boundaries below the number)`; a number equal to a boundary falls
/// below it; id 0 is "missing".
public struct QuantileBuckets: Sendable {
    private let boundaries: [Double]

    /// - Parameter boundaries: Upper bounds of all buckets but the last, ascending.
    public init(boundaries: [Double]) {
        self.boundaries = boundaries
    }

    /// Returns the id of a number; NaN is missing. O(log buckets).
    public func id(_ value: Double) -> UInt32 {
        if value.isNaN { return FeatureHasher.missing }
        var low = 0
        var high = boundaries.count
        while low < high {
            let middle = (low + high) / 2
            if boundaries[middle] < value { low = middle + 1 } else { high = middle }
        }
        return UInt32(1 + low)
    }
}
