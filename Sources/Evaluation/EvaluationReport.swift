import Foundation

/// How good the predicted click probabilities of one net on one day were. All sums are in Float64. A metric that is
/// not defined on the data (one class only, no clicks) is `nil`, never NaN.
public struct EvaluationReport: Codable, Equatable, Sendable {
    public var impressions: Int
    public var clicks: Int
    /// Area under the ROC curve, exact, ties by midranks; `nil` when only one class occurs.
    public var auc: Double?
    /// DeLong's standard error of ``auc``; `nil` with fewer than two impressions of either class.
    public var aucStandardError: Double?
    /// AUC within each group, averaged with the groups' impressions as weights over the groups that have both classes.
    public var gauc: Double?
    /// How many groups ``gauc`` counts.
    public var gaucGroups: Int
    /// Mean cross-entropy in nats, with probabilities clipped to [1e-12, 1 − 1e-12].
    public var logLoss: Double
    /// ``logLoss`` over the entropy of the click rate: 1 is what a constant would reach, smaller is better (He et al.,
    /// "Practical Lessons from Predicting Clicks on Ads at Facebook", 2014). `nil` when only one class occurs.
    public var normalizedEntropy: Double?
    /// Predicted over observed click rate, 1 is calibrated; `nil` without clicks.
    public var pcoc: Double?
    public var meanPrediction: Double
    /// Expected calibration error over ``calibrationBins`` bins of equal mass.
    public var calibrationError: Double
    /// Area under the precision-recall curve (average precision); `nil` without clicks.
    public var prAUC: Double?
    /// ``calibrationBins`` bins of equal mass, those with the lowest probabilities first; fewer where rows are fewer.
    public var reliability: [ReliabilityBin]

    /// How many bins ``calibrationError`` uses.
    public static let calibrationBins = 20
    /// How far from 0 and 1 the log loss clips a probability.
    public static let logLossClip = 1e-12

    /// Measures predicted probabilities against labels. O(n log n) time, about 50 bytes a row.
    ///
    /// - Parameters:
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - probabilities: predicted click probabilities. `[rows]`
    ///   - groups: what GAUC groups by, `[rows]`, or empty for no GAUC.
    ///   - weights: how often each row counts, `[rows]`, or empty: once.
    /// - Throws: when there are no rows, lengths differ, or a row's label or probability is not one; the row is named.
    public static func measure(
        labels: [UInt8], probabilities: [Double], groups: [UInt64] = [], weights: [UInt32] = []
    ) throws(EvaluationError) -> EvaluationReport {
        guard groups.isEmpty || groups.count == labels.count else {
            throw .lengthsDiffer(what: "groups", count: groups.count, labels: labels.count)
        }
        let ranking = try ScoreRanking(scores: probabilities, labels: labels, weights: weights)
        var predicted = 0.0
        var loss = 0.0
        for row in labels.indices {
            let probability = probabilities[row]
            guard probability >= 0, probability <= 1 else { throw .notAProbability(row: row, value: probability) }
            let weight = weights.isEmpty ? 1 : Double(weights[row])
            predicted += weight * probability
            loss += weight * crossEntropy(label: labels[row], probability: probability)
        }
        let grouped =
            groups.isEmpty
            ? nil : GroupedRanking(scores: probabilities, labels: labels, groups: groups, weights: weights)
        let reliability = ranking.reliability(bins: calibrationBins)
        let impressions = ranking.clicks + ranking.others
        let rows = Double(impressions)
        let clickRate = Double(ranking.clicks) / rows
        let entropy = -(clickRate * log(clickRate) + (1 - clickRate) * log1p(-clickRate))
        return EvaluationReport(
            impressions: impressions,
            clicks: ranking.clicks,
            auc: ranking.auc,
            aucStandardError: ranking.aucStandardError,
            gauc: grouped?.gauc,
            gaucGroups: grouped?.countedGroups ?? 0,
            logLoss: loss / rows,
            normalizedEntropy: ranking.auc == nil ? nil : loss / rows / entropy,
            pcoc: ranking.clicks == 0 ? nil : predicted / Double(ranking.clicks),
            meanPrediction: predicted / rows,
            calibrationError: reliability.calibrationError,
            prAUC: ranking.averagePrecision, reliability: reliability)
    }

    /// The same for Float32 probabilities, which are widened first.
    public static func measure(
        labels: [UInt8], probabilities: [Float], groups: [UInt64] = []
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(labels: labels, probabilities: probabilities.map(Double.init), groups: groups)
    }

    /// The exact AUC of any finite scores, logits or the true click probabilities of a generated log; `nil` when only
    /// one class occurs.
    ///
    /// - Throws: when there are no rows, lengths differ, or a row's label or score is not one.
    public static func auc(of scores: [Double], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try ScoreRanking(scores: scores, labels: labels).auc
    }

    /// The same for Float32 scores.
    public static func auc(of scores: [Float], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try auc(of: scores.map(Double.init), labels: labels)
    }

    private static func crossEntropy(label: UInt8, probability: Double) -> Double {
        let clipped = min(max(probability, logLossClip), 1 - logLossClip)
        return label == 1 ? -log(clipped) : -log1p(-clipped)
    }
}
