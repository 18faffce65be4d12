/// Impressions of similar predicted probability: the predictions and the outcome.
public struct ReliabilityBin: Codable, Equatable, Sendable {
    public var impressions: Int
    /// Clicks; a fraction if equal scores lie on both sides of an edge.
    public var clicks: Double
    /// The bounds of the predicted probabilities.
    public var lowest, highest: Double
    /// Sum of the predicted probabilities.
    public var predicted: Double

    public var clickRate: Double { clicks / Double(impressions) }
    public var meanPrediction: Double { predicted / Double(impressions) }
}

extension [ReliabilityBin] {
    /// Expected calibration error: the mean over impressions of |mean score − click rate| of their bin.
    public var calibrationError: Double {
        let rows = reduce(0) { $0 + $1.impressions }
        return reduce(0) { $0 + abs($1.predicted - $1.clicks) } / Double(Swift.max(rows, 1))
    }
}

/// A table that cuts runs of equal scores, in ascending order, into bins of equal mass.
struct ReliabilityTable {
    private(set) var bins: [ReliabilityBin] = []
    private let rows: Int
    private let count: Int
    /// Rows in bins so far.
    private var taken = 0
    /// Edges passed so far.
    private var edges = 0

    init(rows: Int, bins: Int) {
        self.rows = rows
        count = max(bins, 1)
    }

    mutating func add(_ run: ScoreRun) {
        let size = run.clicks + run.others
        var left = size
        while left > 0 {
            if taken == end {
                // With fewer rows than bins, some bins are empty and left out.
                while end <= taken { edges += 1 }
                bins.append(
                    ReliabilityBin(
                        impressions: end - taken, clicks: 0, lowest: run.score, highest: run.score, predicted: 0))
            }
            let share = min(left, end - taken)
            bins[bins.count - 1].clicks += Double(share) * (Double(run.clicks) / Double(size))
            bins[bins.count - 1].predicted += Double(share) * run.score
            bins[bins.count - 1].highest = run.score
            taken += share
            left -= share
        }
    }

    /// The end of the current bin.
    private var end: Int { edges * rows / count }
}
