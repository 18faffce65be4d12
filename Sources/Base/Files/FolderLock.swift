import Foundation

/// A folder that one process at a time works in, if all of them ask here.
public enum FolderLock {
    /// Does something in a folder that no other process may do at the same time. Network file systems that lock no
    /// folders let everybody in.
    ///
    /// - Parameter waiting: Is called once if another process is in the folder, before that one is waited for.
    /// - Throws: `FileError` if the folder cannot be opened, and what the body throws.
    public static func holding<Result>(
        _ folder: String, waiting: () -> Void, _ body: () throws -> Result
    ) throws -> Result {
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError.system(folder, "open") }
        // The kernel unlocks with it, also where the process is killed.
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            waiting()
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        }
        return try body()
    }
}
