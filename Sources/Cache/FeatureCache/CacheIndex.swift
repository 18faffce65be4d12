import CXXHash
import Foundation

/// The header, block index and trailer in the skippable frame at a file's end; the page CacheFileFormat has the table.
struct CacheIndex: Equatable {
    var header: CacheHeader
    /// The blocks of rows, then one without rows: the dictionaries.
    var blocks: [Block]

    struct Block: Equatable {
        /// The offset from the start of the file.
        var offset: Int
        var compressedBytes: Int
        var payloadBytes: Int
        var rows: Int
        /// XXH64 of the compressed bytes.
        var checksum: UInt64
    }

    private struct FormatVersion: Decodable {
        var formatVersion: Int
    }

    static let frameMagic: UInt32 = 0x184D_2A5E
    static let trailerMagic: [UInt8] = Array("ROCKETC1".utf8)
    static let entryBytes = 40
    static let trailerBytes = 24
    /// The format's limits: rows per block, values per block, bytes of its payload.
    static let mostRows = 1 << 20
    static let mostValues = 1 << 28
    static let mostPayloadBytes = 1 << 31

    /// XXH64 of header and index.
    static func checksum(_ bytes: [UInt8]) -> UInt64 { XXH64(bytes, bytes.count, 0) }

    static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Returns the skippable frame, and the checksum that stands for the whole file.
    func frame() throws -> (bytes: [UInt8], checksum: UInt64) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = try encoder.encode(header)
        var content = Array(json)
        for block in blocks {
            for number in [block.offset, block.compressedBytes, block.payloadBytes, block.rows] {
                content.append(UInt64(number))
            }
            content.append(block.checksum)
        }
        let checksum = Self.checksum(content)
        content.append(UInt32(json.count))
        content.append(UInt32(blocks.count))
        content.append(checksum)
        content += Self.trailerMagic
        var frame: [UInt8] = []
        frame.append(Self.frameMagic)
        frame.append(UInt32(content.count))
        return (frame + content, checksum)
    }

    /// Reads header and index from a trailer and the bytes before it.
    ///
    /// - Parameters:
    ///   - content: Header and index, without the trailer.
    ///   - dataBytes: The file's bytes before the skippable frame, which the blocks must fill exactly.
    init(content: [UInt8], headerBytes: Int, blockCount: Int, dataBytes: Int, path: String) throws(CacheError) {
        // The version is read separately: headers of other versions have other keys.
        let json = Data(content[..<headerBytes])
        if let version = try? JSONDecoder().decode(FormatVersion.self, from: json).formatVersion,
            version != CacheHeader.currentFormatVersion
        {
            throw .formatVersion(path: path, found: version, expected: CacheHeader.currentFormatVersion)
        }
        guard let header = try? JSONDecoder().decode(CacheHeader.self, from: json) else {
            throw .header(path: path, what: "it is not the JSON object that the page CacheFileFormat describes")
        }
        var blocks: [Block] = []
        var offset = headerBytes
        var expectedOffset = 0
        var rows = 0
        for number in 0..<blockCount {
            func next() throws(CacheError) -> Int {
                guard let value = Int(exactly: content.littleEndian64(at: offset)) else {
                    throw .header(path: path, what: "the index entry of block \(number) has a number over 2⁶³")
                }
                offset += 8
                return value
            }
            var block = Block(
                offset: try next(), compressedBytes: try next(), payloadBytes: try next(), rows: try next(),
                checksum: 0)
            block.checksum = content.littleEndian64(at: offset)
            offset += 8
            guard block.offset == expectedOffset, block.compressedBytes <= dataBytes - expectedOffset else {
                throw .header(path: path, what: "block \(number) does not begin where the one before it ends")
            }
            // LZ4 never expands by more than 255, so no count in a damaged file makes the reader allocate without
            // limit.
            guard block.payloadBytes / 255 <= block.compressedBytes, block.payloadBytes <= Self.mostPayloadBytes else {
                throw .header(path: path, what: "block \(number) claims more bytes than its frame can hold")
            }
            let isDictionary = number == blockCount - 1
            guard isDictionary ? block.rows == 0 : (1...Self.mostRows).contains(block.rows) else {
                throw .header(path: path, what: "block \(number) claims \(block.rows) rows")
            }
            // Constant columns take no bytes, so the number of bytes alone would not bound what they decode to.
            let columns = header.fields.count + header.numerics.count + 4
            guard block.rows * columns <= Self.mostValues else {
                throw .header(path: path, what: "block \(number) claims \(block.rows) rows of \(columns) columns")
            }
            expectedOffset += block.compressedBytes
            rows += block.rows
            blocks.append(block)
        }
        guard blockCount > 0 else { throw .header(path: path, what: "it has no dictionary frame") }
        guard expectedOffset == dataBytes else {
            throw .header(
                path: path, what: "the blocks end at byte \(expectedOffset), the index begins at \(dataBytes)")
        }
        if let contradiction = header.contradiction { throw .header(path: path, what: contradiction) }
        guard rows == header.rows, header.clicks >= 0, header.clicks <= rows else {
            throw .header(path: path, what: "it claims \(header.rows) rows, the blocks have \(rows)")
        }
        self.header = header
        self.blocks = blocks
    }

    init(header: CacheHeader, blocks: [Block]) {
        self.header = header
        self.blocks = blocks
    }
}

extension [UInt8] {
    /// Appends a number, little endian.
    mutating func append<Number: FixedWidthInteger>(_ number: Number) where Number: UnsignedInteger {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Reads a number; the caller has checked the bounds.
    func littleEndian64(at offset: Int) -> UInt64 {
        self[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func littleEndian32(at offset: Int) -> UInt32 {
        self[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
