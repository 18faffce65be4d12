import Days
import Digests
import Evaluation
import Extract
import Features
import Foundation
import JobFile
import Logging
import ModelRegistry
import ONNXExport
import RocketLaunching

extension JobSession {
    /// One night from logs to a published version: extract what is missing, train, judge on the unseen day, measure,
    /// write all of it in one transaction. Does nothing when the same settings and data made a version before.
    ///
    /// - Parameters:
    ///   - promotion: by the gate also where the version is there, and the gate was never asked.
    ///   - done: looks once more, now that nobody else can work on the night, whether there is anything to do.
    /// - Throws: `JobError.locked` when another process works on the same night.
    func runNight(
        _ night: Night, _ command: NightCommand, promotion: Promotion, unless done: () throws -> RunOutcome? = { nil }
    ) throws -> RunOutcome {
        try holding(nightLock(night.evaluatedDay), night: night.evaluatedDay) {
            if let outcome = try done() { return outcome }
            return try run(command.rawValue, evaluatedDay: night.evaluatedDay) {
                try work(on: night, command, promotion, $0)
            }
        }
    }

    func nightLock(_ day: Day) -> String { "rocket/\(jobFile.model)/night/\(day)" }

    private func work(
        on night: Night, _ command: NightCommand, _ promotion: Promotion, _ recorder: RunRecorder
    ) throws -> RunOutcome {
        nameMissing(night.missingDays)
        let parent = try warmStart(for: night, recorder: recorder)
        let night = night.after(parent?.lineage.trainedDays.upperBound)
        let days = try cached(night.trainingDays + [night.evaluatedDay], recorder: recorder).map(\.day)
        try checkRejected(days)
        let training = days.filter { $0.day != night.evaluatedDay }.flatMap(\.entries)
        let evaluation = days.filter { $0.day == night.evaluatedDay }.flatMap(\.entries)
        try checkClasses(training, days: night.trained)
        let work = try fingerprint(training: training, evaluation: evaluation, parent: parent?.lineage)
        let fingerprint = try versionFingerprint(work)
        let registry = ModelRegistry(connection)
        if let version = try registry.version(model: jobFile.model, fingerprint: fingerprint) {
            if try registry.wasMade(version, by: recorder.runID) {
                return RunOutcome(didWork: true, version: version, decision: try registry.decision(of: version))
            }
            if promotion == .byGate, try registry.decision(of: version) == nil {
                return try decide(version, night, evaluation, recorder)
            }
            log.info(
                "\(night.evaluatedDay): version \(version) was made from the same settings and data; nothing to do")
            return RunOutcome(didWork: false, version: version)
        }
        let checkpoints = try checkpointFolder(work)
        let trainings = try ArmTrainings(
            self, on: training, checkpoints: { _ in checkpoints },
            choices: epochChoices(fingerprint, trainedTo: night.trained.upperBound, reuse: .ofEarlierNights),
            recorder: recorder, parent: parent)
        let trained = try arms.map { try trainings.train($0) }
        let regression = try trainedRegression(on: training, recorder)
        let judged = try judge(
            trained.flatMap { $0.model.judgedNets(arm: $0.arm.rawValue) } + (regression.map { [$0.judged] } ?? []),
            latencyOf: trained[0].model, on: night, evaluation, promotion, recorder)
        warnAgainstRegression(judged.evaluations)
        let published = try recorder.stage("publish") {
            var version = try newVersion(
                trained, regression: regression, days: night.trained, parent: parent, evaluatedDay: night.evaluatedDay,
                runID: recorder.runID, fingerprint: fingerprint,
                inputs: training.map { VersionInput($0, role: .training) }
                    + evaluation.map { VersionInput($0, role: .evaluation) },
                evaluations: judged.evaluations, slices: slices(of: judged.scored), latencies: judged.latencies,
                gate: judged.gate)
            version.comparisons = judged.comparisons
            version.live = judged.live
            version.backfilled = command == .backfill
            return try registry.publish(version)
        }
        checkpoints.remove()
        log.info("\(night.evaluatedDay): published version \(published.number)")
        if let decision = published.decision { tell(decision, of: published.number) }
        return RunOutcome(didWork: true, version: published.number, decision: published.decision)
    }

    /// Has the gate judge a version that was made without it, by a backfill for one.
    private func decide(
        _ version: Int, _ night: Night, _ evaluation: [CacheManifest.Entry], _ recorder: RunRecorder
    ) throws -> RunOutcome {
        log.info("\(night.evaluatedDay): version \(version) is there; the gate judges it now")
        let registry = ModelRegistry(connection)
        let model = try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        let judged = try judge(
            model.judgedNets(arm: Arm.rocket.rawValue), latencyOf: model, of: version, on: night, evaluation, .byGate,
            recorder)
        guard let gate = judged.gate else { return RunOutcome(didWork: false, version: version) }
        let decision = try recorder.stage("publish") {
            try registry.decide(
                gate, comparisons: judged.comparisons, live: judged.live, latencies: judged.latencies, version: version)
        }
        tell(decision, of: version)
        return RunOutcome(didWork: true, version: version, decision: decision)
    }

    /// Judges nets on a night's unseen day. The live version is looked at for the gate only: at the time of a night that
    /// is made up for, another one was live.
    private func judge(
        _ nets: [JudgedNet], latencyOf model: CoTrainedModel, of version: Int? = nil, on night: Night,
        _ evaluation: [CacheManifest.Entry],
        _ promotion: Promotion, _ recorder: RunRecorder
    ) throws -> JudgedNight {
        let deployment = try ModelRegistry(connection).newestDeployment(model: jobFile.model)
        let live = promotion == .byGate ? try liveModel() : nil
        let scored = try recorder.stage("evaluate", detail: night.evaluatedDay.description) {
            try score(nets + (live?.model?.judgedNets(arm: LiveModel.arm) ?? []), on: evaluation)
        }
        let evaluations = try evaluations(of: scored)
        let liveEvaluation = try liveEvaluation(of: scored, live: live)
        let latencies = try recorder.stage("latency") {
            try measureLatency(model, on: night.evaluatedDay, training: night.trained.lowerBound)
        }
        var judged = JudgedNight(
            scored: scored, evaluations: evaluations, live: liveEvaluation, latencies: latencies)
        try recorder.stage("gate") {
            judged.comparisons = try comparisons(of: scored, live: live)
            guard promotion == .byGate else { return }
            judged.gate = try judge(
                on: night.evaluatedDay, comparisons: judged.comparisons, evaluations: evaluations,
                latencies: latencies, trained: night.trained, live: live,
                regression: regression(judged.comparisons, of: version, on: night.evaluatedDay), deployment: deployment)
        }
        return judged
    }

    /// The light net against logistic regression; of a version that was made before, as it was compared then.
    private func regression(
        _ comparisons: [ModelComparison], of version: Int?, on day: Day
    ) throws -> PromotionGate.Regression {
        func figures(_ metric: ModelComparison.Metric) throws -> PairedComparison? {
            let kind = ModelComparison.Kind.lightMinusLogisticRegression
            if let figures = comparisons.first(where: { $0.kind == kind && $0.metric == metric })?.figures { return figures }
            return try version.flatMap { try ModelRegistry(connection).comparison(kind, metric, of: $0, day: day) }
        }
        return PromotionGate.Regression(auc: try figures(.auc), logLoss: try figures(.logLoss))
    }

    private func tell(_ decision: GateDecision, of version: Int) {
        guard decision.verdict == .held else {
            log.info("version \(version) is live (\(decision.verdict.rawValue))")
            return
        }
        let live = decision.liveVersion.map { "version \($0) stays live" } ?? "nothing is live"
        for rule in decision.rules where !rule.passed { log.warning("gate: \(rule)") }
        log.warning("version \(version) is held by the gate; \(live)")
    }

    /// - Parameter work: fingerprint of the work, whoever does it: another number of ranks goes on from its checkpoints, with the
    ///   shares that they were made with. A process that reads one stream has checkpoints of its own.
    func checkpointFolder(_ work: String) throws -> CheckpointFolder {
        let work = launch.isRanked ? try SHA256Digest.of("\(work) in shares").hex : work
        let cache = URL(fileURLWithPath: jobFile.cacheDirectory).path
        let folder = CheckpointFolder(
            CheckpointFolder.Place(cache: cache, model: jobFile.model, fingerprint: work), log: log)
        folder.removeForgotten()
        return folder
    }

    /// The fingerprint of a version, from that of the work: several ranks round otherwise than one, and deal the rows.
    func versionFingerprint(_ work: String) throws -> String {
        try launch.fingerprint(jobFile.training).map { try SHA256Digest.of("\(work)\n\($0)").hex } ?? work
    }

    /// The rocket and the nets that it is compared with; a booster comes before the arms that learn from it.
    private var arms: [Arm] {
        let baselines = jobFile.evaluation.baselines.compactMap(\.arm)
        let needsBooster = baselines.contains { $0.needsTeacher }
        let booster = needsBooster || baselines.contains(.booster) ? [Arm.booster] : []
        return [.rocket] + booster + baselines.filter { $0 != .booster }
    }

    /// The numbers of epochs of a piece of work.
    func epochChoices(_ fingerprint: String, trainedTo day: Day, reuse: EpochChoices.Reuse) throws -> EpochChoices {
        let settings = try versionFingerprint(SHA256Digest.of(jobFile.fingerprintText()).hex)
        return EpochChoices(
            connection,
            EpochChoices.Work(
                model: jobFile.model, fingerprint: fingerprint, settings: settings, trainedTo: day),
            reuse: reuse)
    }

    /// SHA-256 over everything that decides the weights and the reports: settings, program, and the bytes of the data.
    func fingerprint(
        training: [CacheManifest.Entry], evaluation: [CacheManifest.Entry], parent: VersionLineage? = nil
    ) throws -> String {
        try fingerprint(of: jobFile, training: training, evaluation: evaluation, parent: parent)
    }

    /// The same for all seeds and whatever the arms.
    func experimentFingerprint(
        training: [CacheManifest.Entry], evaluation: [CacheManifest.Entry]
    ) throws -> String {
        var file = jobFile
        file.training.seed = 0
        file.evaluation.baselines = []
        return try versionFingerprint(fingerprint(of: file, training: training, evaluation: evaluation, parent: nil))
    }

    func fingerprint(
        of jobFile: JobFile, training: [CacheManifest.Entry], evaluation: [CacheManifest.Entry], parent: VersionLineage?
    ) throws -> String {
        var lines = [try jobFile.fingerprintText(), ProgramVersion.current]
        lines.append("baselines \(jobFile.evaluation.baselines.map(\.rawValue))")
        if let parent { lines.append("parent \(parent.fingerprint)") }
        lines += training.map { "training \($0.day) \($0.part) \($0.checksum)" }
        lines += evaluation.map { "evaluation \($0.day) \($0.part) \($0.checksum)" }
        return try SHA256Digest.of(lines.joined(separator: "\n")).hex
    }

    func newVersion(
        _ trained: [TrainedArm], regression: TrainedRegression? = nil, days: ClosedRange<Day>,
        parent: WarmStart? = nil, evaluatedDay: Day?, runID: Int,
        fingerprint: String,
        inputs: [VersionInput], evaluations: [NetEvaluation], slices: [SliceEvaluation] = [],
        latencies: [LatencyReport], gate: GateRecord? = nil
    ) throws -> NewModelVersion {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        var reports = Dictionary(uniqueKeysWithValues: trained.map { ($0.arm.rawValue, StoredReport.nets($0.report)) })
        if let regression { reports[LogisticRegression.name] = .regression(regression.report) }
        let rocket = trained[0].model
        // With the learned boundaries: what a serving program needs to make ids.
        let features = try servedFeatures(from: days.lowerBound)
        var artifacts = [
            Artifact(name: Artifact.model, bytes: try rocket.safetensors()),
            Artifact(name: Artifact.features, bytes: Array(try features.canonicalJSON().utf8)),
        ]
        if let bytes = try onnx(rocket, features) { artifacts.append(Artifact(name: Artifact.onnx, bytes: bytes)) }
        if let state = trained[0].optimiserState { artifacts.append(Artifact(name: Artifact.optimiser, bytes: state)) }
        var version = NewModelVersion(
            model: jobFile.model, runID: runID,
            trainedDays: (parent?.lineage.trainedDays.lowerBound ?? days.lowerBound)...days.upperBound,
            evaluatedDay: evaluatedDay, fingerprint: fingerprint, parent: parent?.version,
            specificationHash: specification.hash, seed: jobFile.training.seed,
            jobFileText: jobFile.text, trainingJSON: String(decoding: try encoder.encode(reports), as: UTF8.self),
            lightParameters: rocket.lightParameters, boosterParameters: rocket.boosterParameters,
            embeddingParameters: rocket.embeddingParameters, programVersion: ProgramVersion.current, inputs: inputs,
            artifacts: artifacts, evaluations: evaluations, slices: slices, latencies: latencies, gate: gate)
        version.programRevision = ProgramVersion.revision
        version.programDigest = ProgramVersion.digest
        return version
    }
}

/// How an arm's training went, in the version's JSON.
private enum StoredReport: Encodable {
    case nets(TrainingReport)
    case regression(LogisticRegression.Report)

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .nets(let report): try report.encode(to: encoder)
        case .regression(let report): try report.encode(to: encoder)
        }
    }
}

/// Which command works on a night.
enum NightCommand: String {
    case nightly, backfill
}

/// Whether a night's version may become live.
public enum Promotion: Sendable {
    /// It stays a candidate that the gate was not asked about.
    case none
    /// The promotion gate judges it, and it becomes live where it passes.
    case byGate
}

/// What is found of models on a night's unseen day.
private struct JudgedNight {
    let scored: ScoredDay
    let evaluations: [NetEvaluation]
    let live: LiveEvaluation?
    let latencies: [LatencyReport]
    var comparisons: [ModelComparison] = []
    /// Nil: the gate was not asked.
    var gate: GateRecord?
}

extension JobSession {
    /// What makes ids and numbers of raw values.
    ///
    /// - Parameter day: the first that was trained on, from which boundaries were learned if from any.
    func servedFeatures(from day: Day) throws -> ServedFeatures {
        let features = try extraction.learnedFeatures(from: day)
        var served = ServedFeatures(
            features, timeColumn: jobFile.source.impressions.time, timeZone: jobFile.source.timeZone)
        let columns = Set(features.features.compactMap { served.column(of: $0) })
        served.columnTypes = try source.columnTypes(of: jobFile.source.impressions.table)
            .filter { columns.contains($0.key) }
        return served
    }

    /// The light net's ONNX file; nil where it is too large for one.
    private func onnx(_ model: CoTrainedModel, _ features: ServedFeatures) throws -> [UInt8]? {
        guard let branch = model.lightBranch else { return nil }
        do {
            return try LightNetGraph.file(
                of: branch, features: features, name: jobFile.model, program: ProgramVersion.current)
        } catch let error as ONNXExportError {
            log.warning("no \(Artifact.onnx): \(error)")
            return nil
        }
    }
}

extension VersionInput {
    init(_ entry: CacheManifest.Entry, role: Role) {
        self.init(
            role: role, day: entry.day, part: entry.part, rows: entry.rows, clicks: entry.clicks,
            checksum: entry.checksum)
    }
}
