import Days
import FeatureCache

/// What `rocket cache inspect` tells of a file.
public struct CacheFileReport: Encodable, Sendable {
    public var path: String
    public var formatVersion: Int
    public var specificationHash: String
    public var day: Day
    public var part: Int
    public var rows: Int
    public var clicks: Int
    public var checksum: String
    /// Bytes of the columns before LZ4, and of the blocks after it.
    public var payloadBytes: Int
    public var compressedBytes: Int
    public var blocks: [Block]
    public var columns: [Column]

    public struct Block: Encodable, Sendable {
        public var offset: Int
        public var compressedBytes: Int
        public var payloadBytes: Int
        public var rows: Int

        enum CodingKeys: String, CodingKey {
            case offset, rows
            case compressedBytes = "compressed_bytes"
            case payloadBytes = "payload_bytes"
        }
    }

    public struct Column: Encodable, Sendable {
        public var name: String
        public var bytes: Int
        public var fewestBits: Int
        public var mostBits: Int
        public var dictionaryBlocks: Int

        enum CodingKeys: String, CodingKey {
            case name, bytes
            case fewestBits = "fewest_bits"
            case mostBits = "most_bits"
            case dictionaryBlocks = "dictionary_blocks"
        }
    }

    enum CodingKeys: String, CodingKey {
        case path, day, part, rows, clicks, checksum, blocks, columns
        case formatVersion = "format_version"
        case specificationHash = "specification_hash"
        case payloadBytes = "payload_bytes"
        case compressedBytes = "compressed_bytes"
    }
}

/// Reads a cache file whole: header, index, and every column of every block.
///
/// - Throws: `CacheError` naming what is wrong with it.
public func inspectCacheFile(_ path: String) throws -> CacheFileReport {
    let reader = try CacheReader(path: path)
    let blocks = reader.blockSizes.map {
        CacheFileReport.Block(
            offset: $0.offset, compressedBytes: $0.compressedBytes, payloadBytes: $0.payloadBytes, rows: $0.rows)
    }
    return CacheFileReport(
        path: path, formatVersion: reader.header.formatVersion, specificationHash: reader.header.specificationHash,
        day: reader.header.day, part: reader.header.part, rows: reader.header.rows, clicks: reader.header.clicks,
        checksum: reader.checksum, payloadBytes: blocks.reduce(0) { $0 + $1.payloadBytes },
        compressedBytes: blocks.reduce(0) { $0 + $1.compressedBytes }, blocks: blocks,
        columns: try reader.columnSizes().map {
            CacheFileReport.Column(
                name: $0.name, bytes: $0.bytes, fewestBits: $0.bits.lowerBound, mostBits: $0.bits.upperBound,
                dictionaryBlocks: $0.dictionaryBlocks)
        })
}

/// Decompresses and decodes every block of a file and counts what its header claims.
///
/// - Throws: `CacheError` naming what is wrong with it.
public func verifyCacheFile(_ path: String) throws {
    try CacheReader(path: path).verify()
}
