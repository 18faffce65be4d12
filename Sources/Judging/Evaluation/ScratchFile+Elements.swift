import Files

extension ScratchFile {
    /// A new one in a folder, which is made if it is not there.
    static func make(in folder: String) throws(EvaluationError) -> ScratchFile {
        do throws(FileError) {
            return try ScratchFile(in: folder)
        } catch {
            throw .scratch(error, folder: folder)
        }
    }

    /// Writes elements as they lie in memory, the first as the file's number `index`.
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

    /// Reads elements by their numbers.
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
