import Days
import Evaluation
import Extract
import Features
import Foundation
import JobFile
import Logging
import ModelRegistry
import Nets
import ONNXExport
import RocketLaunching
import Runs
import Training

/// Puts a version together from what was trained.
struct VersionAssembly {
    private let context: JobContext
    private let databases: Databases
    private let served: ServedNetRecord

    init(_ context: JobContext, _ databases: Databases, served: ServedNetRecord) {
        (self.context, self.databases, self.served) = (context, databases, served)
    }

    /// The version without what an unseen day says of it.
    ///
    /// - Parameters:
    ///   - history: What its histories know of each key; nil without histories.
    ///   - day: Whose impressions become examples, unless the job file wants none.
    func version(
        _ trained: TrainedNight, _ history: NightHistory?, examplesOf day: Day, run: Int
    ) throws -> NewModelVersion {
        let (jobFile, data) = (context.jobFile, trained.data)
        let (days, parent) = (data.night.trained, data.parent)
        let rocket = trained.arms[0].model
        let lineage = VersionLineage(
            model: jobFile.model,
            trainedDays: (parent?.lineage.trainedDays.lowerBound ?? days.lowerBound)...days.upperBound,
            evaluatedDay: nil, fingerprint: trained.fingerprint.version,
            specificationHash: context.specification.hash)
        // With the learned boundaries: what a serving program needs to make ids.
        var features = try ServedFeatures(of: jobFile, from: days.lowerBound, databases)
        features.model = lineage.model
        features.trainedFrom = lineage.trainedDays.lowerBound.description
        features.trainedTo = lineage.trainedDays.upperBound.description
        var artifacts = try artifacts(of: trained, features)
        if let history { artifacts.append(history.artifact) }
        if jobFile.evaluation.examples, let branch = rocket[.light(served.net)] {
            artifacts.append(
                try VersionExamples(context, databases).artifact(of: branch, features, history?.table, on: day))
        }
        return NewModelVersion(
            lineage: lineage,
            origin: NewModelVersion.Origin(
                run: run, parent: parent?.version, seed: jobFile.training.seed, jobFileText: jobFile.text,
                inputs: data.training.map { VersionInput($0, role: .training) }),
            program: NewModelVersion.Program(
                version: ProgramVersion.current, revision: ProgramVersion.revision, digest: ProgramVersion.digest),
            training: NewModelVersion.Training(
                json: try reports(of: trained), nets: nets(of: rocket),
                embeddingParameters: rocket.embeddingParameters, served: served),
            artifacts: artifacts)
    }

    /// The light nets by size, then the booster.
    private func nets(of model: CoTrainedModel) -> [VersionNet] {
        let lights = context.jobFile.bySize(model.nets.lights)
        let nets = lights.map { (Net.light($0.name), $0.net) } + [(.booster, model.nets.booster)]
        return nets.compactMap { net, layers in
            model[net].map { branch in
                VersionNet(
                    name: net.name, layers: layers.description, parameters: branch.parameterCount,
                    bytes: 4 * (branch.parameterCount + branch.embeddings.parameterCount))
            }
        }
    }

    /// How each arm's training went.
    private func reports(of trained: TrainedNight) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        var reports = Dictionary(
            uniqueKeysWithValues: trained.arms.map { ($0.arm.rawValue, StoredReport.nets($0.report)) })
        if let regression = trained.regression { reports[LogisticRegression.name] = .regression(regression.report) }
        return String(decoding: try encoder.encode(reports), as: UTF8.self)
    }

    /// - Parameter features: Without the version's number, which it has once it is written.
    private func artifacts(of trained: TrainedNight, _ features: ServedFeatures) throws -> [Artifact] {
        let rocket = trained.arms[0]
        var artifacts = [
            Artifact(name: Artifact.model, bytes: try rocket.model.safetensors()),
            Artifact(name: Artifact.features) { Array(try features.with(version: $0).canonicalJSON().utf8) },
        ]
        for net in rocket.model.lightNets {
            let name = net.name == served.net ? Artifact.onnx : Artifact.onnx(of: net.name)
            if let bytes = try onnx(rocket.model, net, as: name, features) {
                artifacts.append(
                    Artifact(name: name) { bytes + (try LightNetGraph.labels(features.with(version: $0))) })
            }
        }
        if let state = rocket.optimiserState { artifacts.append(Artifact(name: Artifact.optimiser, bytes: state)) }
        return artifacts
    }

    /// A light net's ONNX file without its labels; nil where it is too large for one.
    private func onnx(
        _ model: CoTrainedModel, _ net: Net, as name: String, _ features: ServedFeatures
    ) throws -> [UInt8]? {
        guard let branch = model[net] else { return nil }
        do {
            return try LightNetGraph.unlabelled(
                of: branch, features: features, name: context.jobFile.model, program: ProgramVersion.current)
        } catch let error as ONNXExportError {
            context.log.warning("no \(name): \(error)")
            return nil
        }
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

extension ServedFeatures {
    fileprivate func with(version: Int) -> ServedFeatures {
        var features = self
        features.version = version
        return features
    }

    /// What makes ids and numbers of raw values.
    ///
    /// - Parameter day: the first that was trained on, from which boundaries were learned if from any.
    init(of jobFile: JobFile, from day: Day, _ databases: Databases) throws {
        let features = try databases.extraction.learnedFeatures(from: day)
        self.init(features, timeColumn: jobFile.source.impressions.time, timeZone: jobFile.source.timeZone)
        let columns = Set(features.features.compactMap { column(of: $0) })
        let types = try databases.source.columnTypes(of: jobFile.source.impressions.table)
        columnTypes = types.filter { columns.contains($0.key) }
        otherColumns = types.keys.filter { !columns.contains($0) }.sorted()
    }
}

extension VersionInput {
    init(_ entry: CacheManifest.Entry, role: Role) {
        self.init(
            role: role, day: entry.day, part: entry.part, rows: entry.rows, clicks: entry.clicks,
            checksum: entry.checksum)
    }
}
