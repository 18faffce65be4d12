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
        guard descriptor >= 0 else { throw failure }
        do {
            try write(text, to: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
            guard rename(temporary, path) == 0 else { throw failure }
        } catch {
            unlink(temporary)
            throw error
        }
        flushFolder()
    }

    private func write(_ text: String, to file: FileHandle) throws {
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            throw JobError.cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// So that the name outlives a power cut, too.
    private func flushFolder() {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// What the last system call said.
    private var failure: JobError { .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
}
