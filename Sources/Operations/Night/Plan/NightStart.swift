import Days
import Extract
import Logging
import ModelRegistry
import Runs
import Training

/// The version that a training continues.
struct WarmStart {
    let version: Int
    let lineage: VersionLineage
    let model: CoTrainedModel
    let optimiserState: [UInt8]
}

/// Finds the version that a night resumes from, and makes sure that it gives its stored figures.
struct NightStart {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        (self.context, self.databases, self.recorder) = (context, databases, recorder)
    }

    /// The night with the days only that its parent has not seen.
    func plan(_ night: Night) throws -> PlannedNight {
        context.nameMissing(night.missingDays)
        let parent = try parent(of: night)
        return PlannedNight(night: night.after(parent?.lineage.trainedDays.upperBound), parent: parent)
    }

    /// The version that a night continues if the job file asks for it; nil: the night trains its window from
    /// nothing, because the job file says so, or there is no version of these features, nets and sharing before.
    ///
    /// - Throws: `JobError.notReproduced` when the version's weights do not give the figures that are stored of them.
    private func parent(of night: Night) throws -> WarmStart? {
        guard context.jobFile.training.window.start == .incremental, let last = night.trainingDays.last else {
            return nil
        }
        let registry = databases.registry
        guard let version = try registry.parent(model: context.jobFile.model, trainedBefore: last) else {
            context.log.notice("no version before \(last) to resume from; training the window from scratch")
            return nil
        }
        let lineage = try registry.lineage(of: version)
        let model = try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        guard lineage.specificationHash == context.specification.hash, model.nets.hasSameNets(as: context.jobFile.nets)
        else {
            context.log.notice("version \(version) has other features or nets; training the window from nothing")
            return nil
        }
        guard model.shares(as: context.jobFile.rocket) else {
            context.log.notice(
                """
                the nets of version \(version) share other parts than rocket.sharing and rocket.shared_layers say; \
                training the window from nothing
                """)
            return nil
        }
        let parent = WarmStart(
            version: version, lineage: lineage, model: model,
            optimiserState: try registry.artifact(Artifact.optimiser, version: version))
        try recorder.stage("verify", detail: "version \(version)") { try verify(parent) }
        return parent
    }

    /// Judges the version again on its own evaluated day and compares.
    private func verify(_ parent: WarmStart) throws {
        let registry = databases.registry
        guard let day = parent.lineage.evaluatedDay else { return }
        let entries = try DayExtraction(context, databases, recorder).days([day]).flatMap(\.day.entries)
        guard try Set(entries.map(\.checksum)) == registry.evaluationInputs(of: parent.version) else {
            context.log.warning(
                """
                \(day) was built again since version \(parent.version) was judged on it; its figures cannot be \
                compared
                """
            )
            return
        }
        let found = try DayScoring(context, databases.extraction, recorder).evaluate(
            parent.model, arm: .rocket, on: entries)
        for stored in try registry.figures(of: parent.version, day: day) {
            let report = found.first { $0.net == stored.net }?.report
            // Impressions are left out where any net scored with it has no answer, and then there were other nets.
            if let report, report.impressions != stored.impressions {
                context.log.warning(
                    """
                    version \(parent.version) was judged on \(stored.impressions) impressions of \(day) that all \
                    nets of its night could score, now on \(report.impressions); its figures cannot be compared
                    """)
                return
            }
            guard let report, report.auc == stored.auc, report.logLoss == stored.logLoss else {
                throw JobError.notReproduced(
                    version: parent.version, net: stored.net, day: day, stored: stored.logLoss, found: report?.logLoss)
            }
        }
        context.log.info("version \(parent.version) gives its stored figures on \(day); training resumes from it")
    }
}
