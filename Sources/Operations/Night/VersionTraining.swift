import AdLogs
import Days
import Extract
import Foundation
import JobFile
import Logging
import ModelRegistry
import Runs
import Training

/// `rocket train`: trains on a range of days and publishes the version without judging it.
public struct VersionTraining {
    private let job: OpenJob
    private let launch: RankedLaunch

    /// - Parameter launch: the ranks that train.
    public init(_ job: OpenJob, launch: RankedLaunch = .alone) {
        (self.job, self.launch) = (job, launch)
    }

    public func run(days: ClosedRange<Day>) throws -> TrainedVersion {
        var report: TrainingReport?
        let outcome = try job.holding(.model) {
            try job.run("train", evaluatedDay: nil) { databases, recorder in
                try train(days, databases, recorder, &report)
            }
        }
        return TrainedVersion(outcome: outcome, report: report)
    }

    private func train(
        _ days: ClosedRange<Day>, _ databases: Databases, _ recorder: RunRecorder, _ report: inout TrainingReport?
    ) throws -> RunOutcome {
        let context = job.context
        try NightPlanner(context, databases.source).checkMature(days.upperBound)
        let present = try context.logDays.present(in: days, on: databases.source)
        guard let first = present.first, let last = present.last else {
            throw JobError.noImpressions(day: days.lowerBound, table: context.jobFile.source.impressions.table)
        }
        let night = Night(
            trainingDays: present, evaluatedDay: last.advanced(by: 1),
            missingDays: (first...last).filter { !present.contains($0) })
        let entries = try NightExtraction(context, databases, recorder).trainingRows(of: night)
        let data = NightData(night: night, parent: nil, training: entries, evaluation: [])
        let fingerprint = try WorkFingerprint(data, context.jobFile, launch)
        let known = try databases.registry.version(model: context.jobFile.model, fingerprint: fingerprint.version)
        if let known {
            context.log.info("version \(known) was made from the same settings and data; nothing to do")
            return RunOutcome(didWork: false, version: known)
        }
        let trained = try NightTraining(context, databases, recorder, launch).trainRocket(data, fingerprint)
        let version = try NightPublication(context, databases, recorder).publish(trained)
        report = trained.arms[0].report
        warnOfLimit(version)
        return RunOutcome(didWork: true, version: version)
    }

    /// Says which net is served where the job file leaves that to latencies.
    private func warnOfLimit(_ version: Int) {
        let jobFile = job.context.jobFile
        guard case .largest(let limit, _) = jobFile.served else { return }
        job.context.log.warning(
            """
            rocket train measures no latency, so serve.largest_within_p99_us: \(String(format: "%g", limit)) was not \
            looked at: version \(version) serves its largest light net, \(jobFile.nets.lead); rocket nightly and \
            rocket backfill choose by the limit, serve: {net: NAME} names a net
            """)
    }
}

/// A version that was trained and not judged.
public struct TrainedVersion: Sendable {
    public let outcome: RunOutcome
    /// Nil: it was there.
    let report: TrainingReport?

    /// Where the time went; measures what the machine can do. Nil where nothing was trained.
    public var profile: TrainingProfile? { report.map { TrainingProfile($0) } }
}
