import Foundation

/// The AUC of the true click probabilities, the upper bound for any net on a generated log, computed in one pass and
/// constant memory.
///
/// Probabilities are counted in 2^16 bins of their log odds between −16 and 16; two in one bin count as a tie. The
/// exact AUC differs from ``value`` by at most ``errorBound``, half the share of click/non-click pairs that share a
/// bin: usually below 1e-4.
public struct OracleAUC: Sendable {
    private static let bins = 65_536
    private static let limit = 16.0
    private var clicks = [Int](repeating: 0, count: Self.bins)
    private var others = [Int](repeating: 0, count: Self.bins)

    public init() {}

    public mutating func add(probability: Double, label: UInt8) {
        let logOdds = log(probability / (1 - probability))
        // Probabilities of exactly 0 and 1, and beyond the limits, go into the outermost bins.
        let bin =
            if !(logOdds > -Self.limit) {
                0
            } else if logOdds >= Self.limit {
                Self.bins - 1
            } else {
                min(Int((logOdds + Self.limit) / (2 * Self.limit) * Double(Self.bins)), Self.bins - 1)
            }
        if label == 1 { clicks[bin] += 1 } else { others[bin] += 1 }
    }

    /// Adds another day's counts.
    public mutating func add(_ other: OracleAUC) {
        for bin in 0..<Self.bins {
            clicks[bin] += other.clicks[bin]
            others[bin] += other.others[bin]
        }
    }

    /// The AUC; nil if only one class occurred.
    public var value: Double? {
        var wins = 0.0
        var othersBelow = 0
        for bin in 0..<Self.bins {
            wins += Double(clicks[bin]) * (Double(othersBelow) + Double(others[bin]) / 2)
            othersBelow += others[bin]
        }
        return pairs > 0 ? wins / pairs : nil
    }

    /// The largest possible error of ``value``; 0 if it is nil.
    public var errorBound: Double {
        var shared = 0.0
        for bin in 0..<Self.bins { shared += Double(clicks[bin]) * Double(others[bin]) }
        return pairs > 0 ? shared / pairs / 2 : 0
    }

    private var pairs: Double { Double(clicks.reduce(0, +)) * Double(others.reduce(0, +)) }
}
