import Backfill
import CacheUpkeep
import Days
import Experiments
import Extract
import JobFile
import Logging
import Night
import Runs

/// A job that is opened anew for each test, with the operations that its commands do.
struct TestJob {
    private let job: OpenJob

    init(jobFile path: String, database: String, sourceDatabase: String? = nil, log: Logger) throws {
        job = try OpenJob(
            JobContext(JobFile(path: path), log: log), .named(database, source: sourceDatabase)
        ) { _ in }
    }

    func nightly(asOf: AsOf) throws -> RunOutcome { try Nightly(job).run(asOf: asOf) }

    func extract(days: ClosedRange<Day>, rebuild: Bool) throws -> [ExtractSummary] {
        try CacheBuild(job).run(days: days, rebuild: rebuild)
    }

    func train(days: ClosedRange<Day>) throws -> RunOutcome { try VersionTraining(job).run(days: days).outcome }

    func evaluate(version: Int?, day: Day?) throws -> RunOutcome {
        try VersionEvaluation(job).run(version: version, day: day)
    }

    func backfill(_ request: BackfillRequest) throws -> BackfillSummary { try Backfill(job, request).run() }

    func backfillPlan(_ request: BackfillRequest) throws -> BackfillPlan { try Backfill(job, request).plan() }

    func rebuildStale() throws -> [RebuiltDay] { try StaleRebuild(job).run() }

    func experiment(
        day: Day, arms: [Contender], hints: [HintVariant] = [], seeds: Int
    ) throws -> (fingerprint: String, trained: Int) {
        try Experiment(job, arms: arms, hints: hints, seeds: seeds).run(day: day)
    }

    func search(_ request: SettingSearchRequest) throws -> SettingSearchResult {
        try SettingSearch(job).run(request)
    }

    @discardableResult
    func pruneCache(retentionDays: Int?, dryRun: Bool) throws -> CachePruning.Removed {
        try CacheUpkeep.pruneCache(of: job, retentionDays: retentionDays, dryRun: dryRun)
    }
}
