import CounterRandom
import Evaluation
import Foundation
import Testing

/// Whether the intervals of GAUC and NE hold what they promise, on days that are drawn again and again.
@Suite struct IntervalTests {
    /// Rows of users who differ in taste and in how much they see; those who click more see more.
    private struct DrawnDay {
        var labels: [UInt8] = []
        var groups: [UInt64] = []
        var probabilities: [Double] = []

        init(users: Int, stream: UInt64) {
            var random = CounterRandom(seed: 1708, stream: stream)
            for user in 0..<users {
                let taste = random.normal()
                // What the net gets wrong about all that the user sees.
                let bias = 1.2 * random.normal()
                for _ in 0..<(2 + Int(6 * exp(0.5 * taste + 0.3 * random.normal()))) {
                    let appeal = random.normal()
                    labels.append(random.uniform() < Self.sigmoid(-1.5 + taste + appeal) ? 1 : 0)
                    groups.append(UInt64(user + 1))
                    let noise = 0.5 * random.normal()
                    probabilities.append(Self.sigmoid(-1.5 + 0.6 * taste + bias + 0.8 * appeal + noise))
                }
            }
        }

        private static func sigmoid(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

        func report(grouped: Bool = true) throws -> EvaluationReport {
            try EvaluationReport.measure(labels: labels, probabilities: probabilities, groups: grouped ? groups : [])
        }
    }

    @Test("Intervals of 95 % hold the figures of all users on about 95 % of the days; those that ignore users do not")
    func coverage() throws {
        let truth = try DrawnDay(users: 100_000, stream: 0).report()
        let (gauc, entropy) = (try #require(truth.gauc), try #require(truth.normalizedEntropy))
        var (gaucHeld, entropyHeld, rowsHeld) = (0, 0, 0)
        let days = 500
        for stream in 1...days {
            let day = DrawnDay(users: 200, stream: UInt64(stream))
            let report = try day.report()
            func holds(_ value: Double, _ estimate: Double?, _ error: Double?) throws -> Int {
                try abs(#require(estimate) - value) <= 1.96 * #require(error) ? 1 : 0
            }
            gaucHeld += try holds(gauc, report.gauc, report.gaucStandardError)
            entropyHeld += try holds(entropy, report.normalizedEntropy, report.normalizedEntropyStandardError)
            let rows = try day.report(grouped: false)
            rowsHeld += try holds(entropy, rows.normalizedEntropy, rows.normalizedEntropyStandardError)
        }
        // The share of 500 that hold is known to one in a hundred.
        #expect(abs(Double(gaucHeld) / Double(days) - 0.95) < 0.025, "GAUC: \(gaucHeld) of \(days)")
        #expect(abs(Double(entropyHeld) / Double(days) - 0.95) < 0.025, "NE: \(entropyHeld) of \(days)")
        #expect(Double(rowsHeld) / Double(days) < 0.9, "NE over rows: \(rowsHeld) of \(days)")
    }

    @Test("Groups that do not differ leave no error")
    func noDifference() throws {
        var (labels, groups, scores): ([UInt8], [UInt64], [Double]) = ([], [], [])
        for user in 1...97 {
            labels += [0, 1, 0]
            groups += [UInt64](repeating: UInt64(user), count: 3)
            scores += [0.3, 0.4, 0.6]
        }
        let report = try EvaluationReport.measure(labels: labels, probabilities: scores, groups: groups)
        #expect(report.gauc == 0.5 && report.gaucStandardError == 0)
        #expect(try #require(report.normalizedEntropyStandardError) < 1e-15)
    }
}
