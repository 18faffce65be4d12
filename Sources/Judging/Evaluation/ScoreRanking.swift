/// The quality of the order that scores give impressions, from one pass in ascending order of the score.
public struct ScoreRanking: Sendable {
    public let clicks: Int
    /// Impressions without a click.
    public let others: Int
    /// Area under the ROC curve: the chance that a click outranks a non-click, a tie counting one half (midranks).
    /// Counted in integers, so exact up to the last division. Nil if only one class occurs.
    public let auc: Double?
    /// Standard error of ``auc`` after DeLong, DeLong and Clarke-Pearson (1988), in one pass as Sun and Xu (2014) do
    /// with midranks. It treats impressions as independent. Nil with fewer than two rows of either class.
    public let aucStandardError: Double?
    /// Area under the precision-recall curve as average precision: the precision at each distinct score, weighted by
    /// the recall it adds (no interpolation; scikit-learn's `average_precision_score`). Nil without clicks.
    public let averagePrecision: Double?
    /// Bins of equal mass in the order of the score, meaningful only if the score is a probability. If a bin's edge
    /// cuts a run of equal scores, each side gets its proportion of the clicks, so the order of the rows does not
    /// matter.
    public let reliability: [ReliabilityBin]
    /// The ROC curve from (0, 0) to (1, 1), in at most 200 points; empty if only one class occurs.
    public let roc: [ROCPoint]

    /// Ranks the rows. O(n log n) time, 24 bytes per row.
    ///
    /// - Parameters:
    ///   - scores: Any finite numbers, logits or probabilities. `[rows]`
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - weights: How often each row counts, or empty for once. `[rows]` or `[]`
    ///   - bins: Number of bins of the reliability table; fewer if there are fewer rows.
    /// - Throws: If no rows count, lengths differ, a label is not 0 or 1, or a score is not finite.
    public init(
        scores: [Double], labels: [UInt8], weights: [UInt32] = [], bins: Int = 20
    ) throws(EvaluationError) {
        try self.init(
            ScoredRows(labels: StoredColumn(labels), scores: StoredColumn(scores), weights: StoredColumn(weights)),
            bins: bins, space: .memory)
    }

    init(_ rows: ScoredRows<some BinaryFloatingPoint>, bins: Int, space: ScratchSpace) throws(EvaluationError) {
        var sort = ExternalSort<RankedRow>(space)
        var (clicks, others) = (0, 0)
        try rows.forEachRow { row throws(EvaluationError) in
            guard row.weight > 0 else { return }
            let ranked = RankedRow(part: 0, score: row.score, label: row.label, weight: row.weight)
            clicks += ranked.clicks
            others += ranked.others
            try sort.add(ranked)
        }
        var pass = try RankingPass(clicks: clicks, others: others, bins: bins)
        try sort.forEachRun { run throws(EvaluationError) in pass.add(run) }
        self = pass.ranking
    }

    fileprivate init(
        clicks: Int, others: Int, auc: Double?, aucStandardError: Double?, averagePrecision: Double?,
        reliability: [ReliabilityBin], roc: [ROCPoint]
    ) {
        self.clicks = clicks
        self.others = others
        self.auc = auc
        self.aucStandardError = aucStandardError
        self.averagePrecision = averagePrecision
        self.reliability = reliability
        self.roc = roc
    }
}

/// A pass over the runs of equal scores in ascending order, none of which is kept: the classes' totals are known
/// before.
struct RankingPass {
    private let clicks: Int
    private let others: Int
    private var wins = WinCount()
    private var deLong = DeLongSquares()
    private var precision = 0.0
    private var reliability: ReliabilityTable
    private var curve: ROCCurve

    /// - Throws: If there are no rows, or more than exact sums can hold.
    init(clicks: Int, others: Int, bins: Int) throws(EvaluationError) {
        guard clicks + others > 0 else { throw .noRows }
        guard !clicks.multipliedReportingOverflow(by: others).overflow else {
            throw .tooManyPairs(clicks: clicks, others: others)
        }
        self.clicks = clicks
        self.others = others
        reliability = ReliabilityTable(rows: clicks + others, bins: bins)
        curve = ROCCurve(clicks: clicks, others: others)
    }

    mutating func add(_ run: ScoreRun) {
        deLong.add(run, othersBelow: wins.others, clicksAbove: clicks - wins.clicks - run.clicks)
        // All rows from this score on: what average precision counts as shown, and as found.
        let found = clicks - wins.clicks
        let shown = found + others - wins.others
        precision += Double(run.clicks) * Double(found) / Double(shown)
        reliability.add(run)
        curve.add(run, above: wins)
        wins.add(clicks: run.clicks, others: run.others)
    }

    /// The result after the last run.
    var ranking: ScoreRanking {
        ScoreRanking(
            clicks: clicks, others: others, auc: wins.auc,
            aucStandardError: deLong.standardError(clicks: clicks, others: others, doubledWins: wins.doubledWins),
            averagePrecision: clicks > 0 ? precision / Double(clicks) : nil, reliability: reliability.bins,
            roc: curve.points)
    }
}

/// The squares of DeLong's components. A click's component is the share of non-clicks below it, a non-click's the share
/// of clicks above it; the mean of either is the AUC. Sums are of whole numbers, so the AUC can be subtracted at the
/// end and nothing cancels: with m clicks and n others they stay below m²(2n)², which fits into 128 bits while mn <
/// 2^63.
private struct DeLongSquares {
    /// Sum over clicks of the squares of twice the non-clicks below.
    private var clickSquares: UInt128 = 0
    /// Sum over non-clicks of the squares of twice the clicks above.
    private var otherSquares: UInt128 = 0

    mutating func add(_ run: ScoreRun, othersBelow: Int, clicksAbove: Int) {
        let below = UInt128(2 * othersBelow + run.others)
        let above = UInt128(2 * clicksAbove + run.clicks)
        if run.clicks > 0 { clickSquares += UInt128(run.clicks) * below * below }
        if run.others > 0 { otherSquares += UInt128(run.others) * above * above }
    }

    func standardError(clicks: Int, others: Int, doubledWins: UInt128) -> Double? {
        guard clicks > 1, others > 1 else { return nil }
        let (m, n) = (Double(clicks), Double(others))
        // m Σ u² − (Σ u)² is m times the sum of squared deviations of u, twice the components' numerators.
        let clickDeviations = Double(UInt128(clicks) * clickSquares - doubledWins * doubledWins) / m / (4 * n * n)
        let otherDeviations = Double(UInt128(others) * otherSquares - doubledWins * doubledWins) / n / (4 * m * m)
        return (clickDeviations / (m - 1) / m + otherDeviations / (n - 1) / n).squareRoot()
    }
}
