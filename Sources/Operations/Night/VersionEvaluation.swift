import AdLogs
import Days
import Evaluation
import ModelRegistry
import RocketLaunching
import Runs
import Training

/// `rocket evaluate`: judges a stored version on a day that it has not seen, from the weights in the database, and
/// stores the reports with it.
public struct VersionEvaluation {
    private let job: OpenJob

    public init(_ job: OpenJob) {
        self.job = job
    }

    /// - Parameters:
    ///   - version: nil for the model's newest.
    ///   - day: nil for the day after the last one trained on.
    public func run(version: Int?, day: Day?) throws -> RunOutcome {
        let jobFile = job.context.jobFile
        return try job.holding(.model) {
            let registry = job.databases.registry
            guard let version = try version ?? registry.latest(model: jobFile.model) else {
                throw JobError.noVersion(model: jobFile.model)
            }
            let lineage = try registry.lineage(of: version)
            guard lineage.specificationHash == job.context.specification.hash else {
                throw JobError.otherSpecification(version: version, path: jobFile.path)
            }
            let day = day ?? lineage.trainedDays.upperBound.advanced(by: 1)
            guard day > lineage.trainedDays.upperBound else {
                throw JobError.notUnseen(day: day, trained: lineage.trainedDays)
            }
            return try job.run("evaluate", evaluatedDay: day) { databases, recorder in
                try evaluate(version, lineage, on: day, databases, recorder)
                return RunOutcome(didWork: true, version: version)
            }
        }
    }

    private func evaluate(
        _ version: Int, _ lineage: VersionLineage, on day: Day, _ databases: Databases, _ recorder: RunRecorder
    ) throws {
        let context = job.context
        try NightPlanner(context, databases.source).checkMature(day)
        guard try !context.logDays.present(in: day...day, on: databases.source).isEmpty else {
            throw JobError.noImpressions(day: day, table: context.jobFile.source.impressions.table)
        }
        let entries = try DayExtraction(context, databases, recorder).usable([day]).flatMap(\.entries)
        let model = try CoTrainedModel(
            safetensors: databases.registry.artifact(Artifact.model, version: version))
        let scored = try recorder.stage("evaluate", detail: day.description) {
            try DayScoring(context, databases.extraction, recorder)
                .score(model.judgedNets(arm: Arm.rocket.rawValue), on: entries)
        }
        let latencies = try recorder.stage("latency") {
            try LatencyMeasurement(context, databases, recorder)
                .measure(model, on: day, training: lineage.trainedDays.lowerBound)
        }
        try databases.registry.record(
            evaluations: scored.evaluations(), slices: SliceReports(context.jobFile, databases).slices(of: scored),
            latencies: latencies, day: day, version: version)
    }
}
