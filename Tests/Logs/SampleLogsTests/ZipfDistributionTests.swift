import CounterRandom
import Foundation
import SampleLogs
import Testing

@Suite struct ZipfDistributionTests {
    @Test("ranks are drawn in proportion to rank to the minus exponent", arguments: [0.7, 1.0, 1.3])
    func shape(exponent: Double) {
        let (count, draws) = (50, 200_000)
        let zipf = ZipfDistribution(count: count, exponent: exponent)
        var random = CounterRandom(seed: 3)
        var seen = [Int](repeating: 0, count: count + 1)
        for _ in 0..<draws { seen[zipf.draw(&random)] += 1 }
        let weights = (1...count).map { pow(Double($0), -exponent) }
        let total = weights.reduce(0, +)
        for rank in 1...count {
            let expected = Double(draws) * weights[rank - 1] / total
            #expect(abs(Double(seen[rank]) - expected) < 5 * expected.squareRoot(), "rank \(rank)")
        }
        #expect(seen[0] == 0)
    }

    @Test("one rank is always drawn, and the last of very many can be")
    func bounds() {
        var random = CounterRandom(seed: 4)
        let one = ZipfDistribution(count: 1, exponent: 0.8)
        #expect((0..<100).allSatisfy { _ in one.draw(&random) == 1 })
        let many = ZipfDistribution(count: 1_000_000_000, exponent: 0.5)
        let ranks = (0..<1_000).map { _ in many.draw(&random) }
        #expect(ranks.allSatisfy { (1...1_000_000_000).contains($0) })
        #expect((ranks.max() ?? 0) > 900_000_000)
    }
}
