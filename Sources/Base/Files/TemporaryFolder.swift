import Foundation

/// A folder that only this user may enter, with a name that nobody can guess; everything in it belongs to this program.
public final class TemporaryFolder {
    public let path: String

    /// - Throws: `FileError`.
    public init(_ stem: String) throws(FileError) {
        path = NSTemporaryDirectory() + FileName.temporary(stem)
        guard mkdir(path, 0o700) == 0 else { throw .system(path, "mkdir") }
    }

    /// Removes the folder with everything in it.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
