import CXXHash
import Days
import Foundation

/// Writes one cache file, block by block, under a temporary name; the file appears under its own name only when it is
/// whole and on the disk. Memory: one block.
public final class CacheWriter {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private let layout: BlockLayout
    private let blockRows: Int
    private var index: CacheIndex
    private var pending: SparseBatch
    private var offset = 0
    private var isOpen = true

    /// - Throws: `CacheError.system`.
    public init(
        path: String, specificationHash: String, day: Day, part: Int, fields: [CacheField], numerics: [String],
        hasTruth: Bool, blockRows: Int = 16_384
    ) throws(CacheError) {
        self.path = path
        self.blockRows = blockRows
        layout = BlockLayout(fields: fields, numerics: numerics.count, hasTruth: hasTruth)
        index = CacheIndex(
            header: CacheHeader(
                formatVersion: CacheHeader.currentFormatVersion, specificationHash: specificationHash, day: day,
                part: part, rows: 0, clicks: 0, fields: fields,
                numerics: numerics.map { CacheNumeric(name: $0, count: 0, sum: 0, sumOfSquares: 0) },
                hasTruth: hasTruth), blocks: [])
        pending = SparseBatch.empty(fields: fields, numerics: numerics.count)
        temporaryPath = "\(path).\(getpid()).tmp"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path: temporaryPath, call: "open") }
    }

    deinit { abandon() }

    /// Appends rows; they are cut into blocks of `blockRows`.
    ///
    /// - Throws: `CacheError.columns` when the rows do not have the writer's columns, `.system`.
    public func append(_ batch: SparseBatch) throws(CacheError) {
        guard batch.fits(layout) else {
            throw .columns(path: path, what: "rows with other columns than the file's were appended")
        }
        var start = 0
        while start < batch.rows {
            let count = min(blockRows - pending.rows, batch.rows - start)
            pending.append(batch, rows: start..<start + count)
            start += count
            if pending.rows == blockRows { try writeBlock() }
        }
    }

    /// Writes the rest and makes the file appear.
    public func finish() throws(CacheError) -> CacheFile {
        if pending.rows > 0 { try writeBlock() }
        guard let (frame, checksum) = try? index.frame() else {
            throw .columns(path: path, what: "its header cannot be written as JSON")
        }
        try write(frame)
        guard fsync(descriptor) == 0 else { throw .system(path: temporaryPath, call: "fsync") }
        isOpen = false
        guard close(descriptor) == 0 else { throw .system(path: temporaryPath, call: "close") }
        guard rename(temporaryPath, path) == 0 else { throw .system(path: path, call: "rename") }
        try syncDirectory()
        return CacheFile(
            path: path, bytes: offset, rows: index.header.rows, clicks: index.header.clicks,
            checksum: CacheIndex.hex(checksum))
    }

    /// Removes what was written; harmless after `finish()`.
    public func abandon() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
        unlink(temporaryPath)
    }

    private func writeBlock() throws(CacheError) {
        let payload = layout.encode(pending)
        let frame: [UInt8]
        do throws(LZ4Error) {
            frame = try LZ4Frame.compress(payload)
        } catch {
            throw .columns(path: path, what: "LZ4 refused a block: \(error.message)")
        }
        index.blocks.append(
            CacheIndex.Block(
                offset: offset, compressedBytes: frame.count, payloadBytes: payload.count, rows: pending.rows,
                checksum: XXH64(frame, frame.count, 0)))
        try write(frame)
        index.header.rows += pending.rows
        index.header.clicks += pending.labels.reduce(0) { $0 + Int($1) }
        for (column, values) in pending.numerics.enumerated() {
            for value in values where !value.isNaN {
                index.header.numerics[column].count += 1
                index.header.numerics[column].sum += Double(value)
                index.header.numerics[column].sumOfSquares += Double(value) * Double(value)
            }
        }
        pending.removeAllRows()
    }

    private func write(_ bytes: [UInt8]) throws(CacheError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path: temporaryPath, call: "write")
            }
            written += count
        }
        offset += bytes.count
    }

    private func syncDirectory() throws(CacheError) {
        let folder = (path as NSString).deletingLastPathComponent
        let directory = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { throw .system(path: folder, call: "open") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system(path: folder, call: "fsync") }
    }
}

extension CacheError {
    /// The error that `errno` holds now.
    static func system(path: String, call: String) -> CacheError {
        .system(path: path, call: call, errno: errno, message: String(cString: strerror(errno)))
    }
}
