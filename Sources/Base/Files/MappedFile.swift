import Foundation

/// A file's bytes in the address space, read by the system when they are touched: they take none of the process's own
/// memory. The file must not shrink while it is mapped; this program only replaces files, or has them without a name.
public final class MappedFile: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer

    /// Maps all of a file; links and anything that is no file are refused.
    ///
    /// - Returns: Nil if nothing has that name.
    /// - Throws: `FileError`.
    public convenience init?(_ path: String) throws(FileError) {
        guard let file = try RegularFile(path) else { return nil }
        try self.init(descriptor: file.descriptor, count: file.size, path: path)
    }

    /// - Parameter path: For messages.
    init(descriptor: Int32, count: Int, path: String) throws(FileError) {
        // There is no mapping of no bytes.
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            throw .system(path, "mmap")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}

extension ScratchFile {
    /// Maps the first bytes, which must have been written.
    public func mapped(count: Int) throws(FileError) -> MappedFile {
        try MappedFile(descriptor: descriptor, count: count, path: folder)
    }
}
