import Foundation

/// What history adds to a logistic regression over all columns, on the newest days.
///
/// For each of these days a regression learns all rows before it. A second one, of few weights, corrects its logits by
/// what was known of keys when the day began; without history it corrects their scale alone. It learns each day after
/// predicting it, and the first days only.
struct HistoryTrial {
    private let rows: RecentRows
    /// The days that are predicted, and the logits of their rows.
    private let days: [(rows: Range<Int>, logits: [Float])]
    /// The first of these days that is judged.
    private let firstJudged: Int
    private let lag: Int

    /// Days that are predicted; each costs a pass over the rows before it.
    private static let mostDays = 6
    /// Days that are judged.
    private static let leastJudged = 2

    /// Nil where the log is too short: a judged day comes after one that is learned from, and both know earlier days.
    init?(_ rows: RecentRows, lag: Int) {
        let spans = rows.daySpans
        guard let first = spans.first else { return nil }
        let days = spans.filter { $0.day >= first.day + lag }.suffix(Self.mostDays)
        let learned = max(1, days.count / 3)
        guard days.count - learned >= Self.leastJudged else { return nil }
        (self.rows, self.lag, firstJudged) = (rows, lag, learned)
        self.days = days.map { (rows: $0.rows, logits: AdditiveModel.logits(of: $0.rows, rows)) }
    }

    /// The rows that are judged.
    var tried: Range<Int> { days[firstJudged].rows.lowerBound..<rows.count }
    var triedDays: Int { days.count - firstJudged }

    /// Returns what is known of a key, as inputs of the second regression.
    func numbers(_ key: KeyGroups, _ spans: [HistorySpan]) -> [[Float]] {
        spans.flatMap { span in
            let counts = HistoryCounts(key, rows, span: span, lag: lag)
            return [counts.rates, counts.impressions]
        }
    }

    /// Returns each tried row's log loss with some numbers.
    func losses(_ numbers: [[Float]]) -> [Double] {
        var model = Correction(count: 1 + numbers.count)
        var losses: [Double] = []
        losses.reserveCapacity(tried.count)
        for (number, day) in days.enumerated() {
            func input(_ row: Int, _ index: Int) -> Float {
                index == 0 ? day.logits[row - day.rows.lowerBound] : numbers[index - 1][row]
            }
            if number >= firstJudged {
                for row in day.rows {
                    let logit = model.logit { input(row, $0) }
                    let margin = Double(rows.clicked[row] ? logit : -logit)
                    // log(1 + e^−margin), which no margin overflows.
                    losses.append(max(0, -margin) + log1p(exp(-abs(margin))))
                }
            }
            for row in day.rows { model.learn(clicked: rows.clicked[row]) { input(row, $0) } }
        }
        return losses
    }

    /// Logistic regression over a few numbers, of which the first begins with the weight 1.
    private struct Correction {
        private var weights, seen: [Float]
        private var level: Float = 0
        private var levelSeen: Float = 1

        private static let rate: Float = 0.1

        init(count: Int) {
            weights = (0..<count).map { $0 == 0 ? 1 : 0 }
            seen = [Float](repeating: 1, count: count)
        }

        func logit(_ input: (Int) -> Float) -> Float {
            var logit = level
            for index in weights.indices { logit += weights[index] * input(index) }
            return logit
        }

        mutating func learn(clicked: Bool, _ input: (Int) -> Float) {
            let error = 1 / (1 + exp(-logit(input))) - (clicked ? 1 : 0)
            levelSeen += error * error
            level -= Self.rate * error / levelSeen.squareRoot()
            for index in weights.indices {
                let gradient = error * input(index)
                seen[index] += gradient * gradient
                weights[index] -= Self.rate * gradient / seen[index].squareRoot()
            }
        }
    }

    /// Returns what one list of losses takes away from another per row, and that in its standard errors.
    static func gain(_ losses: [Double], _ before: [Double]) -> (mean: Double, certainty: Double) {
        let count = Double(losses.count)
        let gains = zip(before, losses).map { $0 - $1 }
        let mean = gains.reduce(0, +) / count
        let squares = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard count > 1, squares > 0 else { return (mean, 0) }
        return (mean, mean / (squares / (count - 1) / count).squareRoot())
    }

    /// Returns the share of the tried rows whose key was shown on a mature day.
    func seen(_ groups: KeyGroups) -> Double {
        var first = [Int](repeating: .max, count: groups.count)
        var seen = 0
        for (day, range) in rows.daySpans {
            for row in range where groups.numbers[row] >= 0 {
                let key = Int(groups.numbers[row])
                first[key] = min(first[key], day)
                if row >= tried.lowerBound, first[key] <= day - lag { seen += 1 }
            }
        }
        return Double(seen) / Double(max(1, tried.count))
    }
}
