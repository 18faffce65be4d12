import Foundation

/// A temporary file that is unlinked as soon as it is open: the system takes its blocks back when the process ends,
/// however it does. May be read from several threads at once (`pread`).
final class ScratchFile: Sendable {
    private let descriptor: Int32
    private let folder: String

    init(in folder: String) throws(EvaluationError) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .scratch(folder: folder, call: "mkdir", reason: error.localizedDescription)
        }
        // Unique over all machines that share the folder.
        let path = "\(folder)/scratch-\(UUID().uuidString.lowercased()).tmp"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .scratch(folder: folder, call: "open") }
        guard unlink(path) == 0 else { throw .scratch(folder: folder, call: "unlink") }
    }

    deinit { close(descriptor) }

    /// Writes elements as they lie in memory, the first as the file's number `index`.
    func write<Element: BitwiseCopyable>(_ elements: [Element], at index: Int) throws(EvaluationError) {
        var written = 0
        let bytes = elements.count * MemoryLayout<Element>.stride
        let start = index * MemoryLayout<Element>.stride
        while written < bytes {
            let count = elements.withUnsafeBytes { elements in
                pwrite(
                    descriptor, elements.baseAddress.map { $0 + written }, bytes - written, off_t(start + written))
            }
            if count < 0, errno != EINTR { throw .scratch(folder: folder, call: "write") }
            written += max(0, count)
        }
    }

    /// Reads elements by their numbers.
    func read<Element: BitwiseCopyable>(_ range: Range<Int>) throws(EvaluationError) -> [Element] {
        var failure: EvaluationError?
        let elements = [Element](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(EvaluationError) {
                let bytes = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]))
                try fill(bytes, from: range.lowerBound * MemoryLayout<Element>.stride)
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return elements
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer, from start: Int) throws(EvaluationError) {
        var got = 0
        while got < bytes.count {
            let count = pread(
                descriptor, bytes.baseAddress.map { $0 + got }, bytes.count - got, off_t(start + got))
            if count < 0, errno != EINTR { throw .scratch(folder: folder, call: "read") }
            guard count != 0 else { throw .scratch(folder: folder, call: "read", reason: "the file ends too early") }
            got += max(0, count)
        }
    }
}

extension EvaluationError {
    /// The error that `errno` holds now.
    fileprivate static func scratch(folder: String, call: String) -> EvaluationError {
        .scratch(folder: folder, call: call, reason: String(cString: strerror(errno)))
    }
}
