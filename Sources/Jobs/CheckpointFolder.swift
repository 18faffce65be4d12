import Digests
import Foundation
import Logging

/// The checkpoints of one piece of work, which its fingerprint names: the newest of each arm. They go when the version is
/// published; a piece of work that was given up leaves them, until another one finds them older than a week.
struct CheckpointFolder {
    private let folder: String
    private let log: Logger

    init(cache: String, model: String, fingerprint: String, log: Logger) {
        let root = "\(cache)/checkpoints"
        folder = "\(root)/\(model)-\(fingerprint.prefix(16))"
        self.log = log
        let week = Date.now.addingTimeInterval(-7 * 86_400)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
            let path = "\(root)/\(name)"
            let changed = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            if path != folder, let changed, changed < week { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    /// The arm's checkpoint; nil when there is none, or it is damaged, which is said.
    func load(_ arm: String) -> [UInt8]? {
        guard let name = names(arm).first else { return nil }
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
            let digest = try? SHA256Digest.of([UInt8](data)), name == Self.name(arm, digest)
        else {
            log.warning("\(folder)/\(name) is damaged; training begins anew")
            return nil
        }
        return [UInt8](data)
    }

    /// Keeps a checkpoint in place of the one before: written to a temporary name, flushed, renamed. Training goes on without
    /// one where that fails, on a full disk say, and the log says so.
    func save(_ bytes: [UInt8], _ arm: String) throws {
        let old = names(arm)
        let name = Self.name(arm, try SHA256Digest.of(bytes))
        let temporary = "\(folder)/\(name).tmp"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: temporary, contents: nil)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
            defer { try? file.close() }
            try file.write(contentsOf: Data(bytes))
            try file.synchronize()
            try FileManager.default.moveItem(atPath: temporary, toPath: "\(folder)/\(name)")
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            log.warning("no checkpoint: \(folder)/\(name) cannot be written: \(error.systemReason)")
            return
        }
        for stale in old where stale != name { try? FileManager.default.removeItem(atPath: "\(folder)/\(stale)") }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Newest first: a process that was killed between two renames leaves two.
    private func names(_ arm: String) -> [String] {
        func changed(_ name: String) -> Date {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return attributes?[.modificationDate] as? Date ?? .distantPast
        }
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasPrefix("\(arm)-") && $0.hasSuffix(".safetensors") }
            .sorted { changed($0) > changed($1) }
    }

    /// The digest in the name tells a damaged file.
    private static func name(_ arm: String, _ digest: SHA256Digest) -> String {
        "\(arm)-\(digest.hex.prefix(32)).safetensors"
    }
}
