import Digests
import Files
import Foundation
import JobFile
import Logging
import Runs
import Training

/// The checkpoints of one piece of work, which its fingerprint names: the newest of each arm, in as many parts as ranks
/// made it. They go when the version is published; a piece of work that was given up leaves them, until another one
/// finds them older than a week.
package struct CheckpointFolder {
    private let folder: String
    private let log: Logger

    /// Where the checkpoints of a piece of work lie.
    package struct Place: Codable, Sendable {
        var folder: String

        fileprivate init(_ folder: String) {
            self.folder = folder
        }

        package init(cache: String, model: String, fingerprint: String) {
            folder = "\(cache)/checkpoints/\(model)-\(fingerprint.prefix(16))"
        }
    }

    /// A checkpoint of which every part is there and whole.
    package struct Found: Codable, Sendable {
        /// The names of the parts, in their order.
        package var names: [String]
        package var step: Int
    }

    package init(_ place: Place, log: Logger) {
        folder = place.folder
        self.log = log
    }

    /// The folder of a piece of work; what others have forgotten beside it goes.
    ///
    /// - Parameter work: fingerprint of the work, whoever does it: another number of ranks resumes from its
    ///   checkpoints, with the shares that they were made with. A process that reads one stream has checkpoints of its
    ///   own.
    package init(of work: String, _ context: JobContext, _ launch: RankedLaunch) throws {
        let work = launch.isRanked ? try SHA256Digest.of("\(work) in shares").hex : work
        let cache = URL(fileURLWithPath: context.jobFile.cacheDirectory).path
        self.init(Place(cache: cache, model: context.jobFile.model, fingerprint: work), log: context.log)
        removeForgotten()
    }

    var place: Place { Place(folder) }

    private var files: OwnFiles { OwnFiles(in: folder, .checkpointPart) }

    /// Removes checkpoints that other pieces of work have left for more than a week. What else lies there is not ours.
    package func removeForgotten() {
        let root = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        let week = Date.now.addingTimeInterval(-7 * 86_400)
        for name in OwnFiles.entries(root) where name.wholeMatch(of: /[a-z0-9_\-]+-[0-9a-f]{16}/) != nil {
            let other = "\(root)/\(name)"
            guard !folder.hasSuffix("/\(name)"), let changed = OwnFiles.folderChanged(other), changed < week else {
                continue
            }
            OwnFiles(in: other, .checkpointPart).removeAll { $0.changed < week }
        }
    }

    /// The arm's newest checkpoint; nil when there is none, or it is damaged, which is said.
    package func find(_ arm: String) -> Found? {
        let checkpoints = Dictionary(grouping: parts(arm)) { "\($0.step) \($0.count)" }.values
            .map { newestOfEach($0) }.filter { parts in parts.count == parts.first?.count }
        func changed(_ parts: [CheckpointPartName]) -> Date {
            parts.map { self.changed($0.name) }.max() ?? .distantPast
        }
        guard let newest = checkpoints.max(by: { changed($0) < changed($1) }) else { return nil }
        let names = newest.map(\.name)
        for name in names {
            do { _ = try load(name) } catch {
                log.warning("\(error); training begins anew")
                return nil
            }
        }
        return Found(names: names, step: newest[0].step)
    }

    /// A process that was killed between two renames, or ranks that were, leave older parts of the same step.
    private func newestOfEach(_ parts: [CheckpointPartName]) -> [CheckpointPartName] {
        Dictionary(grouping: parts, by: \.number).values
            .compactMap { $0.max { changed($0.name) < changed($1.name) } }.sorted { $0.number < $1.number }
    }

    /// The bytes of a part.
    ///
    /// - Throws: `CheckpointError.damaged` where they are not those that were written, or cannot be read.
    package func load(_ name: String) throws -> [UInt8] {
        guard let file = try? RegularFile("\(folder)/\(name)"), let bytes = try? file.bytes() else {
            throw CheckpointError.damaged(path: "\(folder)/\(name)")
        }
        guard try CheckpointPartName(name)?.digest == CheckpointPartName.digest(bytes) else {
            throw CheckpointError.damaged(path: "\(folder)/\(name)")
        }
        return bytes
    }

    /// Keeps a part next to those of other ranks: written to a temporary name, flushed, renamed. If that fails, for
    /// example on a full disk, training continues without a checkpoint and the log says so.
    package func save(_ part: CheckpointPart, _ arm: String) -> Bool {
        var name = "a checkpoint"
        do {
            name = try CheckpointPartName(
                arm: arm, step: part.step, number: part.number, count: part.count, bytes: part.bytes
            ).name
            try Folders.make(folder)
            let file = try StagedFile(in: folder, stem: name)
            try file.write(part.bytes)
            // The same bytes may be there from a process that was killed.
            try file.commit(as: name)
            discard(part, arm, but: name)
            return true
        } catch {
            log.warning("no checkpoint: \(folder)/\(name) cannot be written: \(error.systemReason)")
            return false
        }
    }

    /// Removes the checkpoints before one of which all parts are kept.
    package func removeAll(but part: CheckpointPart, _ arm: String) {
        for stale in parts(arm) where stale.step != part.step || stale.count != part.count {
            _ = try? files.remove(stale.name)
        }
    }

    /// Removes a part for which the other ranks kept none.
    func discard(_ part: CheckpointPart, _ arm: String) { discard(part, arm, but: "") }

    private func discard(_ part: CheckpointPart, _ arm: String, but name: String) {
        for other in parts(arm)
        where other.step == part.step && other.count == part.count && other.number == part.number && other.name != name
        {
            _ = try? files.remove(other.name)
        }
    }

    /// Removes all of them, and the folder where nothing else is in it.
    package func remove() { files.removeAll() }

    private func changed(_ name: String) -> Date {
        guard let file = try? RegularFile("\(folder)/\(name)") else { return .distantPast }
        return file.changed
    }

    private func parts(_ arm: String) -> [CheckpointPartName] {
        files.names().compactMap { CheckpointPartName($0) }.filter { $0.arm == arm }
    }
}

/// Why a checkpoint cannot be used.
enum CheckpointError: Error, CustomStringConvertible {
    case damaged(path: String)

    var description: String {
        switch self {
        case .damaged(let path): "\(path) is damaged or cannot be read"
        }
    }
}
