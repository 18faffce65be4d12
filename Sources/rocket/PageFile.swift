import Foundation
import Jobs

/// A file that is there whole or as it was before.
struct PageFile {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// Writes a temporary file beside it, flushes it and gives it the name.
    ///
    /// - Throws: `JobError.cannotWrite`.
    func replace(with text: String) throws {
        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw JobError.cannotWrite(path: path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
            guard rename(temporary, path) == 0 else { throw JobError.cannotWrite(path: path) }
        } catch {
            unlink(temporary)
            throw JobError.cannotWrite(path: path)
        }
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }
}
