import Digests
import Files
import Foundation
import ModelRegistry
import Runs

/// The folder of a pulled version, and the link `current` beside it that leads to the live version's.
enum PulledFolder {
    /// Returns the name of a version's folder: `MODEL-VERSION`, or `MODEL-VERSION-NET` with a light net that is not the
    /// served one.
    ///
    /// - Throws: `JobError.cannotWrite` if the model's name leads out of a folder.
    static func name(of version: Int, _ model: String, _ light: LightNetChoice) throws(JobError) -> String {
        let name = "\(model)-\(version)" + (light.isServed ? "" : "-\(light.name)")
        guard FileName.isPlain(name) else { throw .cannotWrite(path: model, reason: "it is no name") }
        return name
    }

    static func current(in folder: String) -> SymbolicLink { SymbolicLink(in: folder, name: "current") }

    /// Returns the name of the folder of one of a model's versions that the link leads to; nil without a link.
    ///
    /// - Throws: `PullError` if it leads elsewhere, or is no link.
    static func current(in folder: String, of model: String) throws(PullError) -> String? {
        let link = current(in: folder)
        let target: String?
        do throws(FileError) { target = try link.target() } catch {
            throw .noLink(path: error.path, reason: error.reason)
        }
        guard let target else { return nil }
        guard target.hasPrefix("\(model)-"),
            target.dropFirst(model.count + 1).wholeMatch(of: /[0-9]+(-[a-z][a-z0-9_]*)?/) != nil
        else { throw .otherModel(path: link.path, target: target, model: model) }
        return target
    }

    /// Returns whether a folder has a file with these bytes.
    ///
    /// - Parameter sha256: Theirs, in hexadecimal digits; nil for any.
    static func has(_ name: String, _ sha256: String?, in folder: String) throws -> Bool {
        // What is no file, or cannot be read, is replaced or said to be in the way when it is written.
        guard let file = try? RegularFile("\(folder)/\(name)") else { return false }
        guard let sha256 else { return true }
        var digest = try SHA256Hasher()
        for start in stride(from: 0, to: file.size, by: 4 << 20) {
            guard let bytes = try? file.bytes(at: start, count: 4 << 20) else { return false }
            try digest.update(bytes)
        }
        return try digest.finalize().hex == sha256
    }
}

/// The reason why the link to the live version's folder cannot be used.
public enum PullError: Error, CommandError, CustomStringConvertible {
    case otherModel(path: String, target: String, model: String)
    case noLink(path: String, reason: String)

    public var description: String {
        switch self {
        case .otherModel(let path, let target, let model):
            "\(VisibleText.escaped(path)) leads to \(VisibleText.escaped(target)), which is no version of model "
                + "‘\(VisibleText.escaped(model))’; pull each model into a folder of its own: --to FOLDER"
        case .noLink(let path, let reason):
            "\(VisibleText.escaped(path)): \(reason), and the link to the live version's folder has that name; move it, or "
                + "pull into another folder: --to FOLDER"
        }
    }

    package var exitStatus: ExitStatus { .configuration }
    package var hasLines: Bool { false }
}

/// What a folder lacks of a live version.
public enum PullNeed: Equatable, Sendable {
    case nothing
    /// The version is there; its table of histories is not the one that the database has.
    case history
    case version
}

extension Deployments {
    /// Returns what a pull of a live version would change in a folder. Files are compared with the database by their
    /// SHA-256; those made for one net when they are pulled need only be there.
    ///
    /// - Throws: `PullError` if the folder's link does not lead to a version of the model.
    public func need(
        of version: Int, _ choice: PullChoice, _ weights: PulledWeights = .light, net: String? = nil, in folder: String
    ) throws -> PullNeed {
        let (model, light) = (try registry.lineage(of: version).model, try lightNet(net, of: version))
        let name = try PulledFolder.name(of: version, model, light)
        let stored = try registry.artifacts(of: version)
        let history =
            try keptHistory(of: version)?.stored.sha256 ?? stored.first { $0.name == Artifact.history }?.sha256
        func has(_ file: String, _ sha256: String?) throws -> Bool {
            try PulledFolder.has(file, sha256, in: "\(folder)/\(name)")
        }
        let hasHistory = try history.map { try has(Artifact.history, $0) }
        // Of a version without histories the pull says so.
        if choice == .history { return hasHistory == true ? .nothing : .history }
        guard try PulledFolder.current(in: folder, of: model) == name else { return .version }
        for file in choice.names(weights) where file != Artifact.history {
            let isMade =
                file == Artifact.light || file == Artifact.model && light.isOfSeveral
                || file == Artifact.examples && !light.isServed
            let source = stored.first {
                file == Artifact.light ? $0.name == Artifact.model : light.pulledName(of: $0) == file
            }
            guard let source else { continue }
            guard try has(file, isMade ? nil : source.sha256) else { return .version }
        }
        return hasHistory == false ? .history : .nothing
    }

    /// Has the link `current` lead to a version's folder, which must be complete.
    ///
    /// - Parameter net: Which of several light nets the folder has; nil: the one that is served.
    /// - Returns: The link's path.
    /// - Throws: `PullError` if something else has the name, or it leads to another model's version,
    ///   `JobError.cannotWrite` if the folder is not there.
    public func makeCurrent(_ version: Int, net: String? = nil, in folder: String) throws -> String {
        let model = try registry.lineage(of: version).model
        let name = try PulledFolder.name(of: version, model, lightNet(net, of: version))
        _ = try PulledFolder.current(in: folder, of: model)
        let link = PulledFolder.current(in: folder)
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
        guard isThere, isFolder.boolValue else {
            throw JobError.cannotWrite(path: link.path, reason: "the folder \(name), where it is to lead, is missing")
        }
        do throws(FileError) { try link.lead(to: name) } catch {
            throw JobError.cannotWrite(path: error.path, reason: error.reason)
        }
        return link.path
    }
}
