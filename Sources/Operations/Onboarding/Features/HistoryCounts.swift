import Foundation

/// Which earlier days a history feature counts.
enum HistorySpan: Hashable, Sendable {
    /// The last mature days.
    case days(Int)
    /// All of them, with counts halved for each half-life in days.
    case halfLife(Int)
}

/// What was known of each row's key before its day began: its click rate, and how often it was shown.
///
/// A row of day D knows the days up to D − `lag`, and no other.
struct HistoryCounts {
    /// For each row, how far the logit of its key's smoothed click rate is above that of all rows; 0: the key was not
    /// shown.
    private(set) var rates: [Float]
    /// Likewise the logarithm of its impressions, as a tenth.
    private(set) var impressions: [Float]

    /// O(rows + keys × days).
    init(_ groups: KeyGroups, _ rows: RecentRows, span: HistorySpan, lag: Int) {
        rates = [Float](repeating: 0, count: rows.count)
        impressions = rates
        let spans = rows.daySpans
        var counted = Counted(groups, rows, span)
        var mature = 0
        for (day, range) in spans {
            while mature < spans.count, spans[mature].day <= day - lag {
                counted.add(spans[mature].rows, of: spans[mature].day)
                mature += 1
            }
            counted.forget(before: day - lag, spans)
            for row in range where groups.numbers[row] >= 0 {
                guard let history = counted.history(of: Int(groups.numbers[row])) else { continue }
                rates[row] = history.rate
                impressions[row] = log1p(history.shown) / 10
            }
        }
    }

    /// Impressions and clicks of each key on the days that count.
    private struct Counted {
        private let groups: KeyGroups
        private let rows: RecentRows
        private let span: HistorySpan
        private var shown, clicked: [Float]
        private var total = (shown: Float(0), clicked: Float(0))
        private var newest: Int?
        /// The first of the log's days that still counts.
        private var oldest = 0
        private var pull: Float = 0

        /// Counts that halving has made smaller than this are none.
        private static let least: Float = 0.01

        init(_ groups: KeyGroups, _ rows: RecentRows, _ span: HistorySpan) {
            (self.groups, self.rows, self.span) = (groups, rows, span)
            shown = [Float](repeating: 0, count: groups.count)
            clicked = shown
        }

        mutating func add(_ range: Range<Int>, of day: Int) {
            if case .halfLife(let days) = span, let newest {
                let factor = exp2(-Float(day - newest) / Float(days))
                for key in shown.indices {
                    shown[key] *= factor
                    clicked[key] *= factor
                }
                total = (total.shown * factor, total.clicked * factor)
            }
            count(range, 1)
            newest = day
            pull = Self.pull(shown, clicked)
        }

        /// Takes away the days that left the window, whose last day this is.
        mutating func forget(before last: Int, _ spans: [(day: Int, rows: Range<Int>)]) {
            guard case .days(let days) = span else { return }
            let before = oldest
            while oldest < spans.count, spans[oldest].day <= last - days {
                count(spans[oldest].rows, -1)
                oldest += 1
            }
            if oldest > before { pull = Self.pull(shown, clicked) }
        }

        private mutating func count(_ range: Range<Int>, _ weight: Float) {
            for row in range where groups.numbers[row] >= 0 {
                let key = Int(groups.numbers[row])
                shown[key] += weight
                total.shown += weight
                guard rows.clicked[row] else { continue }
                clicked[key] += weight
                total.clicked += weight
            }
        }

        /// How often a key was shown, and its rate's logit above the prior's; nil: not at all.
        func history(of key: Int) -> (shown: Float, rate: Float)? {
            guard shown[key] > Self.least, total.shown > 0 else { return nil }
            let prior = min(max(total.clicked / total.shown, 1e-6), 1 - 1e-6)
            let rate = (clicked[key] + pull * prior) / (shown[key] + pull)
            return (shown[key], log(rate / (1 - rate)) - log(prior / (1 - prior)))
        }

        /// How many impressions the prior is worth, by the moments of a beta-binomial distribution (Kleinman,
        /// "Proportions with extraneous variance", JASA 1973).
        private static func pull(_ shown: [Float], _ clicked: [Float]) -> Float {
            var (keys, n, squares, clicks) = (0.0, 0.0, 0.0, 0.0)
            for key in shown.indices where shown[key] > least {
                keys += 1
                n += Double(shown[key])
                squares += Double(shown[key]) * Double(shown[key])
                clicks += Double(clicked[key])
            }
            let rate = n > 0 ? clicks / n : 0
            let variance = rate * (1 - rate)
            guard keys > 1, variance > 0 else { return mostPull }
            var spread = 0.0
            for key in shown.indices where shown[key] > least {
                let distance = Double(clicked[key] / shown[key]) - rate
                spread += Double(shown[key]) * distance * distance
            }
            let room = variance * (n - squares / n - (keys - 1))
            let share = room > 0 ? (spread - variance * (keys - 1)) / room : 0
            guard share > 0 else { return mostPull }
            return Float(min(max(1 / share - 1, 1), Double(mostPull)))
        }

        private static let mostPull: Float = 10_000
    }
}
