/// How many values were shown how often, for finding those that were shown most.
package struct ImpressionHistogram {
    /// Of each number of impressions below `exact`, of fractions rounded down.
    private var singles = [Int](repeating: 0, count: ImpressionHistogram.exact)
    /// From 2ⁿ to below 2ⁿ⁺¹, of all others.
    private var octaves = [Int](repeating: 0, count: 128)
    private var count = 0

    /// So many numbers are told apart; a power of two.
    package static let exact = 4_096

    package init() {}

    /// - Parameter impressions: Finite, 0 or more.
    package mutating func add(_ impressions: Float) {
        count += 1
        if impressions < Float(Self.exact) {
            singles[max(0, Int(impressions))] += 1
        } else {
            octaves[Int(impressions.exponent)] += 1
        }
    }

    /// Returns the lowest number of impressions that at most so many values reach; above `exact` a power of
    /// two.
    package func least(keeping most: Int) -> Int {
        var kept = count
        for (impressions, values) in singles.enumerated() {
            if kept <= most { return impressions }
            kept -= values
        }
        for (octave, values) in octaves.enumerated().prefix(Int.bitWidth - 1) {
            if kept <= most { return max(Self.exact, 1 << octave) }
            kept -= values
        }
        return Int.max
    }
}
