import Digests
import Foundation
import Logging
import RocketLaunching

/// The checkpoints of one piece of work, which its fingerprint names: the newest of each arm, in as many parts as ranks made
/// it. They go when the version is published; a piece of work that was given up leaves them, until another one finds them
/// older than a week.
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
        /// Of the parts, in their order.
        package var names: [String]
        package var step: Int
    }

    package init(_ place: Place, log: Logger) {
        folder = place.folder
        self.log = log
    }

    var place: Place { Place(folder) }

    /// Removes what other pieces of work have left for more than a week.
    func removeForgotten() {
        let root = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        let week = Date.now.addingTimeInterval(-7 * 86_400)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
            let path = "\(root)/\(name)"
            let changed = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            if !folder.hasSuffix("/\(name)"), let changed, changed < week {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    /// The arm's newest checkpoint; nil when there is none, or it is damaged, which is said.
    package func find(_ arm: String) -> Found? {
        let checkpoints = Dictionary(grouping: parts(arm)) { "\($0.step) \($0.count)" }.values
            .map { newestOfEach($0) }.filter { parts in parts.count == parts.first?.count }
        func changed(_ parts: [PartName]) -> Date { parts.map { self.changed($0.name) }.max() ?? .distantPast }
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
    private func newestOfEach(_ parts: [PartName]) -> [PartName] {
        Dictionary(grouping: parts, by: \.number).values
            .compactMap { $0.max { changed($0.name) < changed($1.name) } }.sorted { $0.number < $1.number }
    }

    /// The bytes of a part.
    ///
    /// - Throws: `CheckpointError.damaged` where they are not those that were written, or cannot be read.
    package func load(_ name: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
            throw CheckpointError.damaged(path: "\(folder)/\(name)")
        }
        let bytes = [UInt8](data)
        guard try PartName(name)?.digest == PartName.digest(bytes) else {
            throw CheckpointError.damaged(path: "\(folder)/\(name)")
        }
        return bytes
    }

    /// Keeps a part beside those of other ranks: written to a temporary name, flushed, renamed. Training goes on without one
    /// where that fails, on a full disk say, and the log says so.
    package func save(_ part: CheckpointPart, _ arm: String) -> Bool {
        var name = "a checkpoint"
        var temporary: String?
        do {
            name = try PartName(part, arm).name
            let path = "\(folder)/\(name).tmp"
            temporary = path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try file.write(contentsOf: Data(part.bytes))
            try file.synchronize()
            // The same bytes may be there from a process that was killed.
            guard rename(path, "\(folder)/\(name)") == 0 else { throw CocoaError(.fileWriteUnknown) }
            discard(part, arm, but: name)
            return true
        } catch {
            if let temporary { try? FileManager.default.removeItem(atPath: temporary) }
            log.warning("no checkpoint: \(folder)/\(name) cannot be written: \(error.systemReason)")
            return false
        }
    }

    /// Removes what came before a checkpoint of which all parts are kept.
    package func removeAll(but part: CheckpointPart, _ arm: String) {
        for stale in parts(arm) where stale.step != part.step || stale.count != part.count {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(stale.name)")
        }
    }

    /// Removes a part that the other ranks' parts did not come to.
    func discard(_ part: CheckpointPart, _ arm: String) { discard(part, arm, but: "") }

    private func discard(_ part: CheckpointPart, _ arm: String, but name: String) {
        for other in parts(arm)
        where other.step == part.step && other.count == part.count && other.number == part.number && other.name != name {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(other.name)")
        }
    }

    package func remove() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func changed(_ name: String) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    private func parts(_ arm: String) -> [PartName] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).compactMap { PartName($0) }
            .filter { $0.arm == arm }
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

/// `<arm>-<step>-<number>of<count>-<digest>.safetensors`; the digest tells a damaged file.
private struct PartName {
    let arm: String
    let step, number, count: Int
    let digest: String

    init(_ part: CheckpointPart, _ arm: String) throws {
        self.arm = arm
        (step, number, count) = (part.step, part.number, part.count)
        digest = try Self.digest(part.bytes)
    }

    init?(_ name: String) {
        guard let match = name.wholeMatch(of: /(\w+)-(\d+)-(\d+)of(\d+)-([0-9a-f]{32})\.safetensors/),
            let step = Int(match.2), let number = Int(match.3), let count = Int(match.4), count > 0
        else { return nil }
        arm = String(match.1)
        (self.step, self.number, self.count) = (step, number - 1, count)
        digest = String(match.5)
    }

    var name: String { "\(arm)-\(step)-\(number + 1)of\(count)-\(digest).safetensors" }

    static func digest(_ bytes: [UInt8]) throws -> String { String(try SHA256Digest.of(bytes).hex.prefix(32)) }
}
