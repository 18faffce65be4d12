import FeatureCache
import Foundation
import ModelRegistry
import OperationsSupport
import Postgres
import RocketLaunching
import TestSupport
import Testing
import Training

@testable import Night

/// Numbers so far beyond those of training that a net gives no finite answer.
@Suite struct OverflowTests {
    /// Prices vary so little that a large one overflows where it is standardised.
    private static func withJob(days: Int, _ body: (Connection, () throws -> TestJob) throws -> Void) throws {
        let untransformed = { (text: String) in
            text.replacing("kind: numeric, transform: log1p", with: "kind: numeric")
                + "\npromotion: {least_clicks: 1, lowest_pcoc: 0.01, highest_pcoc: 100, margin: 1}"
        }
        try TestJob.withJob(days: days, change: untransformed) { url, job in
            let connection = try TestDatabase.connect(url)
            try connection.script("UPDATE ad_log.impressions SET price = price * 1e-3")
            try body(connection) { try TestJob.session(url, job) }
        }
    }

    /// Of the days from the third on, one row of so many; of both signs, so that no ReLU blocks all of them.
    private static func overflow(_ connection: Connection, oneOf count: Int) throws {
        try connection.script(
            """
            UPDATE ad_log.impressions SET price = 3e38 * sign(hashtext(impression_id)::float8)
            WHERE impressed_at >= '2026-01-07 00:00+00' AND abs(hashtext(impression_id)::bigint) % \(count) = 0
            """)
    }

    @Test("A live version that cannot score the day is named and left out; the new one is judged and published, held")
    func live() throws {
        try Self.withJob(days: 4) { connection, session in
            let first = try session().nightly(asOf: .instant("2026-01-08 01:00+00"))
            #expect(first.decision?.verdict != .held)
            try Self.overflow(connection, oneOf: 10)
            _ = try session().extract(days: TestJob.day("2026-01-07")...TestJob.day("2026-01-07"), rebuild: true)
            let second = try session().nightly(asOf: .instant("2026-01-09 01:00+00"))
            #expect(second.version == 2 && second.decision?.verdict == .held)
            let reports = try connection.execute(
                "SELECT DISTINCT impressions FROM rocket.evaluation_reports WHERE version = 2")
            #expect(try reports.map { try $0.int("impressions") } == [4_000])
            #expect(try connection.execute("SELECT FROM rocket.live_reports WHERE version = 2").isEmpty)
            let live = try connection.execute("SELECT version FROM rocket.live_models")
            #expect(try live.map { try $0.int("version") } == [1])
        }
    }

    @Test("All arms of an experiment are judged on all rows, whatever one of them cannot score")
    func experiment() throws {
        try Self.withJob(days: 3) { connection, session in
            try Self.overflow(connection, oneOf: 500)
            let result = try session().experiment(
                day: TestJob.day("2026-01-07"), arms: [.logisticRegression, .nets(.light)], seeds: 1)
            #expect(result.trained == 2)
            let losses = try connection.execute("SELECT log_loss, pcoc FROM rocket.experiment_results")
            #expect(try losses.count == 2 && losses.allSatisfy { try $0.double("log_loss").isFinite })
        }
    }

    @Test("Rows without an answer are left out for all nets, or answered by the click rate for the one that has none")
    func rows() {
        let block = SparseBatch(
            labels: [0, 1, 0, 1], groups: [1, 2, 3, 4], fields: [.single([1, 2, 3, 4])], numerics: [[1, 9, 3, 7]])
        let logits: [[Float]] = [[1, .nan, 3, 4], [1, 2, 3, 4], [.infinity, 2, 3, .nan]]
        var leftOut = UnscoredRows(nets: 3, ownNets: 2, numerics: ["price"], .leftOut)
        var (rest, answers) = (block, logits)
        leftOut.treat(&rest, &answers)
        #expect(rest == block.selecting(rows: [2]) && answers == [[3], [3], [3]])
        #expect(leftOut.count == 3 && leftOut.countWithoutLive == 1 && leftOut.byNet == [1, 0, 2])
        #expect(leftOut.example == "price = 1.0")

        var answered = UnscoredRows(nets: 3, ownNets: 3, numerics: ["price"], .answered(clickRate: 0.5))
        (rest, answers) = (block, logits)
        answered.treat(&rest, &answers)
        #expect(rest == block && answers == [[1, 0, 3, 4], [1, 2, 3, 4], [0, 2, 3, 0]])
        #expect(answered.count == 3 && answered.countWithoutLive == 3)
    }
}
