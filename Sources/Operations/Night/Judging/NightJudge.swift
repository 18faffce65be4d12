import Days
import Evaluation
import Extract
import ModelRegistry
import Runs
import Training

/// What a night judges.
struct Candidate {
    let nets: [JudgedNet]
    /// Whose latency is measured.
    let model: CoTrainedModel
    /// Nil: it is not published yet.
    let version: Int?
    /// The light net that an earlier night chose for the version, and by which limit; nil: it is not published yet.
    var served: ServedNetRecord?
    /// Those by which it was chosen; empty: still to be measured.
    var latencies: [LatencyReport] = []
}

/// What is found of models on a night's unseen day.
struct JudgedNight {
    let night: Night
    /// The candidate's number; nil: it is not published yet.
    let version: Int?
    let scored: ScoredDay
    let evaluations: [NetEvaluation]
    let latencies: [LatencyReport]
    /// The version that a new one would replace; nil: there is none, or it does not matter.
    let liveModel: LiveModel?
    /// Its figures on the same day.
    let live: LiveEvaluation?
    /// How much the candidate's light net needs each feature.
    let importance: [ImportanceMeasurement]
    /// The light net to be served.
    let served: ServedNetChoice
    /// The light nets from the smallest to the largest.
    let lights: [String]
    /// The model's newest deployment when the live version was read.
    let deployment: Int
}

/// Judges nets on a night's unseen day. The live version is looked at for the gate only: at the time of a night that is
/// made up for, another one was live.
struct NightJudge {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder
    private let promotion: Promotion

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder, _ promotion: Promotion) {
        (self.context, self.databases, self.recorder, self.promotion) = (context, databases, recorder, promotion)
    }

    func judge(_ candidate: Candidate, on data: NightData) throws -> JudgedNight {
        let night = data.night
        let deployment = try databases.registry.newestDeployment(model: context.jobFile.model)
        let live = promotion == .byGate ? try LiveModel.find(context, databases) : nil
        let liveNets = try live.map { try LiveNets($0, on: night.evaluatedDay, databases, recorder) } ?? LiveNets.none
        let scored = try recorder.stage("evaluate", detail: night.evaluatedDay.description) {
            try DayScoring(context, databases.extraction, recorder)
                .score(candidate.nets, live: liveNets, on: data.evaluation)
        }
        let evaluations = try scored.evaluations()
        let liveEvaluation = try scored.liveEvaluation(of: live)
        let latencies = try latencies(of: candidate, night)
        let lights = context.jobFile.bySize(candidate.model.nets.lights).map(\.name)
        let liveNet = live?.servedNet(among: candidate.model.nets.lights)
        let served =
            candidate.served.map { ServedNetChoice($0, among: lights, latencies, live: liveNet) }
            ?? ServedNetChoice(context.jobFile.served, among: lights, latencies, live: liveNet)
        if let warning = served.warning { context.log.warning("\(warning)") }
        // Of a version that was made before it is there, or was not asked for.
        let importance =
            candidate.version == nil
            ? try FeatureImportance(context, databases, recorder)
                .measure(candidate.model, served.record.net, on: data.evaluation) : []
        return JudgedNight(
            night: night, version: candidate.version, scored: scored, evaluations: evaluations, latencies: latencies,
            liveModel: live, live: liveEvaluation, importance: importance, served: served, lights: lights,
            deployment: deployment)
    }

    /// A version that is there keeps the latencies by which its net was chosen.
    private func latencies(of candidate: Candidate, _ night: Night) throws -> [LatencyReport] {
        guard candidate.latencies.isEmpty else { return candidate.latencies }
        return try recorder.stage("latency") {
            try LatencyMeasurement(context, databases, recorder)
                .measure(candidate.model, on: night.evaluatedDay, training: night.trained.lowerBound)
        }
    }
}
