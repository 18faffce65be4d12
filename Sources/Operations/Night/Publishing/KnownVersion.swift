import Evaluation
import Logging
import ModelRegistry
import RocketLaunching
import Runs
import Training

/// A version that the same settings and data made before.
struct KnownVersion {
    private let number: Int
    private let context: JobContext
    private let registry: ModelRegistry
    private let recorder: RunRecorder

    init(_ number: Int, _ context: JobContext, _ registry: ModelRegistry, _ recorder: RunRecorder) {
        (self.number, self.context, self.registry, self.recorder) = (number, context, registry, recorder)
    }

    /// Has the gate judge the version where a backfill made it without asking; otherwise there is nothing to do.
    func outcome(
        of data: NightData, _ promotion: Promotion, _ judge: NightJudge, _ gate: NightGate
    ) throws -> RunOutcome {
        let day = data.night.evaluatedDay
        if try registry.wasMade(number, by: recorder.runID) {
            return RunOutcome(didWork: true, version: number, decision: try registry.decision(of: number))
        }
        guard promotion == .byGate, try registry.decision(of: number) == nil else {
            context.log.info("\(day): version \(number) was made from the same settings and data; nothing to do")
            return RunOutcome(didWork: false, version: number)
        }
        context.log.info("\(day): version \(number) is there; the gate judges it now")
        let model = try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: number))
        let nets = model.judgedNets(arm: Arm.rocket.rawValue)
        let candidate = Candidate(
            nets: nets, model: model, version: number, served: try registry.servedNetRecord(of: number),
            latencies: try registry.latencies(of: number))
        let judged = try judge.judge(candidate, on: data)
        let verdict = try gate.verdict(on: judged)
        guard let record = verdict.record else { return RunOutcome(didWork: false, version: number) }
        let decision = try recorder.stage("publish") {
            try registry.decide(
                record,
                NewModelVersion.Findings(
                    latencies: candidate.latencies.isEmpty ? judged.latencies : [],
                    comparisons: verdict.comparisons, neighbours: verdict.neighbours, live: judged.live),
                version: number)
        }
        decision.tell(of: number, context.log)
        return RunOutcome(didWork: true, version: number, decision: decision)
    }
}
