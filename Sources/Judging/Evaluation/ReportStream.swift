import Foundation

/// A measurement of predicted probabilities of rows that arrive one after the other, separately for each part of the
/// day. Memory is that of one sort and a few numbers per part. GAUC and the error of NE are not among the figures.
public struct ReportStream: ~Copyable {
    private var sums: [Sums]
    private var sort: ExternalSort<RankedRow>

    /// The sums that need no order.
    private struct Sums {
        var clicks = 0
        var others = 0
        var predicted = 0.0
        var loss = 0.0
    }

    /// - Parameter parts: The number of parts, such as the values of a feature; a row may belong to several.
    public init(parts: Int, space: ScratchSpace) {
        sums = [Sums](repeating: Sums(), count: parts)
        sort = ExternalSort(space)
    }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - part: The part's number, from 0.
    ///   - row: The row's number, for errors.
    ///   - weight: How often it counts.
    /// - Throws: If the label is not 0 or 1, the probability is invalid, or the disk is full.
    public mutating func add(
        part: Int, row: Int, label: UInt8, probability: Double, weight: UInt32 = 1
    ) throws(EvaluationError) {
        guard label <= 1 else { throw .label(row: row, value: label) }
        guard probability.isFinite else { throw .nonFiniteScore(row: row, value: probability) }
        guard probability >= 0, probability <= 1 else { throw .notAProbability(row: row, value: probability) }
        guard weight > 0 else { return }
        let ranked = RankedRow(part: UInt64(part), score: probability, label: label, weight: weight)
        sums[part].clicks += ranked.clicks
        sums[part].others += ranked.others
        sums[part].predicted += Double(weight) * probability
        sums[part].loss += Double(weight) * Self.crossEntropy(label: label, probability: probability)
        try sort.add(ranked)
    }

    /// Returns a report for each part, nil if it has no rows. `[parts]`
    public consuming func finish() throws(EvaluationError) -> [EvaluationReport?] {
        let sums = sums
        var reports = [EvaluationReport?](repeating: nil, count: sums.count)
        var pass: (part: Int, ranking: RankingPass)?
        func endPart() {
            guard let pass else { return }
            reports[pass.part] = Self.report(sums[pass.part], pass.ranking.ranking)
        }
        try sort.forEachRun { run throws(EvaluationError) in
            let part = Int(run.part)
            if pass?.part != part {
                endPart()
                let bins = EvaluationReport.calibrationBins
                pass = (part, try RankingPass(clicks: sums[part].clicks, others: sums[part].others, bins: bins))
            }
            pass?.ranking.add(run)
        }
        endPart()
        return reports
    }

    private static func report(_ sums: Sums, _ ranking: ScoreRanking) -> EvaluationReport {
        let impressions = sums.clicks + sums.others
        let rows = Double(impressions)
        let clickRate = Double(sums.clicks) / rows
        let entropy = -(clickRate * log(clickRate) + (1 - clickRate) * log1p(-clickRate))
        return EvaluationReport(
            impressions: impressions,
            clicks: sums.clicks,
            auc: ranking.auc,
            aucStandardError: ranking.aucStandardError,
            gauc: nil,
            gaucStandardError: nil,
            gaucGroups: 0,
            logLoss: sums.loss / rows,
            normalizedEntropy: ranking.auc == nil ? nil : sums.loss / rows / entropy,
            normalizedEntropyStandardError: nil,
            pcoc: sums.clicks == 0 ? nil : sums.predicted / Double(sums.clicks),
            meanPrediction: sums.predicted / rows,
            calibrationError: ranking.reliability.calibrationError,
            prAUC: ranking.averagePrecision, reliability: ranking.reliability, roc: ranking.roc)
    }

    static func crossEntropy(label: UInt8, probability: Double) -> Double {
        let clip = EvaluationReport.logLossClip
        let clipped = min(max(probability, clip), 1 - clip)
        return label == 1 ? -log(clipped) : -log1p(-clipped)
    }
}
