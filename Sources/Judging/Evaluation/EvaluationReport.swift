/// The quality of one net's predicted click probabilities on one day. All sums are in Float64. A metric that is not
/// defined on the data (one class only, no clicks) is nil, never NaN.
public struct EvaluationReport: Codable, Equatable, Sendable {
    public var impressions: Int
    public var clicks: Int
    /// Area under the ROC curve, exact, ties by midranks; nil if only one class occurs.
    public var auc: Double?
    /// DeLong's standard error of ``auc``; nil with fewer than two impressions of either class.
    public var aucStandardError: Double?
    /// AUC within each group, averaged with the groups' impressions as weights over the groups that have both classes.
    public var gauc: Double?
    /// Standard error of ``gauc`` over groups; nil with fewer than two that count. GAUC is the ratio of two sums over
    /// groups, of n·AUC and of their impressions n, so with e = n (AUC − GAUC) and k groups the delta method gives √(k
    /// / (k − 1) · Σ e²) / Σ n (Cochran, "Sampling Techniques", 1977, 6.4; for such metrics Deng, Knoblich and Lu,
    /// "Applying the Delta Method in Metric Analytics", 2018).
    public var gaucStandardError: Double?
    /// The number of groups that ``gauc`` counts.
    public var gaucGroups: Int
    /// Mean cross-entropy in nats, with probabilities clipped to [1e-12, 1 − 1e-12].
    public var logLoss: Double
    /// ``logLoss`` divided by the entropy of the click rate: a constant prediction reaches 1, smaller is better (He et
    /// al., "Practical Lessons from Predicting Clicks on Ads at Facebook", 2014). Nil if only one class occurs.
    public var normalizedEntropy: Double?
    /// Standard error of ``normalizedEntropy`` over groups, where a row without one is a separate group; nil with fewer
    /// than two. NE is likewise a ratio of sums: of the net's loss, and of the loss b of always predicting the click
    /// rate. That rate minimises b, so its own error adds nothing of first order. With e = loss − NE · b per group and
    /// k groups it is √(k / (k − 1) · Σ e²) / Σ b.
    public var normalizedEntropyStandardError: Double?
    /// Predicted over observed click rate, 1 is calibrated; nil without clicks.
    public var pcoc: Double?
    public var meanPrediction: Double
    /// Expected calibration error over ``calibrationBins`` bins of equal mass.
    public var calibrationError: Double
    /// Area under the precision-recall curve (average precision); nil without clicks.
    public var prAUC: Double?
    /// ``calibrationBins`` bins of equal mass, in ascending order of probability; fewer if there are fewer rows.
    public var reliability: [ReliabilityBin]
    /// The ROC curve from (0, 0) to (1, 1); empty if only one class occurs.
    public var roc: [ROCPoint]

    /// The number of bins that ``calibrationError`` uses.
    public static let calibrationBins = 20
    /// The distance from 0 and 1 at which the log loss clips a probability.
    public static let logLossClip = 1e-12

    /// Measures predicted probabilities against labels. O(n log n) time; 24 bytes per row up to about
    /// `space.memoryBytes`: further rows go to disk, and the figures are the same.
    ///
    /// - Parameters:
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - probabilities: Predicted click probabilities. `[rows]`
    ///   - groups: The groups of GAUC, 0 for none, `[rows]`, or empty for no GAUC.
    /// - Throws: If there are no rows, lengths differ, a row's label or probability is invalid (the error names the
    ///   row), or the disk is full.
    public static func measure(
        labels: StoredColumn<UInt8>, probabilities: StoredColumn<Float>, groups: StoredColumn<UInt64>,
        space: ScratchSpace
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(ScoredRows(labels: labels, scores: probabilities, groups: groups), space: space)
    }

    /// The same of arrays.
    ///
    /// - Parameter weights: How often each row counts, `[rows]`, or empty for once.
    public static func measure(
        labels: [UInt8], probabilities: [Double], groups: [UInt64] = [], weights: [UInt32] = []
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(
            ScoredRows(
                labels: StoredColumn(labels), scores: StoredColumn(probabilities), groups: StoredColumn(groups),
                weights: StoredColumn(weights)),
            space: .memory)
    }

    /// Measures Float32 probabilities.
    public static func measure(
        labels: [UInt8], probabilities: [Float], groups: [UInt64] = []
    ) throws(EvaluationError) -> EvaluationReport {
        try measure(
            labels: StoredColumn(labels), probabilities: StoredColumn(probabilities), groups: StoredColumn(groups),
            space: .memory)
    }

    /// Returns the exact AUC of any finite scores, logits or the true click probabilities of a generated log; nil if
    /// only one class occurs.
    ///
    /// - Throws: If there are no rows, lengths differ, a row's label or score is invalid, or the disk is full.
    public static func auc(
        of scores: StoredColumn<Float>, labels: StoredColumn<UInt8>, space: ScratchSpace
    ) throws(EvaluationError) -> Double? {
        try ScoreRanking(ScoredRows(labels: labels, scores: scores), bins: 1, space: space).auc
    }

    /// The same of arrays.
    public static func auc(of scores: [Double], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try ScoreRanking(scores: scores, labels: labels, bins: 1).auc
    }

    /// Returns the exact AUC of Float32 scores.
    public static func auc(of scores: [Float], labels: [UInt8]) throws(EvaluationError) -> Double? {
        try auc(of: StoredColumn(scores), labels: StoredColumn(labels), space: .memory)
    }

    /// Returns the mean cross-entropy of probabilities.
    ///
    /// - Throws: If there are no rows, lengths differ, or a row's label or probability is invalid.
    public static func logLoss(of probabilities: [Float], labels: [UInt8]) throws(EvaluationError) -> Double {
        var sum = 0.0
        try ScoredRows(labels: StoredColumn(labels), scores: StoredColumn(probabilities)).forEachRow {
            row throws(EvaluationError) in
            sum += ReportStream.crossEntropy(label: row.label, probability: Double(row.score))
        }
        return sum / Double(labels.count)
    }

    private static func measure(
        _ rows: ScoredRows<some BinaryFloatingPoint>, space: ScratchSpace
    ) throws(EvaluationError) -> EvaluationReport {
        var stream = ReportStream(parts: 1, space: space)
        try rows.forEachRow { row throws(EvaluationError) in
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
            try rows.forEachRow { row throws(EvaluationError) in excess?.add(row) }
        }
        report.normalizedEntropyStandardError = excess?.standardError
        return report
    }
}
