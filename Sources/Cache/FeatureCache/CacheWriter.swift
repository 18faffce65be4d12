import CXXHash
import Days
import Files
import Foundation

/// A writer of one cache file, block by block, under a temporary name; the file gets its own name only when it is
/// complete and on disk. Memory: one block and the dictionaries.
public final class CacheWriter {
    private let folder: String
    private let name: String
    private let file: StagedFile
    private let layout: BlockLayout
    private let blockRows: Int
    private var index: CacheIndex
    private var dictionaries: WrittenDictionaries
    private var pending: SparseBatch
    private var offset = 0
    private let countPlain: (Int, [UInt32]) -> Void
    private var temporaryPath: String { file.temporaryPath }

    /// - Parameters:
    ///   - folder: Created if missing.
    ///   - name: The beginning of the file's name; the checksum follows, so that builds with different contents coexist
    ///     until the manifest has chosen one: `part-0-1a2b3c4d5e6f7081.lz4`.
    ///   - countPlain: Called with a field and its ids for each block whose ids `counted` does not count.
    /// - Throws: `CacheError.system`.
    public init(
        folder: String, name: String, specificationHash: String, day: Day, part: Int, fields: [CacheField],
        numerics: [String],
        hasTruth: Bool, blockRows: Int = CacheWriter.defaultBlockRows,
        countPlain: @escaping (Int, [UInt32]) -> Void = { _, _ in }
    ) throws(CacheError) {
        self.folder = folder
        self.name = name
        self.blockRows = blockRows
        self.countPlain = countPlain
        dictionaries = WrittenDictionaries(columns: fields.count + numerics.count)
        layout = BlockLayout(fields: fields, numerics: numerics, hasTruth: hasTruth)
        index = CacheIndex(
            header: CacheHeader(
                formatVersion: CacheHeader.currentFormatVersion, specificationHash: specificationHash, day: day,
                part: part, rows: 0, clicks: 0, fields: fields,
                numerics: numerics.map { CacheNumeric(name: $0, count: 0, sum: 0, sumOfSquares: 0) },
                hasTruth: hasTruth), blocks: [])
        pending = SparseBatch.empty(fields: fields, numerics: numerics.count)
        do throws(FileError) {
            try Folders.make(folder)
            file = try StagedFile(in: folder, stem: name)
        } catch {
            throw CacheError(error)
        }
    }

    /// Rows per block: enough that new dictionary values are few, and few enough to shuffle by block.
    public static let defaultBlockRows = 65_536

    /// Appends rows; they are cut into blocks of `blockRows`.
    ///
    /// - Throws: `CacheError.columns` if the rows do not have the writer's columns, `.system`.
    public func append(_ batch: SparseBatch) throws(CacheError) {
        guard batch.fits(layout) else {
            throw .columns(path: temporaryPath, what: "rows with other columns than the file's were appended")
        }
        if pending.rows == 0, batch.rows == blockRows,
            batch.rows(from: 0, atMost: blockRows, ids: idsLeft) == blockRows
        {
            // A whole block needs no copy.
            return try write(batch)
        }
        var start = 0
        while start < batch.rows {
            let count = batch.rows(from: start, atMost: blockRows - pending.rows, ids: idsLeft)
            if count > 0 { pending.append(batch, rows: start..<start + count) }
            start += count
            if pending.rows == blockRows || count == 0 {
                guard pending.rows > 0 else {
                    throw .columns(
                        path: temporaryPath, what: "a row has more ids than the format's \(BlockLayout.mostIDs)")
                }
                try writeBlock()
            }
        }
    }

    /// The number of ids that the pending block can still take in its fullest field.
    private var idsLeft: Int {
        BlockLayout.mostIDs
            - pending.fields.reduce(0) { most, field in
                if case .multi(_, let ids) = field { max(most, ids.count) } else { most }
            }
    }

    /// Writes the rest and gives the file its name.
    public func finish() throws(CacheError) -> CacheFile {
        if pending.rows > 0 { try writeBlock() }
        try writeFrame(layout.encode(dictionaries), rows: 0)
        guard let (frame, checksum) = try? index.frame() else {
            throw .columns(path: temporaryPath, what: "its header cannot be written as JSON")
        }
        try write(frame)
        let final = "\(name)-\(CacheIndex.hex(checksum)).lz4"
        do throws(FileError) { try file.commit(as: final) } catch { throw CacheError(error) }
        return CacheFile(
            path: "\(folder)/\(final)", bytes: offset, rows: index.header.rows, clicks: index.header.clicks,
            checksum: CacheIndex.hex(checksum))
    }

    /// The ids of each field in all written blocks that went through its dictionary.
    public var counted: [WrittenIDs] {
        layout.fields.indices.map {
            WrittenIDs(ids: dictionaries.columns[$0].values, counts: dictionaries.columns[$0].counts)
        }
    }

    /// Moments of the numeric columns over all written blocks.
    public var numerics: [CacheNumeric] { index.header.numerics }

    /// Removes the unfinished file; harmless after `finish()`.
    public func abandon() { file.abandon() }

    private func writeBlock() throws(CacheError) {
        try write(pending)
        pending.removeAllRows()
    }

    private func write(_ block: SparseBatch) throws(CacheError) {
        try writeFrame(layout.encode(block, &dictionaries, plain: countPlain), rows: block.rows)
        index.header.rows += block.rows
        index.header.clicks += block.labels.reduce(0) { $0 + Int($1) }
        for (column, values) in block.numerics.enumerated() {
            var moments = index.header.numerics[column]
            for value in values where !value.isNaN {
                moments.count += 1
                moments.sum += Double(value)
                moments.sumOfSquares += Double(value) * Double(value)
            }
            index.header.numerics[column] = moments
        }
    }

    private func writeFrame(_ payload: [UInt8], rows: Int) throws(CacheError) {
        let frame: [UInt8]
        do throws(LZ4Error) {
            frame = try LZ4Frame.compress(payload)
        } catch {
            throw .columns(path: temporaryPath, what: "LZ4 refused a block: \(error.message)")
        }
        index.blocks.append(
            CacheIndex.Block(
                offset: offset, compressedBytes: frame.count, payloadBytes: payload.count, rows: rows,
                checksum: XXH64(frame, frame.count, 0)))
        try write(frame)
    }

    private func write(_ bytes: [UInt8]) throws(CacheError) {
        do throws(FileError) { try file.write(bytes) } catch { throw CacheError(error) }
        offset += bytes.count
    }
}

/// How often ids of a field were written: `counts[n]` times `ids[n]`.
public struct WrittenIDs: Sendable {
    public let ids: [UInt32]
    public let counts: [UInt32]
}

extension CacheError {
    /// Creates the error that `errno` holds now.
    static func system(path: String, call: String) -> CacheError {
        .system(path: path, call: call, errno: errno, message: String(cString: strerror(errno)))
    }

    init(_ error: FileError) {
        self = .system(path: error.path, call: error.call, errno: error.code, message: error.reason)
    }
}
