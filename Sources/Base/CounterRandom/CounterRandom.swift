import Foundation

/// A counter-based random number generator: the n-th number of a stream is a pure function of (seed, stream, n), so
/// that any part of a computation can draw its own numbers in any order and on any thread and still get the same ones.
///
/// The mixing function is SplitMix64's finaliser (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014). Not for cryptography.
public struct CounterRandom: RandomNumberGenerator, Sendable {
    private let key: UInt64
    private var counter: UInt64

    /// - Parameters:
    ///   - seed: The job's seed.
    ///   - stream: Which of the seed's independent streams; one per purpose (a table, a layer, a shuffle, a day).
    ///   - position: Number of values of the stream to skip.
    public init(seed: UInt64, stream: UInt64 = 0, position: UInt64 = 0) {
        key = CounterRandom.mix(seed &+ CounterRandom.mix(stream &+ 0x9E37_79B9_7F4A_7C15))
        counter = position
    }

    public mutating func next() -> UInt64 {
        counter &+= 1
        return CounterRandom.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
    }

    /// The next number, without advancing.
    public var first: UInt64 {
        var copy = self
        return copy.next()
    }

    /// Returns a number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Returns a standard normal number (Box and Muller, Annals of Mathematical Statistics 1958); takes two numbers
    /// from the stream.
    public mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
