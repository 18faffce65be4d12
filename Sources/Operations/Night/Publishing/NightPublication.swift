import Days
import Evaluation
import Logging
import ModelRegistry
import Runs

/// Writes a night's version, its reports and the gate's verdict, in one transaction.
struct NightPublication {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        (self.context, self.databases, self.recorder) = (context, databases, recorder)
    }

    /// - Parameter backfilled: whether a backfill made the version, after its night.
    func publish(
        _ trained: TrainedNight, _ judged: JudgedNight, _ verdict: NightVerdict, backfilled: Bool
    ) throws -> PublishedVersion {
        let day = judged.night.evaluatedDay
        judged.evaluations.warnAgainstRegression(judged.served.record.net, context.log)
        let published = try recorder.stage("publish") {
            let history = try NightHistory(endingWith: day, context, databases)
            var version = try VersionAssembly(context, databases, served: judged.served.record)
                .version(trained, history, examplesOf: day, run: recorder.runID)
            version.findings = NewModelVersion.Findings(
                evaluations: judged.evaluations,
                slices: try SliceReports(context.jobFile, databases).slices(of: judged.scored),
                latencies: judged.latencies, comparisons: verdict.comparisons, neighbours: verdict.neighbours,
                live: judged.live)
            version.findings.importance = judged.importance
            version.lineage.evaluatedDay = day
            version.origin.inputs += trained.data.evaluation.map { VersionInput($0, role: .evaluation) }
            version.origin.backfilled = backfilled
            version.gate = verdict.record
            // Before the version: once that is there, the night is done and no later run would keep the table.
            try history?.keep(databases.registry)
            return try databases.registry.publish(version)
        }
        trained.checkpoints.remove()
        context.log.info("\(day): published version \(published.number)")
        published.decision?.tell(of: published.number, context.log)
        return published
    }

    /// Publishes a version that nobody has judged.
    func publish(_ trained: TrainedNight) throws -> Int {
        let version = try recorder.stage("publish") {
            let served = ServedNetRecord(net: context.jobFile.nets.lead)
            let day = trained.data.night.trained.upperBound
            let history = try NightHistory(endingWith: day, context, databases)
            let version = try VersionAssembly(context, databases, served: served)
                .version(trained, history, examplesOf: day, run: recorder.runID)
            return try databases.registry.publish(version).number
        }
        trained.checkpoints.remove()
        return version
    }
}
