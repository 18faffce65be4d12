import CXXHash
import Foundation

/// A reader of one cache file. Opening reads trailer, header and index; a block is read, checked and decoded on demand.
/// Several threads may use it at once (`pread`).
public final class CacheReader: Sendable {
    public let header: CacheHeader
    /// The file's checksum, as in `CacheFile.checksum`.
    public let checksum: String
    private let path: String
    private let blocks: [CacheIndex.Block]
    private let layout: BlockLayout
    private let dictionaries: ReadDictionaries
    private let descriptor: Int32

    /// - Throws: `CacheError`: `.system`, `.notAFile`, `.truncated`, `.headerChecksum`, `.header`, `.formatVersion`.
    public init(path: String) throws(CacheError) {
        // Without O_NONBLOCK, a pipe of that name would be waited for.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path: path, call: "open") }
        do throws(CacheError) {
            let (index, checksum) = try Self.readIndex(descriptor, path)
            header = index.header
            layout = BlockLayout(
                fields: header.fields, numerics: header.numerics.map(\.name), hasTruth: header.hasTruth)
            blocks = index.blocks.dropLast()
            self.checksum = CacheIndex.hex(checksum)
            let number = blocks.count
            let payload = try Self.payload(of: index.blocks[number], number, descriptor, path)
            do throws(LayoutError) {
                dictionaries = try layout.dictionaries(payload)
            } catch {
                throw .block(path: path, block: number, what: error.what)
            }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a file that must match a given specification.
    ///
    /// - Throws: As `init(path:)`, and `CacheError.specification`, which names the first column that differs.
    public convenience init(path: String, expecting expectation: CacheExpectation) throws(CacheError) {
        try self.init(path: path)
        guard header.specificationHash == expectation.specificationHash else {
            throw .specification(
                path: path, found: header.specificationHash, expected: expectation.specificationHash,
                difference: expectation.difference(from: header))
        }
    }

    deinit { close(descriptor) }

    public var blockCount: Int { blocks.count }
    /// The offset and size of each block, in the file and after LZ4.
    public var blockSizes: [(offset: Int, compressedBytes: Int, payloadBytes: Int, rows: Int)] {
        blocks.map { ($0.offset, $0.compressedBytes, $0.payloadBytes, $0.rows) }
    }

    /// Returns a block's rows, checked against its checksum and the header.
    public func block(_ number: Int) throws(CacheError) -> SparseBatch {
        try decoded(number).batch
    }

    /// Returns how a block's columns are stored in its payload.
    func columns(ofBlock number: Int) throws(CacheError) -> [StoredColumn] {
        try decoded(number).columns
    }

    private func decoded(_ number: Int) throws(CacheError) -> (batch: SparseBatch, columns: [StoredColumn]) {
        let payload = try Self.payload(of: blocks[number], number, descriptor, path)
        do throws(LayoutError) {
            return try layout.decode(payload, rows: blocks[number].rows, dictionaries)
        } catch {
            throw .block(path: path, block: number, what: error.what)
        }
    }

    /// Reads a frame and checks it against its checksum.
    private static func frame(
        of block: CacheIndex.Block, _ number: Int, _ descriptor: Int32, _ path: String
    ) throws(CacheError) -> [UInt8] {
        let frame = try read(descriptor, path, offset: block.offset, count: block.compressedBytes)
        let found = XXH64(frame, frame.count, 0)
        guard found == block.checksum else {
            throw .blockChecksum(
                path: path, block: number, found: CacheIndex.hex(found), expected: CacheIndex.hex(block.checksum))
        }
        return frame
    }

    /// Reads, checks and decompresses a frame.
    private static func payload(
        of block: CacheIndex.Block, _ number: Int, _ descriptor: Int32, _ path: String
    ) throws(CacheError) -> [UInt8] {
        let frame = try frame(of: block, number, descriptor, path)
        do throws(LZ4Error) {
            return try LZ4Frame.decompress(frame, size: block.payloadBytes)
        } catch {
            throw .block(path: path, block: number, what: "LZ4 says: \(error.message)")
        }
    }

    /// Checks every frame against its checksum, without decompressing it.
    public func verifyChecksums() throws(CacheError) {
        for (number, block) in blocks.enumerated() { _ = try Self.frame(of: block, number, descriptor, path) }
    }

    /// Decompresses and decodes every block, and checks the header's counts.
    public func verify() throws(CacheError) {
        var clicks = 0
        for number in blocks.indices { clicks += try block(number).labels.reduce(0) { $0 + Int($1) } }
        guard clicks == header.clicks else {
            throw .header(path: path, what: "it claims \(header.clicks) clicks, the blocks have \(clicks)")
        }
    }

    private static func readIndex(_ descriptor: Int32, _ path: String) throws(CacheError) -> (CacheIndex, UInt64) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path: path, call: "fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        let size = Int(status.st_size)
        let frameHead = 8
        guard size >= frameHead + CacheIndex.trailerBytes else { throw .truncated(path: path, bytes: size) }
        let trailer = try read(
            descriptor, path, offset: size - CacheIndex.trailerBytes, count: CacheIndex.trailerBytes)
        guard Array(trailer[16...]) == CacheIndex.trailerMagic else { throw .truncated(path: path, bytes: size) }
        let headerBytes = Int(trailer.littleEndian32(at: 0))
        let blockCount = Int(trailer.littleEndian32(at: 4))
        let contentBytes = headerBytes + blockCount * CacheIndex.entryBytes
        guard contentBytes + frameHead + CacheIndex.trailerBytes <= size else {
            throw .header(path: path, what: "header and index would take \(contentBytes) of the file's \(size) bytes")
        }
        let start = size - CacheIndex.trailerBytes - contentBytes - frameHead
        let bytes = try read(descriptor, path, offset: start, count: frameHead + contentBytes)
        guard bytes.littleEndian32(at: 0) == CacheIndex.frameMagic,
            Int(bytes.littleEndian32(at: 4)) == contentBytes + CacheIndex.trailerBytes
        else { throw .header(path: path, what: "no skippable frame begins before it") }
        let content = Array(bytes[frameHead...])
        let found = CacheIndex.checksum(content)
        let expected = trailer.littleEndian64(at: 8)
        guard found == expected else {
            throw .headerChecksum(path: path, found: CacheIndex.hex(found), expected: CacheIndex.hex(expected))
        }
        let index = try CacheIndex(
            content: content, headerBytes: headerBytes, blockCount: blockCount, dataBytes: start, path: path)
        return (index, found)
    }

    private static func read(
        _ descriptor: Int32, _ path: String, offset: Int, count: Int
    ) throws(CacheError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = 0
            while initialized < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + initialized }, count - initialized,
                    off_t(offset + initialized))
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    failed = got < 0
                    return
                }
                initialized += got
            }
        }
        if failed { throw .system(path: path, call: "read") }
        guard bytes.count == count else { throw .truncated(path: path, bytes: offset + bytes.count) }
        return bytes
    }
}
