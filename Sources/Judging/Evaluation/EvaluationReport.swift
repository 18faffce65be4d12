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
    /// Standard error of ``gauc`` over groups; `nil` with fewer than two that count. GAUC is the ratio of two sums over
    /// groups, of n·AUC and of their impressions n, so with e = n (AUC − GAUC) and k groups the delta method gives
    /// √(k / (k − 1) · Σ e²) / Σ n (Cochran, "Sampling Techniques", 1977, 6.4; for such metrics Deng, Knoblich and Lu,
    /// "Applying the Delta Method in Metric Analytics", 2018).
    public var gaucStandardError: Double?
    /// How many groups ``gauc`` counts.
    public var gaucGroups: Int
    /// Mean cross-entropy in nats, with probabilities clipped to [1e-12, 1 − 1e-12].
    public var logLoss: Double
    /// ``logLoss`` over the entropy of the click rate: 1 is what a constant would reach, smaller is better (He et al.,
    /// "Practical Lessons from Predicting Clicks on Ads at Facebook", 2014). `nil` when only one class occurs.
    public var normalizedEntropy: Double?
    /// Standard error of ``normalizedEntropy`` over groups, a row without one being a group by itself; `nil` with fewer
    /// than two. NE is a ratio of sums likewise: of the net's loss, and of the loss b of always predicting the click rate.
    /// That rate makes b least, so its own error adds nothing of first order. With e = loss − NE · b of a group and k
    /// groups it is √(k / (k − 1) · Σ e²) / Σ b.
    public var normalizedEntropyStandardError: Double?
    /// Predicted over observed click rate, 1 is calibrated; `nil` without clicks.
    public var pcoc: Double?
    public var meanPrediction: Double
    /// Expected calibration error over ``calibrationBins`` bins of equal mass.
    public var calibrationError: Double
    /// Area under the precision-recall curve (average precision); `nil` without clicks.
    public var prAUC: Double?
    /// ``calibrationBins`` bins of equal mass, those with the lowest probabilities first; fewer where rows are fewer.
    public var reliability: [ReliabilityBin]
    /// From (0, 0) to (1, 1); empty when only one class occurs.
    public var roc: [ROCPoint]

    /// How many bins ``calibrationError`` uses.
    public static let calibrationBins = 20
    /// How far from 0 and 1 the log loss clips a probability.
    public static let logLossClip = 1e-12

    /// Measures predicted probabilities against labels. O(n log n) time; 24 bytes a row, and no more than some
    /// `space.memoryBytes`: rows beyond wait on disk, and the figures are the same.
    ///
    /// - Parameters:
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - probabilities: predicted click probabilities. `[rows]`
    ///   - groups: what GAUC groups by, 0 for none, `[rows]`, or empty for no GAUC.
    /// - Throws: when there are no rows, lengths differ, a row's label or probability is not one (the row is named), or
    ///   the disk has no room.
    public static func measure(
        labels: StoredColumn<UInt8>, probabilities: StoredColumn<Float>, groups: StoredColumn<UInt64>,
        space: ScratchSpace
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(ScoredRows(labels: labels, scores: probabilities, groups: groups), space: space)
    }

    /// The same of arrays.
    ///
    /// - Parameter weights: how often each row counts, `[rows]`, or empty: once.
    public static func measure(
        labels: [UInt8], probabilities: [Double], groups: [UInt64] = [], weights: [UInt32] = []
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(
            ScoredRows(
                labels: StoredColumn(labels), scores: StoredColumn(probabilities), groups: StoredColumn(groups),
                weights: StoredColumn(weights)),
            space: .memory)
    }

    /// The same for Float32 probabilities.
    public static func measure(
        labels: [UInt8], probabilities: [Float], groups: [UInt64] = []
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(
            labels: StoredColumn(labels), probabilities: StoredColumn(probabilities), groups: StoredColumn(groups),
            space: .memory)
    }

    /// The exact AUC of any finite scores, logits or the true click probabilities of a generated log; `nil` when only
    /// one class occurs.
    ///
    /// - Throws: when there are no rows, lengths differ, a row's label or score is not one, or the disk has no room.
    public static func auc(
        of scores: StoredColumn<Float>, labels: StoredColumn<UInt8>, space: ScratchSpace
    ) throws(EvaluationError) -> Double? {
        try ScoreRanking(ScoredRows(labels: labels, scores: scores), bins: 1, space: space).auc
    }

    /// The same of arrays.
    public static func auc(of scores: [Double], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try ScoreRanking(scores: scores, labels: labels, bins: 1).auc
    }

    /// The same for Float32 scores.
    public static func auc(of scores: [Float], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try auc(of: StoredColumn(scores), labels: StoredColumn(labels), space: .memory)
    }

    private static func measure(
        _ rows: ScoredRows<some BinaryFloatingPoint>, space: ScratchSpace
    ) throws(EvaluationError) -> EvaluationReport {
        var stream = ReportStream(parts: 1, space: space)
        try rows.forEach { row throws(EvaluationError) in
            try stream.add(
                part: 0, row: row.number, label: row.label, probability: row.score, weight: row.weight)
        }
        guard var report = try stream.finish()[0] else { throw .noRows }
        var excess = ExcessLoss(report)
        if !rows.groups.isEmpty {
            let grouped = try GroupedRanking(rows, excess: &excess, space: space)
            report.gauc = grouped.gauc
            report.gaucStandardError = grouped.standardError
            report.gaucGroups = grouped.countedGroups
        } else if excess != nil {
            try rows.forEach { row throws(EvaluationError) in excess?.add(row) }
        }
        report.normalizedEntropyStandardError = excess?.standardError
        return report
    }
}
