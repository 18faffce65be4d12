import CounterRandom
import Nets
import Synchronization

/// A Poisson bootstrap of AUCs in which whole clusters (users) are drawn, because impressions of one user are not
/// independent of each other: in each replicate a cluster's rows count Poisson(1) times, the same for every net, so
/// differences of nets are paired (Chamandy et al., "Estimating Uncertainty for Massive Data Streams", Google, 2012).
public struct PairedBootstrap: Sendable {
    /// How often clusters were drawn.
    public let replicates: Int
    /// Clusters among the rows.
    public let clusters: Int
    /// AUC of each net on the rows as they are; nil when one class only occurs. `[nets]`
    public let aucs: [Double?]
    /// AUC of each net in each replicate, nil likewise. `[nets][replicates]`
    public let replicateAUCs: [[Double?]]

    /// O(nets · (n log n + replicates · n)) time, 4 bytes a row and net.
    ///
    /// - Parameters:
    ///   - scores: of each net, any finite numbers. `[nets][rows]`
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - clusters: equal numbers are one cluster; 0 stands for "none", such a row is a cluster by itself. Empty: each row
    ///     is one. `[rows]` or `[]`
    ///   - seed: the same one gives the same replicates, whatever the number of threads.
    public init(
        scores: [[Float]], labels: [UInt8], clusters: [UInt64], replicates: Int, seed: UInt64 = 1,
        threads: Parallel = Parallel(threads: 1)
    ) throws(EvaluationError) {
        guard clusters.isEmpty || clusters.count == labels.count else {
            throw .lengthsDiffer(what: "groups", count: clusters.count, labels: labels.count)
        }
        let (numbers, count) = Self.numbered(clusters, rows: labels.count)
        var nets: [SortedRows] = []
        for scores in scores { nets.append(try SortedRows(scores: scores, labels: labels, clusters: numbers)) }
        aucs = nets.map { $0.auc { _ in 1 } }
        self.replicates = replicates
        self.clusters = count
        let sorted = nets
        let found = Mutex([[Double?]](repeating: [], count: replicates))
        threads.perform(parts: replicates) { replicate in
            let weights = Self.weights(clusters: count, seed: seed, replicate: replicate)
            let aucs = weights.withUnsafeBufferPointer { weights in sorted.map { $0.auc { Int(weights[$0]) } } }
            found.withLock { $0[replicate] = aucs }
        }
        let byReplicate = found.withLock { $0 }
        replicateAUCs = nets.indices.map { net in byReplicate.map { $0[net] } }
    }

    /// How a number that is made of the nets' AUCs varies over the replicates.
    ///
    /// - Parameters:
    ///   - confidence: of each bound by itself, such as 0.95.
    ///   - statistic: of the nets' AUCs; nil where it is not defined, and such replicates are left out.
    /// - Returns: nil where the statistic is not defined on the rows as they are, or in fewer than half of the replicates.
    public func comparison(confidence: Double, _ statistic: ([Double]) -> Double?) -> AUCComparison? {
        func value(_ aucs: [Double?]) -> Double? {
            let defined = aucs.compactMap { $0 }
            return defined.count == aucs.count ? statistic(defined) : nil
        }
        guard let estimate = value(aucs) else { return nil }
        let values = (0..<replicates).compactMap { replicate in value(replicateAUCs.map { $0[replicate] }) }.sorted()
        guard values.count >= 2, 2 * values.count >= replicates else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        // The order statistic on the far side, so that a bound is never too bold.
        let cut = Int((1 - confidence) * Double(values.count))
        return AUCComparison(
            estimate: estimate, standardError: (squares / Double(values.count - 1)).squareRoot(),
            confidence: confidence,
            lowerBound: values[max(0, cut - 1)], upperBound: values[min(values.count - 1, values.count - cut)],
            replicates: values.count, clusters: clusters)
    }

    /// Clusters as numbers from 0 on.
    private static func numbered(_ clusters: [UInt64], rows: Int) -> (numbers: [UInt32], count: Int) {
        guard !clusters.isEmpty else { return ((0..<rows).map { UInt32($0) }, rows) }
        var known: [UInt64: UInt32] = [:]
        var count: UInt32 = 0
        let numbers = clusters.map { cluster in
            if cluster != 0, let number = known[cluster] { return number }
            defer { count += 1 }
            if cluster != 0 { known[cluster] = count }
            return count
        }
        return (numbers, Int(count))
    }

    /// How often each cluster counts in a replicate.
    private static func weights(clusters: Int, seed: UInt64, replicate: Int) -> [UInt8] {
        var random = CounterRandom(seed: seed, stream: UInt64(replicate))
        return (0..<clusters).map { _ in
            let draw = random.uniform()
            var weight = 0
            while weight < poisson.count, draw >= poisson[weight] { weight += 1 }
            return UInt8(weight)
        }
    }

    /// The distribution function of Poisson(1) at 0, 1, 2, …, until a Double tells no difference from 1.
    private static let poisson: [Double] = {
        var (term, sum) = (0.36787944117144233, 0.0)
        return (0..<18).map { k in
            if k > 0 { term /= Double(k) }
            sum += term
            return sum
        }
    }()
}

/// A number made of AUCs, with its uncertainty over users.
public struct AUCComparison: Codable, Equatable, Sendable {
    /// On the day as it was.
    public var estimate: Double
    /// Standard deviation over the replicates.
    public var standardError: Double
    /// Of each bound by itself.
    public var confidence: Double
    public var lowerBound: Double
    public var upperBound: Double
    /// Replicates in which it was defined.
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
}

/// Rows in the order of a net's scores: all that an AUC with other weights needs.
private struct SortedRows: Sendable {
    /// Cluster · 4 + 2 where a new score begins + label. `[rows]`
    private let rows: [UInt32]

    init(scores: [Float], labels: [UInt8], clusters: [UInt32]) throws(EvaluationError) {
        guard scores.count == labels.count else {
            throw .lengthsDiffer(what: "scores", count: scores.count, labels: labels.count)
        }
        for row in scores.indices where !scores[row].isFinite {
            throw .nonFiniteScore(row: row, value: Double(scores[row]))
        }
        let order = (0..<UInt32(scores.count)).sorted { scores[Int($0)] < scores[Int($1)] }
        var last = Float.nan
        rows = order.map { index in
            let row = Int(index)
            defer { last = scores[row] }
            return clusters[row] << 2 | (scores[row] == last ? 0 : 2) | UInt32(labels[row] & 1)
        }
    }

    /// As `ScoreRanking.auc`, each row counted as often as its cluster's weight says.
    func auc(weight: (Int) -> Int) -> Double? {
        var (doubledWins, othersBelow, clicks, runClicks, runOthers) = (0, 0, 0, 0, 0)
        func endRun() {
            doubledWins &+= runClicks &* (2 &* othersBelow &+ runOthers)
            othersBelow &+= runOthers
            clicks &+= runClicks
            (runClicks, runOthers) = (0, 0)
        }
        for row in rows {
            if row & 2 != 0 { endRun() }
            let count = weight(Int(row >> 2))
            let clicked = Int(row & 1)
            runClicks &+= count &* clicked
            runOthers &+= count &* (1 &- clicked)
        }
        endRun()
        guard clicks > 0, othersBelow > 0 else { return nil }
        return Double(doubledWins) / (2 * Double(clicks) * Double(othersBelow))
    }
}
