import Foundation

/// The text file that node_exporter's textfile collector reads.
public struct MetricsFile {
    let path: String

    public init(_ path: String) {
        self.path = path
    }

    /// Replaces the file by what is made of its samples: written to a temporary name beside it, flushed, renamed. Readable by
    /// everyone, because node_exporter has a user of its own. Processes that write at once wait for each other.
    ///
    /// - Throws: `CannotWrite`.
    public func update(_ change: ([MetricSample]) -> [MetricSample]) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw CannotWrite(path: path) }
        defer { close(directory) }
        waitForOthers(directory)
        let old = FileManager.default.contents(atPath: path).map { MetricText.samples(String(decoding: $0, as: UTF8.self)) }
        // The collector reads names that end with .prom only.
        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
        do {
            try write(MetricText.text(change(old ?? [])), to: temporary)
            guard rename(temporary, path) == 0 else { throw CannotWrite(path: path) }
            fsync(directory)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// For a second at most: a stuck process must not hold up this one.
    private func waitForOthers(_ directory: Int32) {
        for _ in 0..<50 where flock(directory, LOCK_EX | LOCK_NB) != 0 { usleep(20_000) }
    }

    private func write(_ text: String, to temporary: String) throws {
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CannotWrite(path: path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            throw CannotWrite(path: path)
        }
        // Whatever the umask says.
        guard fchmod(descriptor, 0o644) == 0 else { throw CannotWrite(path: path) }
    }

    /// The file cannot be replaced.
    public struct CannotWrite: Error, CustomStringConvertible {
        let path: String
        let reason = String(cString: strerror(errno))

        public var description: String {
            "no metrics: \(path) cannot be written (\(reason)); expected a file in a folder that this user may write to"
        }
    }
}
