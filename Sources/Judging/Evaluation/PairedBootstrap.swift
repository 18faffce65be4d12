import Arrays
import CounterRandom
import Synchronization

/// A Poisson bootstrap of AUCs that draws whole clusters (users), because impressions of one user are not independent:
/// in each replicate a cluster's rows count Poisson(1) times, the same for every net, so differences between nets are
/// paired (Chamandy et al., "Estimating Uncertainty for Massive Data Streams", Google, 2012).
public struct PairedBootstrap: Sendable {
    /// The number of draws.
    public let replicates: Int
    /// The number of clusters among the rows.
    public let clusters: Int
    /// AUC of each net on the original rows; nil if only one class occurs. `[nets]`
    public let aucs: [Double?]
    /// AUC of each net in each replicate; nil likewise. `[nets][replicates]`
    public let replicateAUCs: [[Double?]]
    private let scores: [StoredColumn<Float>]
    private let labels: StoredColumn<UInt8>
    private let numbers: ClusterNumbers
    private let space: ScratchSpace

    /// O(nets · (n log n + replicates · n)) time; one byte per cluster and thread, and about `space.memoryBytes`:
    /// further rows go to disk, 4 bytes each per net, and the replicates are the same.
    ///
    /// - Parameters:
    ///   - scores: Each net's scores, any finite numbers. `[nets][rows]`
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - clusters: Equal numbers are one cluster; a row with 0, for "none", is a separate cluster. Empty: each row is
    ///     one. `[rows]` or `[]`
    ///   - seed: The same seed gives the same replicates, whatever the number of threads.
    ///   - threads: Fewer are used if their clusters' counts would not fit into `space.memoryBytes`.
    /// - Throws: If there are no rows, lengths differ, a row's label or score is invalid, or the disk is full.
    public init(
        scores: [StoredColumn<Float>], labels: StoredColumn<UInt8>, clusters: StoredColumn<UInt64>, replicates: Int,
        seed: UInt64 = 1, threads: Parallel = Parallel(threads: 1), space: ScratchSpace
    ) throws(EvaluationError) {
        let numbers = try ClusterNumbers(clusters, rows: labels.count, space: space)
        (self.scores, self.labels, self.numbers, self.space) = (scores, labels, numbers, space)
        var nets: [SortedRows] = []
        for scores in scores {
            let rows = try ScoredRows(labels: labels, scores: scores, groups: clusters)
            nets.append(try SortedRows(rows, clusters: numbers, space: space))
        }
        var aucs: [Double?] = []
        for net in nets { aucs.append(try net.auc { _ in 1 }) }
        self.aucs = aucs
        self.replicates = replicates
        self.clusters = numbers.count
        let (sorted, count) = (nets, numbers.count)
        let found = Mutex([Result<[Double?], EvaluationError>](repeating: .success([]), count: replicates))
        let threads = Parallel(threads: min(threads.threads, space.memoryBytes / max(count, 1)))
        threads.perform(parts: replicates) { replicate in
            let result = Self.aucs(of: sorted, weights: Self.weights(clusters: count, seed: seed, replicate: replicate))
            found.withLock { $0[replicate] = result }
        }
        var byReplicate: [[Double?]] = []
        for result in found.withLock({ $0 }) { byReplicate.append(try result.get()) }
        replicateAUCs = nets.indices.map { net in byReplicate.map { $0[net] } }
    }

    /// The same of arrays.
    public init(
        scores: [[Float]], labels: [UInt8], clusters: [UInt64], replicates: Int, seed: UInt64 = 1,
        threads: Parallel = Parallel(threads: 1)
    ) throws(EvaluationError) {
        try self.init(
            scores: scores.map { StoredColumn($0) }, labels: StoredColumn(labels), clusters: StoredColumn(clusters),
            replicates: replicates, seed: seed, threads: threads, space: .memory)
    }

    /// Returns how a statistic of the nets' AUCs varies over the replicates.
    ///
    /// - Parameters:
    ///   - confidence: of each bound by itself, such as 0.95.
    ///   - statistic: A function of the nets' AUCs; nil if it is not defined, and such replicates are left out.
    /// - Returns: Nil if the statistic is not defined on the original rows, or in fewer than half of the replicates.
    public func comparison(confidence: Double, _ statistic: ([Double]) -> Double?) -> PairedComparison? {
        func value(_ aucs: [Double?]) -> Double? {
            let defined = aucs.compactMap { $0 }
            return defined.count == aucs.count ? statistic(defined) : nil
        }
        guard let estimate = value(aucs) else { return nil }
        let values = (0..<replicates).compactMap { replicate in value(replicateAUCs.map { $0[replicate] }) }.sorted()
        guard values.count >= 2, 2 * values.count >= replicates else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        // The outer order statistic, so that a bound is never too tight.
        let cut = Int((1 - confidence) * Double(values.count))
        return PairedComparison(
            estimate: estimate, standardError: (squares / Double(values.count - 1)).squareRoot(),
            confidence: confidence,
            lowerBound: values[max(0, cut - 1)], upperBound: values[min(values.count - 1, values.count - cut)],
            replicates: values.count, clusters: clusters)
    }

    /// Returns the difference between two nets' mean log losses over the same clusters. The nets' scores must be
    /// probabilities.
    ///
    /// - Parameter confidence: The confidence of each bound separately, such as 0.95.
    /// - Returns: Nil with fewer than two clusters.
    public func logLossDifference(
        _ first: Int, minus second: Int, confidence: Double
    ) throws(EvaluationError) -> PairedComparison? {
        try PairedComparison.logLoss(
            of: scores[first], minus: scores[second], labels: labels, clusters: numbers, confidence: confidence,
            space: space)
    }

    /// Returns each net's AUC with weighted clusters.
    private static func aucs(of nets: [SortedRows], weights: [UInt8]) -> Result<[Double?], EvaluationError> {
        weights.withUnsafeBufferPointer { weights in
            Result { () throws(EvaluationError) in
                var aucs: [Double?] = []
                for net in nets { aucs.append(try net.auc { Int(weights[$0]) }) }
                return aucs
            }
        }
    }

    /// Returns how often each cluster counts in a replicate.
    private static func weights(clusters: Int, seed: UInt64, replicate: Int) -> [UInt8] {
        var random = CounterRandom(seed: seed, stream: UInt64(replicate))
        return (0..<clusters).map { _ in
            let draw = random.uniform()
            var weight = 0
            while weight < poisson.count, draw >= poisson[weight] { weight += 1 }
            return UInt8(weight)
        }
    }

    /// The distribution function of Poisson(1) at 0, 1, 2, …, until it equals 1 in a Double.
    private static let poisson: [Double] = {
        var (term, sum) = (0.36787944117144233, 0.0)
        return (0..<18).map { k in
            if k > 0 { term /= Double(k) }
            sum += term
            return sum
        }
    }()
}

/// Rows in the order of a net's scores: all that an AUC with other weights needs.
private struct SortedRows: Sendable {
    /// Cluster · 4 + 2 where a new score begins + label. `[rows]`
    private let rows: StoredColumn<UInt32>

    init(
        _ scored: ScoredRows<Float>, clusters: ClusterNumbers, space: ScratchSpace
    ) throws(EvaluationError) {
        var sort = ExternalSort<UInt64>(space)
        for chunk in scored.labels.chunks {
            let numbers = try clusters.numbers.elements(chunk)
            try scored.forEachRow(in: chunk) { row throws(EvaluationError) in
                let cluster = UInt64(numbers[row.number - chunk.lowerBound])
                try sort.add(Float(row.score).ascendingBits << 32 | cluster << 1 | UInt64(row.label))
            }
        }
        let writer = ColumnWriter<UInt32>(space)
        var last: UInt64?
        try sort.forEachRecord { record throws(EvaluationError) in
            let isNew: UInt32 = record >> 32 == last ? 0 : 2
            last = record >> 32
            try writer.append(UInt32(truncatingIfNeeded: record >> 1) << 2 | isNew | UInt32(record & 1))
        }
        rows = try writer.finish()
    }

    /// Counts as ``WinCount`` does, with each row weighted by its cluster.
    func auc(weight: (Int) -> Int) throws(EvaluationError) -> Double? {
        var wins = WinCount()
        var (runClicks, runOthers) = (0, 0)
        for chunk in rows.chunks {
            for row in try rows.elements(chunk) {
                if row & 2 != 0 {
                    wins.add(clicks: runClicks, others: runOthers)
                    (runClicks, runOthers) = (0, 0)
                }
                let count = weight(Int(row >> 2))
                let clicked = Int(row & 1)
                runClicks &+= count &* clicked
                runOthers &+= count &* (1 &- clicked)
            }
        }
        wins.add(clicks: runClicks, others: runOthers)
        return wins.auc
    }
}

extension Float {
    /// A whole number in the order of the finite numbers; the two zeros are equal.
    fileprivate var ascendingBits: UInt64 {
        let bits = (self + 0).bitPattern
        return UInt64(bits >> 31 == 0 ? bits | 1 << 31 : ~bits)
    }
}
