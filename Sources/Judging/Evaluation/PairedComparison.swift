import Foundation

/// A difference between two nets on the same rows, or a statistic of several nets' figures, with its uncertainty over
/// users.
public struct PairedComparison: Codable, Equatable, Sendable {
    /// The value on the original rows.
    public var estimate: Double
    /// The standard error over users.
    public var standardError: Double
    /// The confidence of each bound separately.
    public var confidence: Double
    public var lowerBound: Double
    public var upperBound: Double
    /// Number of replicates in which it was defined; 0 if the error is by the delta method.
    public var replicates: Int
    public var clusters: Int

    public init(
        estimate: Double, standardError: Double, confidence: Double, lowerBound: Double, upperBound: Double,
        replicates: Int, clusters: Int
    ) {
        self.estimate = estimate
        self.standardError = standardError
        self.confidence = confidence
        self.lowerBound = lowerBound
        self.upperBound = upperBound
        self.replicates = replicates
        self.clusters = clusters
    }

    /// Whether it differs from 0 by more than chance explains, at 95 %, two-sided.
    public var isClear: Bool { abs(estimate) > Self.twoSided * standardError }

    private static let twoSided = 1.96
}

extension PairedComparison {
    /// Returns the difference between two nets' mean log losses on the same rows. The error is that of a ratio of sums
    /// over clusters, by the delta method as in ``EvaluationReport/normalizedEntropyStandardError``: for a cluster of n
    /// rows, whose losses differ by d in sum, and a mean difference D over all N rows, with e = d − D · n and k
    /// clusters it is √(k / (k − 1) · Σ e²) / N.
    ///
    /// O(n) time, and one pass over the rows per `space.memoryBytes` / 16 clusters.
    ///
    /// - Parameters:
    ///   - first: The net's probabilities, `[rows]`.
    ///   - second: Those of the net whose loss is subtracted, `[rows]`.
    ///   - confidence: The confidence of each bound separately, such as 0.95.
    /// - Returns: Nil with fewer than two clusters.
    static func logLoss(
        of first: StoredColumn<Float>, minus second: StoredColumn<Float>, labels: StoredColumn<UInt8>,
        clusters: ClusterNumbers, confidence: Double, space: ScratchSpace
    ) throws(EvaluationError) -> PairedComparison? {
        guard clusters.count > 1 else { return nil }
        let size = max(1, min(clusters.count, space.memoryBytes / 16))
        var total = 0.0
        try forEach(first, second, labels, clusters) { _, difference in total += difference }
        let (rows, mean) = (Double(labels.count), total / Double(labels.count))
        var squares = 0.0
        for start in stride(from: 0, to: clusters.count, by: size) {
            var sums = [Double](repeating: 0, count: min(size, clusters.count - start))
            try forEach(first, second, labels, clusters) { cluster, difference in
                let index = cluster - start
                if sums.indices.contains(index) { sums[index] += difference - mean }
            }
            for sum in sums { squares += sum * sum }
        }
        let k = Double(clusters.count)
        let error = (k / (k - 1) * squares).squareRoot() / rows
        let half = normalQuantile(confidence) * error
        return PairedComparison(
            estimate: mean, standardError: error, confidence: confidence, lowerBound: mean - half,
            upperBound: mean + half, replicates: 0, clusters: clusters.count)
    }

    /// Passes each row's cluster, and the first net's loss minus the second's.
    private static func forEach(
        _ first: StoredColumn<Float>, _ second: StoredColumn<Float>, _ labels: StoredColumn<UInt8>,
        _ clusters: ClusterNumbers, _ body: (_ cluster: Int, _ difference: Double) -> Void
    ) throws(EvaluationError) {
        for chunk in labels.chunks {
            let (first, second) = (try first.elements(chunk), try second.elements(chunk))
            let (labels, numbers) = (try labels.elements(chunk), try clusters.numbers.elements(chunk))
            for row in labels.indices {
                func loss(_ probability: Float) -> Double {
                    ReportStream.crossEntropy(label: labels[row], probability: Double(probability))
                }
                body(Int(numbers[row]), loss(first[row]) - loss(second[row]))
            }
        }
    }

    /// Returns a quantile of the standard normal distribution, by bisection of `erfc`.
    static func normalQuantile(_ probability: Double) -> Double {
        var (low, high) = (-40.0, 40.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if 0.5 * erfc(-middle / 2.0.squareRoot()) < probability { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
