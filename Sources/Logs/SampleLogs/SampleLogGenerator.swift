import CounterRandom
import Days
import Foundation

/// A generator of the impressions and clicks of a log, day by day in time order.
///
/// Each impression draws its own numbers from (seed, day, number), so a day does not depend on other days, nor a row on
/// other rows. Memory holds the ads and the click model, whatever the number of rows and users.
public struct SampleLogGenerator: Sendable {
    public let specification: SampleLogSpecification
    let ads: [SampleAd]
    let clickModel: ClickModel
    /// The effects and ads of the trial impressions on which a drifting day's intercept is fitted; empty if no ad
    /// drifts.
    let trial: (effects: [Double], ads: [Int])
    private let userRanks: ZipfDistribution
    private let adRanks: ZipfDistribution
    private let traffic = DailyTraffic()

    static let userExponent = 0.7
    static let adExponent = 0.8
    /// The number of impressions on which the intercept is fitted: their mean probability is within about half a
    /// percent of the log's.
    private static let calibrationRows = 65_536

    /// Creates a generator in O(ads) plus one pass over 65,536 trial impressions, which makes the mean probability the
    /// specified one.
    ///
    /// - Throws: If a value of the specification is out of range.
    public init(_ specification: SampleLogSpecification) throws(SampleLogError) {
        try specification.validate()
        self.specification = specification
        let (seed, missingShare, ads) = (specification.seed, specification.missingShare, specification.ads)
        self.ads = (1...ads).map { SampleAd(number: $0, ads: ads, seed: seed, missingShare: missingShare) }
        userRanks = ZipfDistribution(count: specification.users, exponent: Self.userExponent)
        adRanks = ZipfDistribution(count: ads, exponent: Self.adExponent)
        var model = ClickModel(
            seed: seed, signal: specification.clicks.signal, advertisers: max(1, ads / SampleAd.adsPerAdvertiser))
        let (userRanks, adRanks, traffic, table) = (userRanks, adRanks, traffic, self.ads)
        var (trial, trialAds) = ([Double](), [Int]())
        for row in 0..<Self.calibrationRows {
            var random = CounterRandom(
                seed: seed, purpose: .calibration, number: 0,
                position: UInt64(row) * CounterRandom.numbersPerImpression)
            let second = traffic.secondOfDay((Double(row) + 0.5) / Double(Self.calibrationRows))
            let place = SamplePlace(
                site: SampleVocabulary.site.draw(&random, missingShare: missingShare),
                slot: SampleVocabulary.slot.draw(&random, missingShare: missingShare),
                hour: Int(second / 3_600), weekday: row % 7)
            let user = SampleUser(number: userRanks.draw(&random), seed: seed, missingShare: missingShare)
            let ad = adRanks.draw(&random) - 1
            trial.append(model.effects(user: user, ad: table[ad], place: place))
            trialAds.append(ad)
        }
        model.intercept = Self.intercept(
            effects: trial, signal: specification.clicks.signal,
            mean: specification.clicks.baseRate / (1 - specification.clicks.lateShare))
        clickModel = model
        self.trial = (specification.adDrift ?? 0) > 0 ? (trial, trialAds) : ([], [])
    }

    /// Returns the impressions of a day in time order, generated lazily.
    ///
    /// - Throws: If the specification does not cover the day.
    public func impressions(on day: Day) throws(SampleLogError) -> DayImpressions {
        guard specification.impressionDays.contains(day) else {
            throw .dayOutside(day: day, days: specification.impressionDays)
        }
        return DayImpressions(generator: self, day: day, drift: drift(on: day))
    }

    /// Returns row `number` of a day, a pure function of the specification, the day and the number.
    ///
    /// - Parameter drift: The day's.
    func impression(day: Day, number: Int, drift: AdDrift) -> SampleImpression {
        let seed = specification.seed
        var random = CounterRandom(
            seed: seed, purpose: .impressions, number: day.ordinal,
            position: UInt64(number) * CounterRandom.numbersPerImpression)
        // Row n lies in the n-th of equal slices of the day's traffic, so rows are already in time order.
        let second = traffic.secondOfDay(
            (Double(number) + random.uniform()) / Double(specification.impressions(on: day)))
        let microseconds = min(Int64(second * 1e6), 86_400_000_000 - 1)
        let missingShare = specification.missingShare
        let place = SamplePlace(
            site: SampleVocabulary.site.draw(&random, missingShare: missingShare),
            slot: SampleVocabulary.slot.draw(&random, missingShare: missingShare),
            hour: Int(microseconds / 3_600_000_000), weekday: ((day.ordinal % 7) + 7) % 7)
        let user = SampleUser(number: userRanks.draw(&random), seed: seed, missingShare: missingShare)
        let ad = ads[adRanks.draw(&random) - 1]
        let probability = clickModel.probability(user: user, ad: ad, place: place, drift: drift)

        var clickDelay: Int64?
        var duplicateDelay: Int64?
        var isLate = false
        if random.uniform() < probability {
            isLate = random.uniform() < specification.clicks.lateShare
            let delay = ClickDelay(windowSeconds: specification.clicks.attributionWindow.seconds)
                .draw(isLate ? .late : .withinWindow, &random)
            clickDelay = delay
            if random.uniform() < specification.clicks.duplicateShare {
                // A second tap, or a beacon sent again: 50 ms to 3 s later.
                duplicateDelay = delay + 50_000 + Int64(random.uniform() * 2_950_000)
            }
        }
        return SampleImpression(
            seed: seed, day: day, number: number,
            impressedAtMicroseconds: Int64(day.ordinal) * 86_400_000_000 + microseconds, user: user, ad: ad,
            place: place, trueClickProbability: probability * (1 - specification.clicks.lateShare),
            clickDelayMicroseconds: clickDelay, duplicateDelayMicroseconds: duplicateDelay, isLate: isLate)
    }

    /// Returns the intercept at which the mean probability over the trial's effects is the specified one.
    func intercept(effects: [Double]) -> Double {
        Self.intercept(
            effects: effects, signal: specification.clicks.signal,
            mean: specification.clicks.baseRate / (1 - specification.clicks.lateShare))
    }

    /// Returns the intercept at which the mean probability over the trial's effects is `mean`, by bisection.
    private static func intercept(effects: [Double], signal: Double, mean: Double) -> Double {
        var (low, high) = (-60.0, 60.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            let sum = effects.reduce(0) { $0 + 1 / (1 + exp(-(middle + signal * $1))) }
            if sum / Double(effects.count) < mean { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

/// The impressions of one generated day, generated lazily.
public struct DayImpressions: Sequence, Sendable {
    let generator: SampleLogGenerator
    public let day: Day
    let drift: AdDrift

    public var underestimatedCount: Int { generator.specification.impressions(on: day) }

    public func makeIterator() -> Iterator { Iterator(generator: generator, day: day, drift: drift) }

    public struct Iterator: IteratorProtocol {
        let generator: SampleLogGenerator
        let day: Day
        let drift: AdDrift
        private var number = 0

        init(generator: SampleLogGenerator, day: Day, drift: AdDrift) {
            self.generator = generator
            self.day = day
            self.drift = drift
        }

        public mutating func next() -> SampleImpression? {
            guard number < generator.specification.impressions(on: day) else { return nil }
            defer { number += 1 }
            return generator.impression(day: day, number: number, drift: drift)
        }
    }
}
