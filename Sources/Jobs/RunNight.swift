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
    /// - Throws: `JobError.locked` when another process works on the same night.
    func runNight(_ night: Night, command: String) throws -> RunOutcome {
        try holding("rocket/\(jobFile.model)/night/\(night.evaluatedDay)") {
            try run(command, evaluatedDay: night.evaluatedDay) { try work(on: night, $0) }
        }
    }

    private func work(on night: Night, _ recorder: RunRecorder) throws -> RunOutcome {
        nameMissing(night.missingDays)
        let parent = try warmStart(for: night, recorder: recorder)
        let night = night.after(parent?.lineage.trainedDays.upperBound)
        let days = try cached(night.trainingDays + [night.evaluatedDay], recorder: recorder).map(\.day)
        try checkRejected(days)
        let training = days.filter { $0.day != night.evaluatedDay }.flatMap(\.entries)
        let evaluation = days.filter { $0.day == night.evaluatedDay }.flatMap(\.entries)
        try checkClasses(training, days: night.trained)
        let fingerprint = try fingerprint(training: training, evaluation: evaluation, parent: parent)
        let registry = ModelRegistry(connection)
        if let version = try registry.version(model: jobFile.model, fingerprint: fingerprint) {
            if try registry.wasMade(version, by: recorder.runID) {
                return RunOutcome(didWork: true, version: version, decision: try registry.decision(of: version))
            }
            log.info(
                "\(night.evaluatedDay): version \(version) was made from the same settings and data; nothing to do")
            return RunOutcome(didWork: false, version: version)
        }
        let checkpoints = checkpointFolder(fingerprint)
        var trained: [TrainedArm] = []
        for arm in arms {
            let teacher = trained.first { $0.arm == .booster }?.model
            trained.append(
                try recorder.stage("train", detail: arm.rawValue, size: { ($0.report.samples, nil) }) {
                    try train(arm, on: training, checkpoints: checkpoints, teacher: teacher, parent: parent)
                })
        }
        let deployment = try registry.newestDeployment(model: jobFile.model)
        let live = try liveModel()
        let scored = try recorder.stage("evaluate", detail: night.evaluatedDay.description) {
            try score(
                trained.map { ($0.arm.rawValue, $0.model) } + (live?.model.map { [(LiveModel.arm, $0)] } ?? []),
                on: evaluation)
        }
        let evaluations = try evaluations(of: scored)
        let slices = try slices(of: scored)
        let latencies = try recorder.stage("latency") {
            try trained.first.map {
                try measureLatency($0.model, on: night.evaluatedDay, training: night.trained.lowerBound)
            } ?? []
        }
        let gate = try recorder.stage("gate") {
            try judge(
                scored, evaluations: evaluations, latencies: latencies, trained: night.trained, live: live,
                deployment: deployment)
        }
        let published = try recorder.stage("publish") {
            try registry.publish(
                newVersion(
                    trained, days: night.trained, parent: parent, evaluatedDay: night.evaluatedDay,
                    runID: recorder.runID, fingerprint: fingerprint,
                    inputs: training.map { VersionInput($0, role: .training) }
                        + evaluation.map { VersionInput($0, role: .evaluation) },
                    evaluations: evaluations, slices: slices, latencies: latencies, gate: gate))
        }
        checkpoints.remove()
        log.info("\(night.evaluatedDay): published version \(published.number)")
        if let decision = published.decision { tell(decision, of: published.number) }
        return RunOutcome(didWork: true, version: published.number, decision: published.decision)
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

    func checkpointFolder(_ fingerprint: String) -> CheckpointFolder {
        CheckpointFolder(
            cache: jobFile.cacheDirectory, model: jobFile.model, fingerprint: fingerprint, log: log)
    }

    /// The rocket and what it is compared with; a booster comes before the arms that learn from it.
    private var arms: [Arm] {
        let baselines = jobFile.evaluation.baselines
        let needsBooster = baselines.contains { $0.needsTeacher }
        let booster = needsBooster || baselines.contains(.booster) ? [Arm.booster] : []
        return [.rocket] + booster + baselines.filter { $0 != .booster }
    }

    /// SHA-256 over everything that decides the weights and the reports: settings, program, and the bytes of the data.
    func fingerprint(
        training: [CacheManifest.Entry], evaluation: [CacheManifest.Entry], parent: WarmStart? = nil
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
        return try fingerprint(of: file, training: training, evaluation: evaluation, parent: nil)
    }

    private func fingerprint(
        of jobFile: JobFile, training: [CacheManifest.Entry], evaluation: [CacheManifest.Entry], parent: WarmStart?
    ) throws -> String {
        var lines = [try jobFile.fingerprintText(), ProgramVersion.current]
        lines.append("baselines \(jobFile.evaluation.baselines.map(\.rawValue))")
        if let parent { lines.append("parent \(parent.lineage.fingerprint)") }
        lines += training.map { "training \($0.day) \($0.part) \($0.checksum)" }
        lines += evaluation.map { "evaluation \($0.day) \($0.part) \($0.checksum)" }
        return try SHA256Digest.of(lines.joined(separator: "\n")).hex
    }

    func newVersion(
        _ trained: [TrainedArm], days: ClosedRange<Day>, parent: WarmStart? = nil, evaluatedDay: Day?, runID: Int,
        fingerprint: String,
        inputs: [VersionInput], evaluations: [NetEvaluation], slices: [SliceEvaluation] = [],
        latencies: [LatencyReport], gate: GateRecord? = nil
    ) throws -> NewModelVersion {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        let reports = Dictionary(uniqueKeysWithValues: trained.map { ($0.arm.rawValue, $0.report) })
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

extension JobSession {
    /// What makes ids and numbers of raw values.
    ///
    /// - Parameter day: the first that was trained on, from which boundaries were learned if from any.
    func servedFeatures(from day: Day) throws -> ServedFeatures {
        ServedFeatures(
            try extraction.learnedFeatures(from: day), timeColumn: jobFile.source.impressions.time,
            timeZone: jobFile.source.timeZone)
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
