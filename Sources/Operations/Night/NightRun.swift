import Days
import ModelRegistry
import Runs

/// One night from logs to a published version.
package struct NightRun {
    private let night: Night
    private let command: NightCommand
    private let promotion: Promotion
    private let launch: RankedLaunch

    /// - Parameter promotion: by the gate also where the version is there, and the gate was never asked.
    package init(_ night: Night, _ command: NightCommand, promotion: Promotion, launch: RankedLaunch) {
        (self.night, self.command, self.promotion, self.launch) = (night, command, promotion, launch)
    }

    /// Works on the night as a run of the ledger, holding the night's lock.
    ///
    /// - Parameter done: looks once more, now that nobody else can work on the night, whether there is anything to do.
    /// - Throws: `JobError.locked` when another process works on the same night.
    package func run(_ job: OpenJob, unless done: () throws -> RunOutcome? = { nil }) throws -> RunOutcome {
        try job.holding(.night(night.evaluatedDay)) {
            if let outcome = try done() { return outcome }
            return try job.run(command.rawValue, evaluatedDay: night.evaluatedDay) { databases, recorder in
                try work(job.context, databases, recorder)
            }
        }
    }

    /// The night's steps. Does nothing when the same settings and data made a version before.
    private func work(
        _ context: JobContext, _ databases: Databases, _ recorder: RunRecorder
    ) throws -> RunOutcome {
        let plan = try NightStart(context, databases, recorder).plan(night)
        let data = try NightExtraction(context, databases, recorder).extract(plan)
        let fingerprint = try WorkFingerprint(data, context.jobFile, launch)
        let judge = NightJudge(context, databases, recorder, promotion)
        let gate = NightGate(context, databases, recorder, promotion)
        let registry = databases.registry
        if let known = try registry.version(model: context.jobFile.model, fingerprint: fingerprint.version) {
            return try KnownVersion(known, context, registry, recorder).outcome(of: data, promotion, judge, gate)
        }
        let trained = try NightTraining(context, databases, recorder, launch).train(data, fingerprint)
        let judged = try judge.judge(trained.candidate, on: data)
        let verdict = try gate.verdict(on: judged)
        let published = try NightPublication(context, databases, recorder)
            .publish(trained, judged, verdict, backfilled: command == .backfill)
        return RunOutcome(didWork: true, version: published.number, decision: published.decision)
    }
}

/// Which command works on a night.
package enum NightCommand: String {
    case nightly, backfill
}

/// Whether a night's version may become live.
public enum Promotion: Sendable {
    /// It stays a candidate that the gate was not asked about.
    case none
    /// The promotion gate judges it, and it becomes live where it passes.
    case byGate
}
