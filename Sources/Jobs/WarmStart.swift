import Days
import Extract
import Logging
import ModelRegistry
import RocketLaunching

/// The version that a training goes on from.
struct WarmStart {
    let version: Int
    let lineage: VersionLineage
    let model: CoTrainedModel
    let optimiserState: [UInt8]
}

extension JobSession {
    /// The version that a night goes on from where the job file asks for it; nil: the night trains its window from nothing,
    /// because the job file says so, or there is no version of these features before.
    ///
    /// - Throws: `JobError.notReproduced` when the version's weights do not give the figures that are stored of them.
    func warmStart(for night: Night, recorder: RunRecorder) throws -> WarmStart? {
        guard jobFile.training.start == .incremental, let last = night.trainingDays.last else { return nil }
        let registry = ModelRegistry(connection)
        guard let version = try registry.parent(model: jobFile.model, trainedBefore: last) else {
            log.notice("no version before \(last) to go on from; training the window from nothing")
            return nil
        }
        let lineage = try registry.lineage(of: version)
        let model = try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        guard lineage.specificationHash == specification.hash, model.nets.hasSameNets(as: jobFile.nets) else {
            log.notice("version \(version) has other features or nets; training the window from nothing")
            return nil
        }
        let parent = WarmStart(
            version: version, lineage: lineage, model: model,
            optimiserState: try registry.artifact(Artifact.optimiser, version: version))
        try recorder.stage("verify", detail: "version \(version)") { try verify(parent, registry, recorder) }
        return parent
    }

    /// Judges the version again on its own evaluated day and compares.
    private func verify(_ parent: WarmStart, _ registry: ModelRegistry, _ recorder: RunRecorder) throws {
        guard let day = parent.lineage.evaluatedDay else { return }
        let entries = try cached([day], recorder: recorder).flatMap(\.day.entries)
        guard try Set(entries.map(\.checksum)) == registry.evaluationInputs(of: parent.version) else {
            log.warning(
                "\(day) was built again since version \(parent.version) was judged on it; its figures cannot be compared"
            )
            return
        }
        let found = try evaluate(parent.model, arm: .rocket, on: entries)
        for stored in try registry.figures(of: parent.version, day: day) {
            let report = found.first { $0.net == stored.net }?.report
            guard let report, report.auc == stored.auc, report.logLoss == stored.logLoss else {
                throw JobError.notReproduced(
                    version: parent.version, net: stored.net, day: day, stored: stored.logLoss, found: report?.logLoss)
            }
        }
        log.info("version \(parent.version) gives its stored figures on \(day); going on from it")
    }
}
