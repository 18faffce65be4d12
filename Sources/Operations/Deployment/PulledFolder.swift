import Files
import Foundation
import ModelRegistry
import RocketServing
import Runs

/// The folder of a pulled version, and the link `current` beside it that leads to the live version's.
enum PulledFolder {
    /// Returns the name of a version's folder.
    ///
    /// - Throws: `JobError.cannotWrite` if the model's name leads out of a folder.
    static func name(of version: Int, _ model: String) throws(JobError) -> String {
        let name = "\(model)-\(version)"
        guard FileName.isPlain(name) else { throw .cannotWrite(path: model, reason: "it is no name") }
        return name
    }

    static func current(in folder: String) -> SymbolicLink { SymbolicLink(in: folder, name: "current") }

    /// Returns which version of a model the link leads to; nil without a link.
    ///
    /// - Throws: `PullError` if it leads elsewhere, or is no link.
    static func current(in folder: String, of model: String) throws(PullError) -> Int? {
        let link = current(in: folder)
        let target: String?
        do throws(FileError) { target = try link.target() } catch {
            throw .noLink(path: error.path, reason: error.reason)
        }
        guard let target else { return nil }
        guard let version = Int(target.dropFirst(model.count + 1)), target == "\(model)-\(version)" else {
            throw .otherModel(path: link.path, target: target, model: model)
        }
        return version
    }

    /// Returns the day whose rows a folder's table of histories is for; nil if there is none that can be read.
    static func historyDay(in folder: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: "\(folder)/\(Artifact.history)") else { return nil }
        defer { try? file.close() }
        guard let beginning = try? file.read(upToCount: 4 << 20) else { return nil }
        return (try? ServedHistory.asOf(beginning: Array(beginning)))?.description
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
    /// The version is there; a night has kept a newer table of histories since.
    case history
    case version
}

extension Deployments {
    /// Returns what a pull of a live version would change in a folder.
    ///
    /// - Throws: `PullError` if the folder's link does not lead to a version of the model.
    public func need(
        of version: Int, _ choice: PullChoice, _ weights: PulledWeights = .light, net: String? = nil, in folder: String
    ) throws -> PullNeed {
        let model = try registry.lineage(of: version).model
        let name = try PulledFolder.name(of: version, model)
        let stored = Set(try registry.artifacts(of: version).map(\.name))
        let kept = try keptHistory(of: version).map { $0.stored.asOf.description }
        let hasNewerHistory = kept.map { $0 != PulledFolder.historyDay(in: "\(folder)/\(name)") } ?? false
        if choice == .history {
            return hasNewerHistory || PulledFolder.historyDay(in: "\(folder)/\(name)") == nil ? .history : .nothing
        }
        guard try PulledFolder.current(in: folder, of: model) == version else { return .version }
        _ = try lightNet(net, of: version)
        let files = choice.names(weights).filter { stored.contains($0 == Artifact.light ? Artifact.model : $0) }
        guard files.allSatisfy({ FileManager.default.fileExists(atPath: "\(folder)/\(name)/\($0)") }) else {
            return .version
        }
        return hasNewerHistory ? .history : .nothing
    }

    /// Has the link `current` lead to a version's folder, which must be complete.
    ///
    /// - Returns: The link's path.
    /// - Throws: `PullError` if something else has the name, or it leads to another model's version.
    public func makeCurrent(_ version: Int, in folder: String) throws -> String {
        let model = try registry.lineage(of: version).model
        let name = try PulledFolder.name(of: version, model)
        _ = try PulledFolder.current(in: folder, of: model)
        let link = PulledFolder.current(in: folder)
        do throws(FileError) { try link.lead(to: name) } catch {
            throw JobError.cannotWrite(path: error.path, reason: error.reason)
        }
        return link.path
    }
}
