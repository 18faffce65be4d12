import CounterRandom
import Days
import Foundation

/// What is different on one day of a log whose ads drift: each ad's distance from its first day's quality, and the
/// intercept that keeps the mean click probability where it was.
///
/// An ad's quality is a random walk: it begins at 0 on the log's first day and takes an independent normal step at each
/// midnight. The steps depend on the seed, the ad and the day only, so that a day is the same whatever is generated
/// before it.
struct AdDrift: Sendable {
    /// Added to each ad's effects, before scaling; empty for ads that stay as they are. `[ads]`
    let effects: [Double]
    let intercept: Double

    /// Returns the sum of an ad's steps up to a day. O(days since the first).
    static func walk(ad: Int, days: Int, step: Double, seed: UInt64) -> Double {
        var random = CounterRandom(seed: seed, purpose: .drift, number: ad)
        return (0..<max(0, days)).reduce(0) { sum, _ in sum + step * random.normal() }
    }
}

extension SampleLogGenerator {
    /// Returns a day's drift. O(ads × days since the first), plus one pass over the trial impressions.
    func drift(on day: Day) -> AdDrift {
        guard let step = specification.adDrift, step > 0 else {
            return AdDrift(effects: [], intercept: clickModel.intercept)
        }
        let days = day.ordinal - specification.firstDay.ordinal
        let effects = ads.map { AdDrift.walk(ad: $0.number, days: days, step: step, seed: specification.seed) }
        let drifted = zip(trial.effects, trial.ads).map { $0 + effects[$1] }
        return AdDrift(effects: effects, intercept: intercept(effects: drifted))
    }
}
