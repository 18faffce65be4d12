import Files
import Foundation

/// The text file that node_exporter's textfile collector reads.
public struct MetricsFile {
    let path: String
    private let output: OutputFile

    public init(_ path: String) {
        self.path = path
        output = OutputFile(path, streams: .refused)
    }

    /// Replaces the file by what is made of its samples. Readable by everyone, because node_exporter has a user of its
    /// own. Processes that write at once wait for each other. A device or a pipe is no such file: nothing could be read
    /// back from it.
    ///
    /// - Throws: `CannotWrite`.
    public func update(_ change: ([MetricSample]) -> [MetricSample]) throws {
        let directory = open(output.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw CannotWrite(path: path, reason: String(cString: strerror(errno))) }
        defer { close(directory) }
        waitForOthers(directory)
        // The collector reads names that end with .prom only, so it ignores the temporary file.
        do {
            try output.replace(with: Array(MetricText.text(change(try samples())).utf8), mode: .exactly(0o644))
        } catch let error as FileError {
            throw CannotWrite(path: path, reason: error.reason)
        }
    }

    /// - Throws: `CannotWrite` if the file is somebody else's, which is never replaced.
    private func samples() throws -> [MetricSample] {
        guard let file = try RegularFile(path), file.size > 0 else { return [] }
        guard file.size <= Self.mostBytes else { throw CannotWrite(path: path, reason: Self.isOther) }
        let text = String(decoding: try file.bytes(), as: UTF8.self)
        guard MetricText.isOwn(text) else { throw CannotWrite(path: path, reason: Self.isOther) }
        return MetricText.samples(text)
    }

    private static let isOther = "it holds what this program did not write; name a file of its own"

    /// Far above what the models of a machine fill.
    private static let mostBytes = 16 << 20

    /// Waits at most a second: a stuck process must not hold up this one.
    private func waitForOthers(_ directory: Int32) {
        for _ in 0..<50 where flock(directory, LOCK_EX | LOCK_NB) != 0 { usleep(20_000) }
    }

    /// The file cannot be replaced.
    public struct CannotWrite: Error, CustomStringConvertible {
        let path: String
        let reason: String

        public var description: String {
            "no metrics: \(path) cannot be written (\(reason)); expected a file in a folder that this user may write to"
        }
    }
}
