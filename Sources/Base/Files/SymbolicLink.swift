import Foundation

/// A symbolic link in a folder, which leads to a neighbour of its own by name.
public struct SymbolicLink: Sendable {
    public let path: String
    private let folder, name: String

    public init(in folder: String, name: String) {
        (self.folder, self.name) = (folder, name)
        path = "\(folder)/\(name)"
    }

    /// Returns where the link leads to; nil if there is none.
    ///
    /// - Throws: `FileError` if something else has the name.
    public func target() throws(FileError) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        if count >= 0 { return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        guard errno == EINVAL else {
            if errno == ENOENT { return nil }
            throw .system(path, "readlink")
        }
        throw .refused(path, "it is no symbolic link")
    }

    /// Has the link lead to a neighbour. Whoever opens it meanwhile finds the old one or the new one.
    ///
    /// - Throws: `FileError`; the link is then as before. What is no link is not replaced.
    public func lead(to neighbour: String) throws(FileError) {
        guard FileName.isPlain(neighbour), FileName.isPlain(name) else {
            throw .refused(path, "this is no name of a file in a folder")
        }
        _ = try target()
        let temporary = "\(folder)/\(FileName.temporary(name))"
        guard symlink(neighbour, temporary) == 0 else { throw .system(temporary, "symlink") }
        guard rename(temporary, path) == 0 else {
            let error = FileError.system(path, "rename")
            unlink(temporary)
            throw error
        }
        // So that it survives a power cut; some file systems cannot flush a folder.
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw .system(folder, "fsync") }
    }
}
