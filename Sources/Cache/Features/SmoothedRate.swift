import Foundation

/// A click rate that is drawn towards the mean rate of all keys, the more, the less is known of a key.
public struct SmoothedRate: Equatable, Sendable {
    /// The mean click rate of all keys, above 0 and below 1.
    public let prior: Double
    /// k: how many impressions of a key count as much as the prior.
    public let strength: Double
    private let logOdds: Double

    public init(prior: Double, strength: Double) {
        self.prior = prior
        self.strength = strength
        logOdds = log(prior / (1 - prior))
    }

    /// Returns the log odds of a key's rate, (clicks + k · prior) / (impressions + k), minus those of the prior.
    @inline(__always)
    public func lift(impressions: Float, clicks: Float) -> Double {
        // Rounded sums of decayed counts may have a trifle more clicks than impressions.
        let hits = Double(clicks) + strength * prior
        let misses = max(0, Double(impressions) - Double(clicks)) + strength * (1 - prior)
        return log(hits / misses) - logOdds
    }
}
