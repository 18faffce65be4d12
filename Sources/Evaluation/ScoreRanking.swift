/// Impressions in the order of their scores, kept as runs of equal scores with the clicks and non-clicks of each: all
/// that a ranking metric needs, so every metric below is exact with ties and independent of the order of the input.
public struct ScoreRanking: Sendable {
    struct Run {
        var score: Double
        var clicks: Int
        var others: Int
    }

    /// An impression, or several with the same score and label.
    struct Row {
        var score: Double
        var label: UInt8
        var weight: Int
    }

    /// In ascending order of the score.
    let runs: [Run]
    public let clicks: Int
    /// Impressions without a click.
    public let others: Int

    /// O(n log n) time, 24 bytes a row.
    ///
    /// - Parameters:
    ///   - scores: any finite numbers, logits or probabilities. `[rows]`
    ///   - labels: 1 for a click, 0 for none. `[rows]`
    ///   - weights: how often each row counts, or empty: once. `[rows]` or `[]`
    /// - Throws: when no rows count, lengths differ, a label is not 0 or 1, or a score is not finite.
    public init(scores: [Double], labels: [UInt8], weights: [UInt32] = []) throws(EvaluationError) {
        guard !labels.isEmpty, weights.isEmpty || weights.contains(where: { $0 > 0 }) else { throw .noRows }
        guard weights.isEmpty || weights.count == labels.count else {
            throw .lengthsDiffer(what: "weights", count: weights.count, labels: labels.count)
        }
        guard scores.count == labels.count else {
            throw .lengthsDiffer(what: "scores", count: scores.count, labels: labels.count)
        }
        var rows: [Row] = []
        rows.reserveCapacity(labels.count)
        for row in labels.indices {
            guard labels[row] <= 1 else { throw .label(row: row, value: labels[row]) }
            guard scores[row].isFinite else { throw .nonFiniteScore(row: row, value: scores[row]) }
            let weight = weights.isEmpty ? 1 : Int(weights[row])
            if weight > 0 { rows.append(Row(score: scores[row], label: labels[row], weight: weight)) }
        }
        rows.sort { $0.score < $1.score }
        self.init(ascending: rows)
    }

    init(ascending rows: some Collection<Row>) {
        var runs: [Run] = []
        var clicks = 0
        var others = 0
        for row in rows {
            let (click, other) = row.label == 1 ? (row.weight, 0) : (0, row.weight)
            clicks += click
            others += other
            if let last = runs.indices.last, runs[last].score == row.score {
                runs[last].clicks += click
                runs[last].others += other
            } else {
                runs.append(Run(score: row.score, clicks: click, others: other))
            }
        }
        self.runs = runs
        self.clicks = clicks
        self.others = others
    }

    /// Area under the ROC curve: the chance that a click outranks a non-click, a tie counting one half (midranks).
    /// Counted in integers, so exact up to the last division. `nil` when only one class occurs.
    public var auc: Double? {
        guard clicks > 0, others > 0 else { return nil }
        var doubledWins = 0
        var othersBelow = 0
        for run in runs {
            doubledWins += run.clicks * (2 * othersBelow + run.others)
            othersBelow += run.others
        }
        return Double(doubledWins) / (2 * Double(clicks) * Double(others))
    }

    /// Standard error of ``auc`` after DeLong, DeLong and Clarke-Pearson (1988), in one pass over the runs as Sun and Xu
    /// (2014) do with midranks. It treats impressions as independent. `nil` with fewer than two rows of either class.
    public var aucStandardError: Double? {
        guard clicks > 1, others > 1, let auc else { return nil }
        let (m, n) = (Double(clicks), Double(others))
        // A click's component is the share of non-clicks below it, a non-click's the share of clicks above it; the mean
        // of either is the AUC.
        var clickSquares = 0.0
        var otherSquares = 0.0
        var clicksBelow = 0
        var othersBelow = 0
        for run in runs {
            let clickPart = (Double(othersBelow) + Double(run.others) / 2) / n - auc
            let otherPart = (Double(clicks - clicksBelow - run.clicks) + Double(run.clicks) / 2) / m - auc
            clickSquares += Double(run.clicks) * clickPart * clickPart
            otherSquares += Double(run.others) * otherPart * otherPart
            clicksBelow += run.clicks
            othersBelow += run.others
        }
        return (clickSquares / (m - 1) / m + otherSquares / (n - 1) / n).squareRoot()
    }

    /// Area under the precision-recall curve as average precision: the precision at each distinct score, weighted by the
    /// recall it adds (no interpolation; scikit-learn's `average_precision_score`). `nil` without clicks.
    public var averagePrecision: Double? {
        guard clicks > 0 else { return nil }
        var sum = 0.0
        var found = 0
        var shown = 0
        for run in runs.reversed() {
            found += run.clicks
            shown += run.clicks + run.others
            sum += Double(run.clicks) * Double(found) / Double(shown)
        }
        return sum / Double(clicks)
    }

    /// `bins` bins of equal mass in the order of the score, which must be a probability. A run of equal scores that a bin's
    /// edge cuts gives each side its clicks in proportion, so the order of the input does not matter.
    public func reliability(bins: Int = 20) -> [ReliabilityBin] {
        let rows = clicks + others
        var found: [ReliabilityBin] = []
        var run = runs.startIndex
        var left = runs.first.map { $0.clicks + $0.others } ?? 0
        var taken = 0
        for bin in 0..<max(bins, 1) {
            let end = (bin + 1) * rows / max(bins, 1)
            guard end > taken else { continue }
            var entry = ReliabilityBin(
                impressions: end - taken, clicks: 0, lowest: runs[run].score, highest: runs[run].score, predicted: 0)
            while taken < end {
                let size = runs[run].clicks + runs[run].others
                let share = min(left, end - taken)
                entry.clicks += Double(share) * (Double(runs[run].clicks) / Double(size))
                entry.predicted += Double(share) * runs[run].score
                entry.highest = runs[run].score
                taken += share
                left -= share
                if left == 0, taken < rows {
                    run += 1
                    left = runs[run].clicks + runs[run].others
                }
            }
            found.append(entry)
        }
        return found
    }
}

/// Impressions of about the same predicted probability: what was predicted of them, and what came.
public struct ReliabilityBin: Codable, Equatable, Sendable {
    public var impressions: Int
    /// A fraction where equal scores lie on both sides of an edge.
    public var clicks: Double
    /// Of the predicted probabilities.
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
