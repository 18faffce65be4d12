import Files

extension ScratchFile {
    /// Creates a scratch file in a folder, which is created if missing.
    static func make(in folder: String) throws(EvaluationError) -> ScratchFile {
        do throws(FileError) {
            return try ScratchFile(in: folder)
        } catch {
            throw .scratch(error, folder: folder)
        }
    }

    /// Writes elements as they lie in memory, starting at element `index` of the file.
    func write<Element: BitwiseCopyable>(_ elements: [Element], at index: Int) throws(EvaluationError) {
        var failure: FileError?
        elements.withUnsafeBytes { bytes in
            do throws(FileError) {
                try write(bytes, at: index * MemoryLayout<Element>.stride)
            } catch {
                failure = error
            }
        }
        if let failure { throw .scratch(failure, folder: failure.path) }
    }

    /// Reads a range of elements.
    func read<Element: BitwiseCopyable>(_ range: Range<Int>) throws(EvaluationError) -> [Element] {
        var failure: FileError?
        let elements = [Element](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(FileError) {
                let bytes = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]))
                try read(bytes, at: range.lowerBound * MemoryLayout<Element>.stride)
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw .scratch(failure, folder: failure.path) }
        return elements
    }
}

extension EvaluationError {
    fileprivate static func scratch(_ error: FileError, folder: String) -> EvaluationError {
        .scratch(folder: folder, call: error.call, reason: error.reason)
    }
}
