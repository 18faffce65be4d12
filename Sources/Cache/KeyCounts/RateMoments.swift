/// How the click rates of keys are spread around their mean: a beta distribution with mean `prior` and `strength` =
/// α + β, by its moments (Kleinman 1973, “Proportions with extraneous variance”). A key of which little is known has a
/// rate near the prior.
public struct RateMoments: Codable, Equatable, Sendable {
    /// The mean click rate, above 0 and below 1.
    public let prior: Double
    /// k: how many impressions of a key count as much as the prior.
    public let strength: Double
    public let keys: Int
    public let impressions: Double
    public let clicks: Double

    /// Sums over the keys.
    struct Sums: Sendable {
        var keys = 0
        var impressions = 0.0
        var clicks = 0.0
        /// Σ n²
        var squares = 0.0
        /// Σ c² / n
        var rates = 0.0

        mutating func add(impressions n: Double, clicks c: Double) {
            guard n > 0 else { return }
            keys += 1
            impressions += n
            clicks += c
            squares += n * n
            rates += c * c / n
        }

        mutating func add(_ other: Sums) {
            keys += other.keys
            impressions += other.impressions
            clicks += other.clicks
            squares += other.squares
            rates += other.rates
        }
    }

    init(_ sums: Sums) {
        let (n, c) = (sums.impressions, sums.clicks)
        (keys, impressions, clicks) = (sums.keys, n, c)
        // A rate of 0 or 1 would have infinite log odds.
        prior = n > 0 ? min(max(c, 0.5), max(n - 0.5, n / 2)) / n : 0.5
        let spread = (sums.rates - (n > 0 ? c * c / n : 0)) / (prior * (1 - prior))
        let chance = Double(max(0, sums.keys - 1))
        let room = n > 0 ? n - sums.squares / n - chance : 0
        // ρ, the correlation of two impressions of one key.
        let correlation = room > 0 ? (spread - chance) / room : 0
        strength = 1 / min(max(correlation, Self.least), Self.most) - 1
    }

    /// k is at most 100,000, at least 1/9.
    private static let least = 1e-5
    private static let most = 0.9
}
