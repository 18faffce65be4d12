import Foundation

/// How the files of one kind are told from other people's: by name and by content.
public struct FileMark: Sendable {
    private let name: @Sendable (String) -> Bool
    private let content: @Sendable (String, RegularFile) throws -> Bool

    /// - Parameters:
    ///   - name: of a file in its folder.
    ///   - content: asked for names that fit only, with the name and the file.
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

/// The one place from which files are removed that an earlier process, or another, may have made. Nothing goes of which name
/// and content do not both say that it is this program's; links, folders and whatever else is there stays.
public struct OwnFiles: Sendable {
    public let folder: String
    private let mark: FileMark

    public init(in folder: String, _ mark: FileMark) {
        self.folder = folder
        self.mark = mark
    }

    /// Names in the folder that fit the mark's pattern, in order; empty where the folder is a link or no folder.
    public func names() -> [String] { Self.entries(folder).filter { mark.fits($0) } }

    /// Whether name and content are this program's.
    ///
    /// - Returns: the file; nil: it is not, or is not there.
    public func own(_ name: String) -> RegularFile? {
        guard FileName.isPlain(name), mark.fits(name), let file = try? RegularFile("\(folder)/\(name)"),
            mark.fits(name, file)
        else { return nil }
        return file
    }

    /// Removes a file.
    ///
    /// - Returns: false where it is not this program's, or not there.
    /// - Throws: `FileError`.
    @discardableResult
    public func remove(_ name: String) throws(FileError) -> Bool {
        guard let file = own(name) else { return false }
        let path = "\(folder)/\(name)"
        var status = stat()
        // What was looked at is what goes.
        guard lstat(path, &status) == 0, status.st_ino == file.status.st_ino, status.st_dev == file.status.st_dev else {
            return false
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "unlink") }
        return true
    }

    /// Removes all own files, and the folder if nothing else is in it.
    ///
    /// - Parameter isDue: asked for each.
    public func removeAll(where isDue: (RegularFile) -> Bool = { _ in true }) {
        for name in names() {
            guard let file = own(name), isDue(file) else { continue }
            _ = try? remove(name)
        }
        // Fails where something is left.
        rmdir(folder)
    }

    /// Names in a folder that is no link, in order.
    public static func entries(_ folder: String) -> [String] {
        var status = stat()
        guard lstat(folder, &status) == 0, FileKind(status) == .folder else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// When the folder's own entries last changed; nil where it is a link or no folder.
    public static func folderChanged(_ folder: String) -> Date? {
        var status = stat()
        guard lstat(folder, &status) == 0, FileKind(status) == .folder else { return nil }
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
    }
}
