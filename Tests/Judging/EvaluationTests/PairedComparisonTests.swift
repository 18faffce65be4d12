import Evaluation
import Foundation
import Testing

@Suite("Paired differences of log loss")
struct PairedComparisonTests {
    static func bootstrap(clusters: (Int) -> Int) throws -> PairedBootstrap {
        let rows = Array(0..<200)
        return try PairedBootstrap(
            scores: [rows.map { Float(Double($0 % 7 + 1) / 10) }, rows.map { Float(Double($0 % 5 + 1) / 8) }],
            labels: rows.map { $0 % 3 == 0 ? 1 : 0 }, clusters: rows.map { UInt64(clusters($0) + 1) }, replicates: 100)
    }

    @Test(
        "Difference, error and bound are numpy's, over clusters and over rows",
        arguments: [
            (11, 0.018970401494409775, -0.010295775353136385), (200, 0.04446942414481397, -0.05223793524337147),
        ])
    func reference(_ clusters: Int, _ error: Double, _ lower: Double) throws {
        let bootstrap = try Self.bootstrap { $0 % clusters }
        let found = try #require(try bootstrap.logLossDifference(0, minus: 1, confidence: 0.95))
        #expect(abs(found.estimate - 0.02090775834966916) < 1e-12)
        #expect(abs(found.standardError - error) < 1e-12)
        #expect(abs(found.lowerBound - lower) < 1e-9)
        #expect(abs(found.upperBound + lower - 2 * found.estimate) < 1e-12)
        #expect(found.clusters == clusters && found.replicates == 0)
    }

    @Test("The other way round it is the negative, and a net against itself is exactly 0")
    func antisymmetric() throws {
        let bootstrap = try Self.bootstrap { $0 % 11 }
        let one = try #require(try bootstrap.logLossDifference(0, minus: 1, confidence: 0.95))
        let other = try #require(try bootstrap.logLossDifference(1, minus: 0, confidence: 0.95))
        #expect(one.estimate == -other.estimate)
        #expect(abs(one.standardError - other.standardError) < 1e-15)
        let none = try #require(try bootstrap.logLossDifference(1, minus: 1, confidence: 0.95))
        #expect(none.estimate == 0 && none.standardError == 0 && !none.isClear)
    }

    @Test("One cluster tells no error")
    func oneCluster() throws {
        #expect(try Self.bootstrap { _ in 0 }.logLossDifference(0, minus: 1, confidence: 0.95) == nil)
    }

    @Test("In little memory, where clusters are taken in several runs, it is the same")
    func littleMemory() throws {
        let rows = Array(0..<200)
        let space = ScratchSpace(folder: "/tmp", memoryBytes: 16 * 4)
        let bootstrap = try PairedBootstrap(
            scores: [
                StoredColumn(rows.map { Float(Double($0 % 7 + 1) / 10) }),
                StoredColumn(rows.map { Float(Double($0 % 5 + 1) / 8) }),
            ], labels: StoredColumn(rows.map { $0 % 3 == 0 ? 1 : 0 }),
            clusters: StoredColumn(rows.map { UInt64($0 % 11 + 1) }), replicates: 2, space: space)
        let found = try #require(try bootstrap.logLossDifference(0, minus: 1, confidence: 0.95))
        #expect(abs(found.standardError - 0.018970401494409775) < 1e-12)
    }

    @Test("Over several seeds, each user's difference is its mean over the seeds, and the seeds' own spread is added")
    func seeds() throws {
        let labels: [UInt8] = [1, 0, 1, 0, 1, 0]
        let users: [UInt64] = [1, 1, 2, 2, 3, 3]
        let even = [Float](repeating: 0.5, count: 6)
        let sure: [Float] = [0.8, 0.2, 0.8, 0.2, 0.8, 0.2]
        let wrong: [Float] = [0.6, 0.4, 0.3, 0.7, 0.6, 0.4]
        func difference(_ first: [[Float]], _ second: [[Float]]) throws -> PairedComparison? {
            try PairedComparison.logLoss(
                of: first, minus: second, labels: labels, clusters: users, confidence: 0.95)
        }
        // Two equal seeds: no spread, and the error of one pair of nets.
        let one = try PairedBootstrap(scores: [wrong, even], labels: labels, clusters: users, replicates: 2)
            .logLossDifference(0, minus: 1, confidence: 0.95)
        let twice = try #require(try difference([wrong, wrong], [even, even]))
        let pair = try #require(one)
        #expect(abs(twice.estimate - pair.estimate) < 1e-12)
        #expect(abs(twice.standardError - pair.standardError) < 1e-12 && twice.clusters == 3)
        // The same for every user, but not for every seed: only the seeds have an error, |a − b| / 2.
        let spread = try #require(try difference([sure, even], [even, even]))
        let gain = log(0.8 / 0.5)
        #expect(abs(spread.estimate + gain / 2) < 1e-6 && abs(spread.standardError - gain / 2) < 1e-6)
        #expect(try difference([sure], [even]) == nil)
        #expect(try difference([sure, [.nan, 0, 0, 0, 0, 0]], [even, even]) == nil)
        #expect(throws: EvaluationError.self) { try difference([[0.5]], [even]) }
    }
}
