import Foundation

/// A file without a name: the system frees its blocks when the process ends, however it ends. Several threads may use
/// it at once (`pread`, `pwrite`).
public final class ScratchFile: Sendable {
    let descriptor: Int32
    let folder: String

    /// - Parameter folder: Created if missing.
    public init(in folder: String) throws(FileError) {
        self.folder = folder
        try Folders.make(folder)
        let path = "\(folder)/\(FileName.temporary("scratch"))"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(path, "open") }
        guard unlink(path) == 0 else {
            let error = FileError.system(path, "unlink")
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            if count < 0, errno != EINTR { throw .system(folder, "write") }
            written += max(0, count)
        }
    }

    /// Fills the buffer from an offset.
    public func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
        var got = 0
        while got < bytes.count {
            let count = pread(descriptor, bytes.baseAddress.map { $0 + got }, bytes.count - got, off_t(offset + got))
            if count < 0, errno != EINTR { throw .system(folder, "read") }
            guard count != 0 else {
                throw FileError(path: folder, call: "read", code: EIO, reason: "the file ends too early")
            }
            got += max(0, count)
        }
    }
}
