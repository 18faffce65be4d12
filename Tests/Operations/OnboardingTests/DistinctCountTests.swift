import CounterRandom
import Testing

@testable import Onboarding

@Suite struct DistinctCountTests {
    /// A hash for each number, spread over 64 bits.
    private static func hash(_ number: Int) -> UInt64 {
        CounterRandom(seed: 3, position: UInt64(number)).first
    }

    @Test("Up to 16,384 different values are counted exactly, however often they come")
    func exact() {
        for wanted in [0, 1, 33, 1_000, 16_384] {
            var count = DistinctCount()
            for _ in 0..<3 { for number in 0..<wanted { count.insert(Self.hash(number)) } }
            #expect(count.count == wanted && count.isExact)
        }
    }

    @Test("More values are estimated within four standard errors of 0.8 %, just above the border too, in any order")
    func estimated() {
        for wanted in [16_385, 25_000, 40_000, 60_000, 100_000, 1_000_000] {
            var (forwards, backwards) = (DistinctCount(), DistinctCount())
            for number in 0..<wanted {
                forwards.insert(Self.hash(number))
                backwards.insert(Self.hash(wanted - 1 - number))
            }
            for number in 0..<min(wanted, 50_000) { forwards.insert(Self.hash(number)) }
            #expect(!forwards.isExact)
            #expect(abs(Double(forwards.count) / Double(wanted) - 1) < 4 * 0.0081, "\(wanted): \(forwards.count)")
            #expect(forwards.count == backwards.count)
        }
    }

    @Test("The hash 0 is a value like any other")
    func zero() {
        var count = DistinctCount()
        count.insert(0)
        count.insert(0)
        #expect(count.count == 1)
    }
}
