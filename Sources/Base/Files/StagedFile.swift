import Foundation

/// An unfinished file, written under a name that nobody can guess in its destination folder; it takes its final name
/// once it is complete and on disk. Until then, whatever had that name stays.
///
/// The temporary file is always newly created (`O_EXCL`, `O_NOFOLLOW`), and all calls are relative to the folder as it
/// was when opened: neither a planted link nor an exchanged folder leads elsewhere.
public final class StagedFile {
    /// Who may read the file.
    public enum Mode: Sendable {
        /// As the replaced file; for a new file, as the umask says.
        case kept
        /// Exactly this mode, regardless of the umask.
        case exactly(mode_t)
    }

    public let temporaryPath: String
    private let folder: String
    private let temporaryName: String
    private let mode: Mode
    private let folderDescriptor: Int32
    private var descriptor: Int32
    private var isOpen = true

    /// - Parameter stem: The beginning of the temporary name.
    /// - Throws: `FileError`.
    public init(in folder: String, stem: String, mode: Mode = .kept) throws(FileError) {
        self.folder = folder
        self.mode = mode
        temporaryName = FileName.temporary(stem)
        temporaryPath = "\(folder)/\(temporaryName)"
        let directory = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system(folder, "open") }
        let opened = openat(
            directory, temporaryName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, Self.creationMode(mode))
        guard opened >= 0 else {
            let error = FileError.system(temporaryPath, "open")
            close(directory)
            throw error
        }
        folderDescriptor = directory
        descriptor = opened
    }

    deinit {
        abandon()
        close(folderDescriptor)
    }

    private static func creationMode(_ mode: Mode) -> mode_t {
        switch mode {
        case .kept: 0o666
        case .exactly(let mode): mode & 0o600
        }
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        try FileDescriptorWriting.write(bytes, to: descriptor, path: temporaryPath)
    }

    /// Flushes the file and gives it its name, replacing a file or symbolic link of that name.
    ///
    /// - Parameter name: The name within the folder.
    /// - Throws: `FileError`; the name then leads to what it led to before. A device, pipe, socket or folder is never
    ///   replaced.
    public func commit(as name: String) throws(FileError) {
        let path = "\(folder)/\(name)"
        guard isOpen, FileName.isPlain(name) else { throw .refused(path, "this is no name of a file in a folder") }
        let old = try replaceable(name, path)
        switch mode {
        case .exactly(let mode): guard fchmod(descriptor, mode) == 0 else { throw .system(path, "fchmod") }
        case .kept:
            if let old, fchmod(descriptor, old.st_mode & 0o777) != 0 { throw .system(path, "fchmod") }
        }
        guard fsync(descriptor) == 0 else { throw .system(temporaryPath, "fsync") }
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0 else { throw .system(temporaryPath, "close") }
        guard renameat(folderDescriptor, temporaryName, folderDescriptor, name) == 0 else {
            throw .system(path, "rename")
        }
        isOpen = false
        // So that the name survives a power cut; some file systems cannot flush a folder.
        guard fsync(folderDescriptor) == 0 || errno == EINVAL || errno == EROFS else { throw .system(folder, "fsync") }
    }

    /// Returns the file that would be replaced, if there is one.
    private func replaceable(_ name: String, _ path: String) throws(FileError) -> stat? {
        var status = stat()
        guard fstatat(folderDescriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw .system(path, "stat") }
            return nil
        }
        var kind = FileKind(status)
        if kind == .link, fstatat(folderDescriptor, name, &status, 0) == 0 {
            kind = FileKind(status)
        } else if kind == .link {
            return nil
        }
        guard kind == .regular else { throw .refused(path, "it is \(kind.name), which is not replaced by a file") }
        return status
    }

    /// Removes the temporary file; harmless after `commit`.
    public func abandon() {
        guard isOpen else { return }
        isOpen = false
        if descriptor >= 0 { close(descriptor) }
        unlinkat(folderDescriptor, temporaryName, 0)
    }
}

/// Complete writes to a descriptor.
enum FileDescriptorWriting {
    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path, "write")
            }
            written += count
        }
    }
}
