import Foundation
import ModelRegistry
import Postgres

/// What people do with versions by hand: decide which is live, and fetch their files.
public struct Deployments {
    private let registry: ModelRegistry

    /// Connects.
    public init(database: String?) throws {
        registry = ModelRegistry(
            try Connection(.fromEnvironment(url: database), applicationName: "rocket models"))
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

    /// Writes all files of a version to a folder; what was there before is replaced by a whole file only.
    ///
    /// - Parameter model: whose live version is meant.
    public func pull(_ choice: VersionChoice, of model: String?, to folder: String) throws -> [PulledFile] {
        let version = try version(choice, of: model)
        let folder = "\(folder)/\(try registry.lineage(of: version).model)-\(version)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try registry.artifacts(of: version).filter { $0.name != Artifact.optimiser }.map { artifact in
            let path = "\(folder)/\(artifact.name)"
            try write(artifact.name, of: version, to: path)
            return PulledFile(path: path, bytes: artifact.bytes, sha256: artifact.sha256)
        }
    }

    /// The version that is meant.
    public func version(_ choice: VersionChoice, of model: String?) throws -> Int {
        switch choice {
        case .number(let number): return number
        case .live:
            guard let live = try registry.live(model: model ?? "") else {
                throw JobError.nothingLive(model: model ?? "")
            }
            return live
        }
    }

    private func write(_ name: String, of version: Int, to path: String) throws {
        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
        do {
            guard FileManager.default.createFile(atPath: temporary, contents: nil) else {
                throw JobError.cannotWrite(path: temporary)
            }
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
            defer { try? file.close() }
            try registry.checkedArtifact(name, version: version) { try file.write(contentsOf: Data($0)) }
            try file.synchronize()
            guard rename(temporary, path) == 0 else { throw JobError.cannotWrite(path: path) }
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }
}

/// Which version of a model.
public enum VersionChoice: Equatable, Sendable {
    case number(Int)
    case live
}

/// A file that was fetched.
public struct PulledFile: Encodable, Sendable {
    public var path: String
    public var bytes: Int
    public var sha256: String
}
