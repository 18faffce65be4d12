import Foundation

/// The groups' loss above their share of the whole: loss − NE · loss of always predicting the click rate. It sums to 0
/// over all groups, and its squares give ``EvaluationReport/normalizedEntropyStandardError``.
struct ExcessLoss {
    private let normalizedEntropy: Double
    private let clickRate: Double
    private let impressions: Int
    private var groups = 0
    private var squares = 0.0

    /// - Parameter report: The report of all rows; without an NE there is nothing to compare with.
    init?(_ report: EvaluationReport) {
        guard let normalizedEntropy = report.normalizedEntropy else { return nil }
        self.normalizedEntropy = normalizedEntropy
        clickRate = Double(report.clicks) / Double(report.impressions)
        impressions = report.impressions
    }

    /// Returns the excess loss of rows with the same probability.
    func excess(probability: Double, clicks: Int, others: Int) -> Double {
        var sum = 0.0
        if clicks > 0 { sum += Double(clicks) * excess(label: 1, probability) }
        if others > 0 { sum += Double(others) * excess(label: 0, probability) }
        return sum
    }

    mutating func add(group excess: Double) {
        groups += 1
        squares += excess * excess
    }

    /// Adds a row that is a separate group, as often as its weight says.
    mutating func add(_ row: ScoredRows<some BinaryFloatingPoint>.Row) {
        let excess = excess(label: row.label, row.score)
        groups += Int(row.weight)
        squares += Double(row.weight) * excess * excess
    }

    var standardError: Double? {
        guard groups > 1 else { return nil }
        let baseline = Double(impressions) * -(clickRate * log(clickRate) + (1 - clickRate) * log1p(-clickRate))
        let (k, variance) = (Double(groups), squares / Double(groups - 1))
        return (k * variance).squareRoot() / baseline
    }

    private func excess(label: UInt8, _ probability: Double) -> Double {
        ReportStream.crossEntropy(label: label, probability: probability)
            - normalizedEntropy * (label == 1 ? -log(clickRate) : -log1p(-clickRate))
    }
}
