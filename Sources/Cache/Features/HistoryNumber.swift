/// One number of a feature of kind `history`: what the log says of a key on earlier days, as of the day of a row. A
/// history of the job file becomes several of these, three for each window.
public struct HistoryNumber: Codable, Equatable, Sendable {
    /// The job file's feature that this number is one of.
    public var feature: String
    /// The features whose values together are the key.
    public var of: [String]
    public var window: HistoryWindow
    /// Days from the newest day that is counted to the day of the row, at least 1.
    public var lag: Int
    public var measure: Measure

    public init(feature: String, of: [String], window: HistoryWindow, lag: Int, measure: Measure) {
        self.feature = feature
        self.of = of
        self.window = window
        self.lag = lag
        self.measure = measure
    }

    /// What is told of a key.
    public enum Measure: String, Codable, CaseIterable, Sendable {
        /// How often it was shown.
        case impressions
        /// How often it was clicked.
        case clicks
        /// How much more often it is clicked than the average: the log odds of its smoothed click rate,
        /// (clicks + k · prior) / (impressions + k), minus those of the prior.
        case rate
    }

    /// How the job file asks for the numbers to enter the nets.
    public enum Form: String, CaseIterable, Sendable {
        /// Each bucket of a number has an embedding.
        case buckets
        /// Counts as log1p.
        case numbers
    }

    /// `ad_history_rate_7d`
    public var name: String { "\(feature)_\(measure.rawValue)_\(window.suffix)" }

    /// Days before the row's day that are counted, oldest first: `-8 … -2`.
    public var days: ClosedRange<Int> { (1 - lag - window.days)...(-lag) }

    /// The days that certainly have all their clicks when a day begins: one, and as many as the attribution window
    /// reaches into.
    public static func safeLag(windowSeconds: Int) -> Int { 1 + (windowSeconds + 86_399) / 86_400 }
}

/// The days that a history counts, and with which weight.
public struct HistoryWindow: Codable, Hashable, Sendable {
    /// Days that are counted.
    public var days: Int
    /// The age at which a day counts half; nil if all days count fully.
    public var halfLifeHours: Int?

    /// The given number of last days.
    public init(days: Int) {
        self.days = days
    }

    /// Days count half as much for each half-life that they are older; those that count less than 1 % are left out.
    public init(halfLifeHours: Int) {
        days = (7 * halfLifeHours + 23) / 24
        self.halfLifeHours = halfLifeHours
    }

    /// The longest window, and the longest lag, that a file may ask for.
    public static let mostDays = 10_000

    /// Returns whether days can be counted from the lag on: numbers from a file are checked by this before days are
    /// reckoned with them.
    public func isPossible(lag: Int) -> Bool {
        let days = 1...Self.mostDays
        return days.contains(self.days) && days.contains(lag)
            && (1...24 * Self.mostDays).contains(halfLifeHours ?? 1)
    }

    /// `7d`, `half_3d`, `half_36h`
    public var suffix: String {
        guard let halfLifeHours else { return "\(days)d" }
        return halfLifeHours % 24 == 0 ? "half_\(halfLifeHours / 24)d" : "half_\(halfLifeHours)h"
    }
}

extension HistoryNumber {
    /// Where the hashes of several features become one key's.
    public static let keyHasher = FeatureHasher(name: "history", hashBits: FeatureHasher.exactBits)
}

extension HistoryNumber.Measure {
    /// The upper bounds of the number's buckets. They are the same for every log, and do not move: early nights know
    /// little of a key and later ones more, so that quantiles of the first day would be of no use.
    public var boundaries: [Double] {
        switch self {
        case .impressions, .clicks: Self.counts
        case .rate: Self.lifts.reversed().map { -$0 } + Self.lifts
        }
    }

    /// Two for each doubling: 0, ¼, ½, 1, 2, 3, 4, 6, 8, 12, … 2²⁰.
    private static let counts: [Double] = {
        var bounds: [Double] = [0, 0.25, 0.5, 1, 2]
        for power in 0..<19 { bounds += [Double(3 << power), Double(4 << power)] }
        return bounds
    }()

    /// Of the log odds.
    private static let lifts: [Double] = [
        0.025, 0.075, 0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 2.5, 3,
    ]
}

extension Feature {
    /// A number of a history.
    public init(_ history: HistoryNumber, as form: HistoryNumber.Form) {
        self.init(name: history.name, column: history.name, kind: .history)
        self.history = history
        switch form {
        case .buckets:
            boundaries = history.measure.boundaries
            buckets = history.measure.boundaries.count + 1
        case .numbers:
            transform = history.measure == .rate ? .identity : .log1p
        }
    }
}

extension FeatureSpecification {
    /// The numbers of histories, in order.
    public var histories: [Feature] { features.filter { $0.kind == .history } }
}
