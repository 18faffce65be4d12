import Backfill
import CacheUpkeep
import Days
import Experiments
import Extract
import Foundation
import JobFile
import LogLoading
import Logging
import Night
import Runs
import TestSupport

/// A job that is opened anew for each test, with the operations that its commands do.
package struct TestJob {
    private let job: OpenJob

    package init(jobFile path: String, database: String, sourceDatabase: String? = nil, log: Logger) throws {
        job = try OpenJob(
            JobContext(JobFile(path: path), log: log), .named(database, source: sourceDatabase)
        ) { _ in }
    }

    package func nightly(asOf: AsOf) throws -> RunOutcome { try Nightly(job).run(asOf: asOf) }

    package func extract(days: ClosedRange<Day>, rebuild: Bool) throws -> [ExtractSummary] {
        try CacheBuild(job).run(days: days, rebuild: rebuild)
    }

    package func train(days: ClosedRange<Day>) throws -> RunOutcome { try VersionTraining(job).run(days: days).outcome }

    package func evaluate(version: Int?, day: Day?) throws -> RunOutcome {
        try VersionEvaluation(job).run(version: version, day: day)
    }

    package func backfill(_ request: BackfillRequest) throws -> BackfillSummary { try Backfill(job, request).run() }

    package func backfillPlan(_ request: BackfillRequest) throws -> BackfillPlan { try Backfill(job, request).plan() }

    package func rebuildStale() throws -> [RebuiltDay] { try StaleRebuild(job).run() }

    package func experiment(
        day: Day, arms: [Contender], hints: [HintVariant] = [], seeds: Int
    ) throws -> (fingerprint: String, trained: Int) {
        try Experiment(job, arms: arms, hints: hints, seeds: seeds).run(day: day)
    }

    package func search(_ request: SettingSearchRequest) throws -> SettingSearchResult {
        try SettingSearch(job).run(request)
    }

    @discardableResult
    package func pruneCache(retentionDays: Int?, dryRun: Bool) throws -> CachePruning.Removed {
        try CacheUpkeep.pruneCache(of: job, retentionDays: retentionDays, dryRun: dryRun)
    }
}

extension TestJob {
    package static func day(_ text: String) throws -> Day {
        guard let day = Day(text) else { throw OddDay(text: text) }
        return day
    }

    private struct OddDay: Error {
        let text: String
    }

    package static let log: Logger = {
        var log = Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })
        log.logLevel = .critical
        return log
    }()

    /// A job over generated logs of some days in a database of its own, with nets small enough for a test.
    package static func withJob(
        days: Int = 3, change: (String) -> String = { $0 }, _ body: (_ url: String, _ job: String) throws -> Void
    ) throws {
        try TestDatabase.run { url in
            try withJob(on: url, days: days, change: change) { job in try body(url, job) }
        }
    }

    /// The same in a database that is migrated.
    package static func withJob(
        on url: String, days: Int = 3, change: (String) -> String = { $0 }, _ body: (_ job: String) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let text = """
                model: test
                source:
                  impressions: {table: ad_log.impressions, id: impression_id, time: impressed_at}
                  clicks: {table: ad_log.clicks, impression_id: impression_id, time: clicked_at}
                  attribution_window: 30m
                features:
                  - {name: category, kind: categorical, hash_bits: 6}
                  - {name: slot, kind: categorical, hash_bits: 4}
                  - {name: interests, kind: multi_valued, hash_bits: 6}
                  - {name: price, kind: numeric, transform: log1p}
                nets: {embedding_dim: 4, light: [4], booster: [16, 8]}
                training: {window_days: 2, batch_size: 128}
                evaluation:
                  group: user_id
                  true_probability: true_click_probability
                  baselines: [light, booster]
                  latency: {batch_sizes: [1, 10], calls: 100}
                cache: {directory: \(folder)/cache}
                """
            try change(text).write(toFile: "\(folder)/job.yaml", atomically: true, encoding: .utf8)
            _ = try generateSampleLogs(
                SampleLogSpecification(impressionsPerDay: 4_000, firstDay: try day("2026-01-05"), days: days),
                into: nil, database: url, log: log
            ) { _ in }
            try body("\(folder)/job.yaml")
        }
    }

    package static func session(_ url: String, _ job: String) throws -> TestJob {
        try TestJob(jobFile: job, database: url, log: log)
    }
}
