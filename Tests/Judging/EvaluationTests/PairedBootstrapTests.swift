import Arrays
import CounterRandom
import Evaluation
import Foundation
import Testing

@Suite struct PairedBootstrapTests {
    /// Users of ten impressions, each user with a taste that both nets see and with noise of each net.
    private static func data(users: Int, seed: UInt64 = 1) -> (labels: [UInt8], clusters: [UInt64], scores: [[Float]]) {
        var random = CounterRandom(seed: seed)
        var (labels, clusters, good, worse): ([UInt8], [UInt64], [Float], [Float]) = ([], [], [], [])
        for user in 0..<users {
            let taste = random.normal()
            for _ in 0..<10 {
                let truth = taste + random.normal()
                labels.append(random.uniform() < 1 / (1 + exp(-truth)) ? 1 : 0)
                clusters.append(UInt64(user + 1))
                good.append(Float(truth + 0.5 * random.normal()))
                worse.append(Float(truth + 1.5 * random.normal()))
            }
        }
        return (labels, clusters, [good, worse])
    }

    @Test("The AUCs of the rows as they are, are those of the report, and threads change nothing")
    func estimates() throws {
        let (labels, clusters, scores) = Self.data(users: 100)
        let one = try PairedBootstrap(scores: scores, labels: labels, clusters: clusters, replicates: 100)
        let two = try PairedBootstrap(
            scores: scores, labels: labels, clusters: clusters, replicates: 100, threads: Parallel(threads: 2))
        for (net, scores) in scores.enumerated() {
            #expect(try one.aucs[net] == EvaluationReport.auc(of: scores, labels: labels))
        }
        #expect(one.replicateAUCs == two.replicateAUCs && one.clusters == 100)
    }

    @Test("Without clusters the standard error of an AUC is near DeLong's, and clusters of one row are the same")
    func deLong() throws {
        let (labels, _, scores) = Self.data(users: 300)
        let bootstrap = try PairedBootstrap(scores: scores, labels: labels, clusters: [], replicates: 1_000)
        let comparison = try #require(bootstrap.comparison(confidence: 0.95) { $0[0] })
        let deLong = try #require(
            try EvaluationReport.measure(
                labels: labels, probabilities: scores[0].map { 1 / (1 + exp(-Double($0))) }
            ).aucStandardError)
        #expect(abs(comparison.standardError / deLong - 1) < 0.1)
        let none = try PairedBootstrap(
            scores: scores, labels: labels, clusters: labels.map { _ in 0 }, replicates: 1_000)
        #expect(none.replicateAUCs == bootstrap.replicateAUCs)
    }

    @Test("The standard error of a difference is that of fresh data, where users differ from each other")
    func coverage() throws {
        var (differences, errors): ([Double], [Double]) = ([], [])
        for seed in 0..<60 {
            let (labels, clusters, scores) = Self.data(users: 100, seed: UInt64(100 + seed))
            let bootstrap = try PairedBootstrap(scores: scores, labels: labels, clusters: clusters, replicates: 200)
            let comparison = try #require(bootstrap.comparison(confidence: 0.95) { $0[0] - $0[1] })
            #expect(comparison.lowerBound < comparison.estimate && comparison.estimate < comparison.upperBound)
            differences.append(comparison.estimate)
            errors.append(comparison.standardError)
        }
        let mean = differences.reduce(0, +) / 60
        let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 59
        let meanError = errors.reduce(0, +) / 60
        // The standard deviation of 60 numbers is known to a tenth; wrong clusters or weights are off by far more.
        #expect(abs(meanError / variance.squareRoot() - 1) < 0.35)
    }

    @Test("A statistic that is undefined on the rows, or in most replicates, gives no comparison")
    func undefined() throws {
        let (labels, clusters, scores) = Self.data(users: 50)
        let bootstrap = try PairedBootstrap(scores: scores, labels: labels, clusters: clusters, replicates: 100)
        #expect(bootstrap.comparison(confidence: 0.95) { _ in nil } == nil)
        let oneClass = try PairedBootstrap(
            scores: scores, labels: labels.map { _ in 0 }, clusters: clusters, replicates: 100)
        #expect(oneClass.aucs == [nil, nil])
        #expect(oneClass.comparison(confidence: 0.95) { $0[0] } == nil)
        #expect(throws: EvaluationError.self) {
            try PairedBootstrap(scores: [[.nan, 0]], labels: [0, 1], clusters: [], replicates: 100)
        }
    }
}
