import Runs
import Testing

/// From how many impressions on a value is in a served table.
@Suite struct ImpressionHistogramTests {
    private static func histogram(_ shown: [Float]) -> ImpressionHistogram {
        var histogram = ImpressionHistogram()
        for impressions in shown { histogram.add(impressions) }
        return histogram
    }

    @Test("Values whose impressions lie close together are told apart: as many stay as fit")
    func closeTogether() {
        // 10 values each with 4, 5, 6 and 7 impressions.
        let histogram = Self.histogram((0..<40).map { Float(4 + $0 % 4) })
        #expect(histogram.least(keeping: 39) == 5)
        #expect(histogram.least(keeping: 30) == 5)
        #expect(histogram.least(keeping: 29) == 6)
        #expect(histogram.least(keeping: 10) == 7)
        #expect(histogram.least(keeping: 9) == 8)
    }

    @Test("The lowest number that few enough reach, for any numbers", arguments: [1, 3, 10, 90, 99])
    func lowest(_ most: Int) {
        // Fractions come from half-lives.
        let shown = (1...100).map { Float($0 * $0) * 0.37 }
        let least = Self.histogram(shown).least(keeping: most)
        #expect(least < ImpressionHistogram.exact)
        #expect(shown.filter { $0 >= Float(least) }.count <= most)
        #expect(shown.filter { $0 >= Float(least - 1) }.count > most)
    }

    @Test("Above the numbers that are told apart, thresholds are powers of two")
    func octaves() {
        let histogram = Self.histogram([1, 4_095, 4_096, 5_000, 9_000, 1e9])
        #expect(histogram.least(keeping: 6) == 0)
        #expect(histogram.least(keeping: 5) == 2)
        #expect(histogram.least(keeping: 4) == 4_096)
        #expect(histogram.least(keeping: 3) == 8_192)
        #expect(histogram.least(keeping: 1) == 16_384)
        #expect(histogram.least(keeping: 0) == 1 << 30)
        #expect(Self.histogram([.greatestFiniteMagnitude]).least(keeping: 0) == Int.max)
    }
}
