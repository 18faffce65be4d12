import Digests
import Extract
import Files
import Foundation
import JobFile
import ModelRegistry
import Postgres
import RocketServing
import Runs

/// What people do with versions by hand: decide which is live, and fetch their files.
public struct Deployments {
    /// Where the logs are.
    let sourceSettings: ConnectionSettings
    let settings: ConnectionSettings
    let connection: Connection
    let registry: ModelRegistry

    /// Connects.
    ///
    /// - Parameter sourceDatabase: where the logs are, for predictions.
    public init(database: String?, sourceDatabase: String? = nil) throws {
        sourceSettings = .source(url: sourceDatabase, results: database)
        settings = .fromEnvironment(url: database)
        connection = try Connection(settings, applicationName: "rocket models")
        registry = ModelRegistry(connection)
    }

    /// - Throws: `ModelRegistryError.refused` where the gate is in the way, `.raced` where someone deployed meanwhile.
    public func promote(_ version: Int, force: Bool, reason: String?) throws -> Deployment {
        let newest = try registry.newestDeployment(model: registry.lineage(of: version).model)
        return try registry.promote(version: version, reason: reason, force: force, expecting: newest)
    }

    public func rollBack(_ model: String, reason: String?) throws -> Deployment {
        try registry.rollBack(model: model, reason: reason)
    }

    /// - Returns: nil for a version that was not live.
    public func retire(_ version: Int, reason: String?) throws -> Deployment? {
        try registry.retire(version: version, reason: reason)
    }

    /// Writes files of a version to a folder of its own in a folder, which has the net's name where that is not the
    /// served one, so that two nets of a version do not replace each other. What was there before is replaced by a
    /// whole file only.
    ///
    /// - Parameters:
    ///   - choice: which files.
    ///   - net: which of several light nets; nil: the one that is served.
    public func pull(
        _ version: Int, _ choice: PullChoice, _ weights: PulledWeights = .light, net: String? = nil, to folder: String
    ) throws -> [PulledFile] {
        let model = try registry.lineage(of: version).model
        let stored = try registry.artifacts(of: version)
        let light = try lightNet(net, of: version)
        if case .format(let format) = choice, !stored.contains(where: { $0.name == light.artifact(format) }) {
            throw ModelRegistryError.noArtifact(name: light.artifact(format), version: version)
        }
        let folder = "\(folder)/\(try PulledFolder.name(of: version, model, light))"
        do { try Folders.make(folder) } catch { throw JobError.cannotWrite(path: folder, reason: error.reason) }
        let names = choice.names(weights)
        let wanted = stored.compactMap { artifact in
            light.pulledName(of: artifact).map { (artifact: artifact, name: $0) }
        }.filter { names.contains($0.name) && $0.name != Artifact.history }
        var pulled = try wanted.map { artifact, name in
            if name == Artifact.model, light.isOfSeveral {
                return try write(modelBytes(of: light, version), as: name, in: folder)
            }
            if name == Artifact.examples, !light.isServed {
                return try write(exampleBytes(of: light, version), as: name, in: folder)
            }
            try write(name, in: folder) { try registry.checkedArtifact(artifact.name, version: version, $0) }
            return PulledFile(path: "\(folder)/\(name)", bytes: artifact.bytes, sha256: artifact.sha256)
        }
        if names.contains(Artifact.light), stored.contains(where: { $0.name == Artifact.model }) {
            let bytes = try ServingModel.light(of: modelBytes(of: light, version))
            pulled.append(try write(bytes, as: Artifact.light, in: folder))
        }
        if names.contains(Artifact.history) {
            let history = try pullHistory(of: version, stored.first { $0.name == Artifact.history }, in: folder)
            guard history != nil || choice != .history else { throw JobError.noHistories(version: version) }
            pulled += history.map { [$0] } ?? []
        }
        return pulled
    }

    /// Writes a file that is not stored as it is.
    private func write(_ bytes: [UInt8], as name: String, in folder: String) throws -> PulledFile {
        try write(name, in: folder) { try $0(bytes) }
        return PulledFile(path: "\(folder)/\(name)", bytes: bytes.count, sha256: try SHA256Digest.of(bytes).hex)
    }

    /// Writes the newest table of a version's histories: of its own night, or of a later one.
    ///
    /// - Parameter own: The version's.
    /// - Returns: Nil for a version without histories.
    private func pullHistory(of version: Int, _ own: StoredArtifact?, in folder: String) throws -> PulledFile? {
        guard let kept = try keptHistory(of: version) else {
            guard let own else { return nil }
            try write(own.name, in: folder) { try registry.checkedArtifact(own.name, version: version, $0) }
            return PulledFile(path: "\(folder)/\(own.name)", bytes: own.bytes, sha256: own.sha256)
        }
        var stored = kept.stored
        try write(Artifact.history, in: folder) { stored = try registry.checkedHistory(kept.hash, $0) }
        return PulledFile(
            path: "\(folder)/\(Artifact.history)", bytes: stored.bytes, sha256: stored.sha256,
            asOf: stored.asOf.description)
    }

    /// The table that nights have kept for a version's histories; nil if it has none, if no night has kept one, or if
    /// the version's own is for a later day, as that of a version trained by hand can be.
    func keptHistory(of version: Int) throws -> (hash: String, stored: StoredHistory)? {
        // Job files of versions without histories need not be read: an earlier program may have written them.
        guard try registry.artifacts(of: version).contains(where: { $0.name == Artifact.history }) else { return nil }
        let jobFile = try JobFile(text: registry.jobFileText(of: version), path: "version \(version)'s job file")
        guard let hash = try jobFile.extractionSpecification().historyHash(),
            let stored = try registry.history(hash)
        else { return nil }
        // A damaged table of the version's own is no reason against the kept one.
        let beginning = try registry.beginning(of: Artifact.history, version: version)
        if let own = try? ServedHistory.asOf(beginning: beginning), stored.asOf < own { return nil }
        return (hash, stored)
    }

    /// The version that is meant.
    ///
    /// - Parameter model: whose live version; nil: of the only model that has one.
    public func version(_ choice: VersionChoice, of model: String?) throws -> Int {
        switch choice {
        case .number(let number): return number
        case .live:
            let live = try registry.liveVersions().filter { model == nil || $0.model == model }
            guard live.count < 2 else { throw JobError.severalLive(models: live.map(\.model)) }
            guard let version = live.first?.version else { throw JobError.nothingLive(model: model) }
            return version
        }
    }

    /// - Parameter read: Passes the file's bytes, and throws if they are not whole.
    private func write(_ name: String, in folder: String, _ read: (([UInt8]) throws -> Void) throws -> Void) throws {
        func writing<Result>(_ body: () throws(FileError) -> Result) throws(JobError) -> Result {
            do { return try body() } catch { throw .cannotWrite(path: error.path, reason: error.reason) }
        }
        let file = try writing { () throws(FileError) in try StagedFile(in: folder, stem: name) }
        try read { bytes in
            try writing { () throws(FileError) in try file.write(Array(bytes)) }
        }
        try writing { () throws(FileError) in try file.commit(as: name) }
    }
}

/// Which version of a model.
public enum VersionChoice: Equatable, Sendable {
    case number(Int)
    case live
}

/// Which files of a version are fetched.
public enum PullChoice: Equatable, Sendable {
    case all
    /// One form of the model, with what serving it needs.
    case format(ModelFormat)
    /// The newest table of earlier days' counts alone.
    case history

    func names(_ weights: PulledWeights) -> [String] {
        let others = [Artifact.features, Artifact.examples, Artifact.history]
        return switch self {
        case .all: [weights.file, Artifact.onnx] + others
        case .format(.safetensors): [weights.file] + others
        case .format(.onnx): [Artifact.onnx] + others
        case .history: [Artifact.history]
        }
    }
}

/// Which weights are fetched.
public enum PulledWeights: Sendable {
    /// Those that serving needs.
    case light
    /// All of them.
    case withBooster

    var file: String {
        switch self {
        case .light: Artifact.light
        case .withBooster: Artifact.model
        }
    }
}

/// The file in which a model is fetched; `features.json` comes with either.
public enum ModelFormat: String, CaseIterable, Sendable {
    /// The light net, for other programs to run.
    case onnx
    /// The weights.
    case safetensors

}

/// A file that was fetched.
public struct PulledFile: Encodable, Sendable {
    public var path: String
    public var bytes: Int
    public var sha256: String
    /// Of a newer night's table of earlier days: the day whose rows it is for.
    public var asOf: String?

    enum CodingKeys: String, CodingKey {
        case path, bytes, sha256
        case asOf = "as_of"
    }
}
