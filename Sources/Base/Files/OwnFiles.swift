import Foundation

/// The name pattern and content check that tell this program's files of one kind from other people's.
public struct FileMark: Sendable {
    private let name: @Sendable (String) -> Bool
    private let content: @Sendable (String, RegularFile) throws -> Bool

    /// - Parameters:
    ///   - name: Whether a file name fits.
    ///   - content: Whether the content fits; asked only for names that fit.
    public init(
        name: @escaping @Sendable (String) -> Bool,
        content: @escaping @Sendable (_ name: String, _ file: RegularFile) throws -> Bool
    ) {
        self.name = name
        self.content = content
    }

    func fits(_ name: String) -> Bool { self.name(name) }

    func fits(_ name: String, _ file: RegularFile) -> Bool { (try? content(name, file)) == true }
}

/// The only place that removes files which another process may have made. A file is removed only if both its name and
/// its content show that it is this program's; links, folders and anything else stay.
public struct OwnFiles: Sendable {
    public let folder: String
    private let mark: FileMark

    public init(in folder: String, _ mark: FileMark) {
        self.folder = folder
        self.mark = mark
    }

    /// Names in the folder that fit the mark's pattern, in order; empty where the folder is a link or no folder.
    public func names() -> [String] { Self.entries(folder).filter { mark.fits($0) } }

    /// Opens a file whose name and content show that it is this program's.
    ///
    /// - Returns: The file; nil if it is not this program's, or does not exist.
    public func own(_ name: String) -> RegularFile? {
        guard FileName.isPlain(name), mark.fits(name), let file = try? RegularFile("\(folder)/\(name)"),
            mark.fits(name, file)
        else { return nil }
        return file
    }

    /// Removes a file.
    ///
    /// - Returns: False if it is not this program's, or does not exist.
    /// - Throws: `FileError`.
    @discardableResult
    public func remove(_ name: String) throws(FileError) -> Bool {
        guard let file = own(name) else { return false }
        let path = "\(folder)/\(name)"
        var status = stat()
        // Remove only the very file that was examined.
        guard lstat(path, &status) == 0, status.st_ino == file.status.st_ino, status.st_dev == file.status.st_dev else {
            return false
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "unlink") }
        return true
    }

    /// Removes all of this program's files, and the folder if nothing else is in it.
    ///
    /// - Parameter isDue: Whether to remove a file.
    public func removeAll(where isDue: (RegularFile) -> Bool = { _ in true }) {
        for name in names() {
            guard let file = own(name), isDue(file) else { continue }
            _ = try? remove(name)
        }
        // Fails if anything is left.
        rmdir(folder)
    }

    /// Returns the sorted names in a folder; none if it is a link.
    public static func entries(_ folder: String) -> [String] {
        var status = stat()
        guard lstat(folder, &status) == 0, FileKind(status) == .folder else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Returns when the folder's entries last changed; nil for a link or anything that is no folder.
    public static func folderChanged(_ folder: String) -> Date? {
        var status = stat()
        guard lstat(folder, &status) == 0, FileKind(status) == .folder else { return nil }
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
    }
}
