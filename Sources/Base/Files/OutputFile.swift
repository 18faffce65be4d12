import Foundation

/// A path that a user named for output: a file, or nothing yet, is replaced as a whole; a device or a pipe is written
/// to.
public struct OutputFile: Sendable {
    public let path: String
    private let streams: Streams

    /// How to treat a path that leads to a device or a pipe.
    public enum Streams: Sendable {
        /// Written to, as a shell does.
        case written
        /// An error: the file will be read again, or the writer must not wait for a reader.
        case refused
    }

    public enum Outcome: Sendable { case replaced, streamed }

    public init(_ path: String, streams: Streams) {
        self.path = path
        self.streams = streams
    }

    /// - Throws: `FileError`; an existing file is then unchanged.
    @discardableResult
    public func replace(with bytes: [UInt8], mode: StagedFile.Mode = .kept) throws(FileError) -> Outcome {
        guard path != "-" else {
            throw .refused(path, "standard output is /dev/stdout, and a file of this name ./-")
        }
        switch try FileKind.of(path) {
        case .characterDevice, .pipe: return try stream(bytes)
        case .regular where isDescriptor: return try stream(bytes)
        case .regular, .absent, .link: break
        case let kind: throw .refused(path, "it is \(kind.name); expected a file")
        }
        let file = try StagedFile(in: folder, stem: name, mode: mode)
        try file.write(bytes)
        try file.commit(as: name)
        return .replaced
    }

    /// Whether the path leads to a device, a pipe or an open descriptor, which is written to and never replaced.
    public var isStream: Bool {
        switch try? FileKind.of(path) {
        case .characterDevice, .pipe: true
        case .regular: isDescriptor
        default: false
        }
    }

    public var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private var name: String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }

    /// Whether the path names an open descriptor, such as `/dev/stdout`: never replaced, even if it leads to a file.
    private var isDescriptor: Bool {
        guard let resolved = realpath(folder, nil) else { return false }
        defer { free(resolved) }
        let place = String(cString: resolved) + "/"
        return place.hasPrefix("/proc/") || place.hasPrefix("/dev/") && !place.hasPrefix("/dev/shm/")
    }

    private func stream(_ bytes: [UInt8]) throws(FileError) -> Outcome {
        guard streams == .written else {
            throw .refused(path, "it is a device or a pipe; expected a file, which is replaced as a whole")
        }
        // Opening a pipe that nobody reads would block forever.
        let descriptor = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENXIO ? .refused(path, "no process reads this pipe") : .system(path, "open")
        }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        try FileDescriptorWriting.write(bytes, to: descriptor, path: path)
        return .streamed
    }
}
