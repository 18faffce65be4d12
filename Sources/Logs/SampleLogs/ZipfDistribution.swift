import CounterRandom
import Foundation

/// A distribution of ranks 1…`count` with probability proportional to rank^(−`exponent`), drawn in constant time and
/// memory by rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone
/// discrete distributions", ACM TOMACS 6(3), 1996).
public struct ZipfDistribution: Sendable {
    public let count: Int
    public let exponent: Double
    private let integralAtHalf: Double
    private let integralAtEnd: Double
    /// Ranks this close above the inverse are accepted without evaluating the density.
    private let shortcut: Double

    /// - Parameters:
    ///   - count: The number of ranks, at least 1.
    ///   - exponent: The steepness, above 0.
    public init(count: Int, exponent: Double) {
        self.count = max(count, 1)
        self.exponent = exponent
        integralAtHalf = Self.integral(1.5, exponent) - 1
        integralAtEnd = Self.integral(Double(self.count) + 0.5, exponent)
        shortcut = 2 - Self.inverseIntegral(Self.integral(2.5, exponent) - Self.density(2, exponent), exponent)
    }

    /// Draws a rank in 1…`count`; takes about 1.1 rounds of one random number each.
    public func draw(_ random: inout CounterRandom) -> Int {
        while true {
            let area = integralAtEnd + random.uniform() * (integralAtHalf - integralAtEnd)
            let point = Self.inverseIntegral(area, exponent)
            let rank = min(max(Int(point + 0.5), 1), count)
            if Double(rank) - point <= shortcut { return rank }
            if area >= Self.integral(Double(rank) + 0.5, exponent) - Self.density(Double(rank), exponent) {
                return rank
            }
        }
    }

    private static func density(_ x: Double, _ exponent: Double) -> Double { exp(-exponent * log(x)) }

    /// Returns ∫₁ˣ t^(−s) dt, exact through s = 1.
    private static func integral(_ x: Double, _ exponent: Double) -> Double {
        let t = (1 - exponent) * log(x)
        return log(x) * (abs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2)
    }

    private static func inverseIntegral(_ area: Double, _ exponent: Double) -> Double {
        let t = max(area * (1 - exponent), -1)
        return exp(area * (abs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2))
    }
}
