import Foundation

/// A file opened for reading, known to be a regular file: no link, device or pipe.
public final class RegularFile {
    public let size: Int
    public let changed: Date
    let status: stat
    private let path: String
    let descriptor: Int32

    /// - Returns: Nil if nothing has that name.
    /// - Throws: `FileError`, also for anything that is not a regular file.
    public init?(_ path: String) throws(FileError) {
        self.path = path
        // Without O_NONBLOCK, opening a pipe of that name would wait for a writer.
        let opened = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { return nil }
            throw errno == ELOOP ? .refused(path, "it is a symbolic link; expected a file") : .system(path, "open")
        }
        var found = stat()
        guard fstat(opened, &found) == 0, FileKind(found) == .regular else {
            close(opened)
            throw .refused(path, "it is \(FileKind(found).name); expected a file")
        }
        status = found
        size = Int(found.st_size)
        changed = Date(
            timeIntervalSince1970: Double(found.st_mtim.tv_sec) + Double(found.st_mtim.tv_nsec) / 1e9)
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Returns the bytes from an offset, fewer if the file ends earlier.
    public func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, min(count, size - offset)))
        var got = 0
        while got < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + got }, $0.count - got, off_t(offset + got))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(path, "read") }
            if count == 0 { break }
            got += count
        }
        return Array(bytes.prefix(got))
    }

    public func bytes() throws(FileError) -> [UInt8] { try bytes(at: 0, count: size) }
}
