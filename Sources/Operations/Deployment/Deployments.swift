import Files
import Foundation
import ModelRegistry
import Postgres
import Runs

/// What people do with versions by hand: decide which is live, and fetch their files.
public struct Deployments {
    /// Where the logs are.
    let sourceSettings: ConnectionSettings
    let connection: Connection
    let registry: ModelRegistry

    /// Connects.
    ///
    /// - Parameter sourceDatabase: where the logs are, for predictions.
    public init(database: String?, sourceDatabase: String? = nil) throws {
        sourceSettings = .source(url: sourceDatabase, results: database)
        connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket models")
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

    /// Writes files of a version to a folder; what was there before is replaced by a whole file only.
    ///
    /// - Parameters:
    ///   - model: whose live version is meant.
    ///   - format: nil for all of them.
    public func pull(
        _ choice: VersionChoice, of model: String?, format: ModelFormat?, to folder: String
    ) throws -> [PulledFile] {
        let version = try version(choice, of: model)
        let model = try registry.lineage(of: version).model
        let stored = try registry.artifacts(of: version)
        if let format, !stored.contains(where: { $0.name == format.artifact }) {
            throw ModelRegistryError.noArtifact(name: format.artifact, version: version)
        }
        // A name from the database must not lead out of the folder.
        guard FileName.isPlain("\(model)-\(version)") else {
            throw JobError.cannotWrite(path: model, reason: "it is no name")
        }
        let folder = "\(folder)/\(model)-\(version)"
        do { try Folders.make(folder) } catch { throw JobError.cannotWrite(path: folder, reason: error.reason) }
        let names = format.map { [$0.artifact, Artifact.features] } ?? Artifact.pulled
        let wanted = stored.filter { names.contains($0.name) }
        return try wanted.map { artifact in
            let path = "\(folder)/\(artifact.name)"
            try write(artifact.name, of: version, in: folder)
            return PulledFile(path: path, bytes: artifact.bytes, sha256: artifact.sha256)
        }
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

    private func write(_ name: String, of version: Int, in folder: String) throws {
        func writing<Result>(_ body: () throws(FileError) -> Result) throws(JobError) -> Result {
            do { return try body() } catch { throw .cannotWrite(path: error.path, reason: error.reason) }
        }
        let file = try writing { () throws(FileError) in try StagedFile(in: folder, stem: name) }
        try registry.checkedArtifact(name, version: version) { bytes in
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

/// The file in which a model is fetched; `features.json` comes with either.
public enum ModelFormat: String, CaseIterable, Sendable {
    /// The light net, for other programs to run.
    case onnx
    /// All weights.
    case safetensors

    var artifact: String {
        switch self {
        case .onnx: Artifact.onnx
        case .safetensors: Artifact.model
        }
    }
}

/// A file that was fetched.
public struct PulledFile: Encodable, Sendable {
    public var path: String
    public var bytes: Int
    public var sha256: String
}
