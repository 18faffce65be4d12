import AdLogs
import Days

/// The specification of a generated log. The same specification gives the same rows, and each day is a function of the
/// specification and that day alone.
public struct SampleLogSpecification: Equatable, Sendable {
    public var impressionsPerDay: Int
    /// The number of first days that have one more impression; nil for none, so that settings stored before read the
    /// same.
    public var daysWithOneMore: Int?
    public var firstDay: Day
    public var days: Int
    /// The number of users; how often each is seen follows Zipf's law.
    public var users: Int
    /// The number of ads; how often each is shown follows Zipf's law.
    public var ads: Int
    public var seed: UInt64
    /// Standard deviation of each ad's daily random step on the log odds at `signal` 1, between 0 and 2; nil for ads
    /// that stay as they are, so that settings stored before read the same.
    public var adDrift: Double?
    /// Share of NULLs in each attribute column that may have them.
    public var missingShare: Double
    public var clicks: Clicks

    public init(
        impressionsPerDay: Int = 100_000, firstDay: Day, days: Int = 8, users: Int = 50_000, ads: Int = 2_000,
        seed: UInt64 = 1, missingShare: Double = 0.02, clicks: Clicks = Clicks()
    ) {
        self.impressionsPerDay = impressionsPerDay
        self.firstDay = firstDay
        self.days = days
        self.users = users
        self.ads = ads
        self.seed = seed
        self.missingShare = missingShare
        self.clicks = clicks
    }

    /// How impressions are clicked.
    public struct Clicks: Codable, Equatable, Sendable {
        /// Mean probability of a click within the attribution window.
        public var baseRate: Double
        /// Scales every effect on the click's log odds: 0 leaves nothing to learn, 1 gives true probabilities whose AUC
        /// is about 0.78 (0.78 to 0.80 over the first four seeds).
        public var signal: Double
        /// Share of clicks that come only after the attribution window, so that their impression's label is 0.
        public var lateShare: Double
        /// Share of clicks that the log contains twice.
        public var duplicateShare: Double
        public var attributionWindow: AttributionWindow

        private enum CodingKeys: String, CodingKey {
            case baseRate = "baseClickRate"
            case signal, lateShare, duplicateShare, attributionWindow
        }

        public init(
            baseRate: Double = 0.05, signal: Double = 1, lateShare: Double = 0.02, duplicateShare: Double = 0.03,
            attributionWindow: AttributionWindow = AttributionWindow(seconds: 1_800)
        ) {
            self.baseRate = baseRate
            self.signal = signal
            self.lateShare = lateShare
            self.duplicateShare = duplicateShare
            self.attributionWindow = attributionWindow
        }
    }

    /// Returns the number of impressions of a day.
    public func impressions(on day: Day) -> Int {
        impressionsPerDay + (day.ordinal - firstDay.ordinal < daysWithOneMore ?? 0 ? 1 : 0)
    }

    /// The days of the impressions.
    public var impressionDays: ClosedRange<Day> { firstDay...firstDay.advanced(by: max(days, 1) - 1) }

    /// The days of the clicks: one more, because the clicks of the last evening fall past midnight.
    public var clickDays: ClosedRange<Day> { firstDay...firstDay.advanced(by: max(days, 1)) }

    /// - Throws: The problem of the first value that cannot be used.
    public func validate() throws(SampleLogError) {
        func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(SampleLogError) {
            guard range.contains(value) else {
                throw .outOfRange(name: name, value: "\(value)", expected: "\(range.lowerBound)…\(range.upperBound)")
            }
        }
        func check(_ name: String, _ value: Double, in range: ClosedRange<Double>) throws(SampleLogError) {
            guard range.contains(value) else {
                throw .outOfRange(name: name, value: "\(value)", expected: "\(range.lowerBound)…\(range.upperBound)")
            }
        }
        try check("impressionsPerDay", impressionsPerDay, in: 1...10_000_000_000)
        try check("daysWithOneMore", daysWithOneMore ?? 0, in: 0...max(0, days - 1))
        try check("days", days, in: 1...36_500)
        try check("users", users, in: 1...1_000_000_000)
        try check("ads", ads, in: 1...10_000_000)
        try check("baseClickRate", clicks.baseRate, in: 0.0001...0.5)
        try check("signal", clicks.signal, in: 0...3)
        try check("adDrift", adDrift ?? 0, in: 0...2)
        try check("missingShare", missingShare, in: 0...0.9)
        try check("lateShare", clicks.lateShare, in: 0...0.5)
        try check("duplicateShare", clicks.duplicateShare, in: 0...1)
        // The upper bound keeps the latest late click within the day after its impression's.
        try check("attributionWindow in seconds", clicks.attributionWindow.seconds, in: 1...43_200)
    }
}

/// Stored as one flat object: the settings of the clicks stand among the others.
extension SampleLogSpecification: Codable {
    private enum CodingKeys: CodingKey {
        case impressionsPerDay, daysWithOneMore, firstDay, days, users, ads, seed, missingShare, adDrift
    }

    public init(from decoder: any Decoder) throws {
        let own = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            impressionsPerDay: try own.decode(Int.self, forKey: .impressionsPerDay),
            firstDay: try own.decode(Day.self, forKey: .firstDay), days: try own.decode(Int.self, forKey: .days),
            users: try own.decode(Int.self, forKey: .users), ads: try own.decode(Int.self, forKey: .ads),
            seed: try own.decode(UInt64.self, forKey: .seed),
            missingShare: try own.decode(Double.self, forKey: .missingShare), clicks: try Clicks(from: decoder))
        daysWithOneMore = try own.decodeIfPresent(Int.self, forKey: .daysWithOneMore)
        adDrift = try own.decodeIfPresent(Double.self, forKey: .adDrift)
    }

    public func encode(to encoder: any Encoder) throws {
        try clicks.encode(to: encoder)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(impressionsPerDay, forKey: .impressionsPerDay)
        try own.encodeIfPresent(daysWithOneMore, forKey: .daysWithOneMore)
        try own.encode(firstDay, forKey: .firstDay)
        try own.encode(days, forKey: .days)
        try own.encode(users, forKey: .users)
        try own.encode(ads, forKey: .ads)
        try own.encode(seed, forKey: .seed)
        try own.encode(missingShare, forKey: .missingShare)
        try own.encodeIfPresent(adDrift, forKey: .adDrift)
    }
}
