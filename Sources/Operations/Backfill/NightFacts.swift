import Days
import Extract
import JobFile
import ModelRegistry
import Night
import Postgres
import Runs

/// What the database knows of the nights of a range; nothing is changed by asking.
struct NightSurvey {
    private let job: OpenJob
    private let databases: Databases
    private let launch: RankedLaunch

    init(_ job: OpenJob, _ databases: Databases, _ launch: RankedLaunch) {
        (self.job, self.databases, self.launch) = (job, databases, launch)
    }

    private var jobFile: JobFile { job.context.jobFile }
    private var specification: ExtractionSpecification { job.context.specification }

    /// - Parameter others: whether nights that another process works on are marked so.
    func facts(of nights: [Night], for request: BackfillRequest, others: OtherWork) throws -> [Day: NightFacts] {
        let days = nights.map(\.evaluatedDay)
        guard let first = days.min(), let last = days.max() else { return [:] }
        let newest = try newestVersions(first...last)
        let badRuns = try badRuns(first...last)
        let compares = request.reprocess.looksAtLogs || request.promotion == .byGate
        var facts: [Day: NightFacts] = [:]
        for night in nights {
            let day = night.evaluatedDay
            var known = NightFacts(version: newest[day], lastRun: badRuns[day])
            if let version = known.version, compares {
                if let current = try current(night, like: version) {
                    (known.version, known.isCurrent) = (current, true)
                }
                known.isJudged = try databases.registry.decision(of: known.version ?? version) != nil
            }
            if others == .marked { known.worker = try worker(on: day) }
            facts[day] = known
        }
        return facts
    }

    /// Whether to look who else works on a night.
    enum OtherWork {
        case marked, ignored
    }

    /// The newest version of each night, of this job's features and source.
    private func newestVersions(_ days: ClosedRange<Day>) throws -> [Day: Int] {
        let rows = try databases.results.execute(
            """
            SELECT evaluated_day, max(version) AS version FROM rocket.model_versions
            WHERE model = $1 AND specification_hash = $2 AND evaluated_day BETWEEN $3 AND $4
            GROUP BY evaluated_day
            """,
            [
                .text(jobFile.model), .text(specification.hash), .day(days.lowerBound),
                .day(days.upperBound),
            ])
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.day("evaluated_day"), try $0.int("version")) })
    }

    /// The last run of each night that did not end well.
    private func badRuns(_ days: ClosedRange<Day>) throws -> [Day: BadRun] {
        let rows = try databases.results.execute(
            """
            SELECT evaluated_day, last_run, last_status FROM rocket.nights
            WHERE model = $1 AND evaluated_day BETWEEN $2 AND $3
              AND last_status IN ('failed', 'died', 'interrupted')
            """, [.text(jobFile.model), .day(days.lowerBound), .day(days.upperBound)])
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (
                    try $0.day("evaluated_day"),
                    BadRun(run: try $0.int("last_run"), status: try $0.text("last_status"))
                )
            })
    }

    private func worker(on day: Day) throws -> String? {
        try job.holder(of: .night(day), on: databases.results)
    }

    /// The version that this night would make now; nil: it would be a new one. A day that is not in the cache is taken
    /// for what it was when the other version was made.
    private func current(_ night: Night, like version: Int) throws -> Int? {
        let registry = databases.registry
        let parent = try chainedParent(of: night)
        let night = night.after(parent?.trainedDays.upperBound)
        let recorded = try registry.inputs(of: version)
        func entries(_ day: Day, _ role: VersionInput.Role) throws -> [CacheManifest.Entry] {
            if let cached = try databases.manifest.day(day, specificationHash: specification.hash) {
                return cached.entries
            }
            return recorded.filter { $0.day == day && $0.role == role }.map { CacheManifest.Entry($0) }
        }
        let fingerprint = try WorkFingerprint(
            jobFile, launch, training: night.trainingDays.flatMap { try entries($0, .training) },
            evaluation: entries(night.evaluatedDay, .evaluation), parent: parent)
        return try registry.version(model: jobFile.model, fingerprint: fingerprint.version)
    }

    /// What the night would continue, as `NightStart` finds it, but without reading any weights.
    private func chainedParent(of night: Night) throws -> VersionLineage? {
        guard jobFile.training.window.start == .incremental, let last = night.trainingDays.last else { return nil }
        let registry = databases.registry
        guard let version = try registry.parent(model: jobFile.model, trainedBefore: last) else { return nil }
        let lineage = try registry.lineage(of: version)
        let nets = try? JobFile(text: registry.jobFileText(of: version), path: "version \(version)").nets
        return lineage.specificationHash == specification.hash && nets == jobFile.nets ? lineage : nil
    }
}

extension CacheManifest.Entry {
    /// A file that may be gone.
    fileprivate init(_ input: VersionInput) {
        self.init(
            day: input.day, part: input.part, path: "", bytes: 0, rows: input.rows, clicks: input.clicks,
            checksum: input.checksum)
    }
}
