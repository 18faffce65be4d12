import CXXHash
import Days
import Files
import Foundation

/// A finished file of a day's counts by one key.
///
/// Format: counts in ascending order of their hashes, 16 bytes each (hash, impressions and clicks as little-endian 64-,
/// 32- and 32-bit numbers), then a trailer of 56 bytes: number of counts, impressions, clicks, day (days since
/// 1970-01-01) and which key it is as 64-bit numbers, the checksum, and `ROCKETK1`. The checksum is XXH64 over the
/// XXH64s of each 65,536 counts and the five numbers before it.
public struct CountsFile: Codable, Equatable, Sendable {
    public var path: String
    public var bytes: Int
    public var keys: Int
    public var impressions: Int
    public var clicks: Int
    /// Hexadecimal.
    public var checksum: String

    /// Bytes after the counts.
    static let trailerBytes = 56
    /// The last eight bytes of every file.
    public static let magic = Array("ROCKETK1".utf8)
    private static let countsInChunk = 65_536

    /// Writes the sums of sorted runs as a file whose name ends with its checksum, so that files with different
    /// contents coexist.
    ///
    /// - Parameters:
    ///   - folder: Created if missing.
    ///   - name: The beginning of the file's name.
    ///   - key: SHA-256 in hexadecimal of what the counts depend on.
    /// - Throws: `FileError`.
    public static func write(
        _ runs: [SortedCounts], in folder: String, name: String, key: String, day: Day
    ) throws(FileError) -> CountsFile {
        try Folders.make(folder)
        let file = try StagedFile(in: folder, stem: name)
        var chunk: [UInt8] = []
        chunk.reserveCapacity(countsInChunk * KeyCount.bytes)
        var hashes: [UInt64] = []
        var (keys, impressions, clicks) = (0, 0, 0)
        func flush() throws(FileError) {
            hashes.append(XXH64(chunk, chunk.count, 0).littleEndian)
            try file.write(chunk)
            chunk.removeAll(keepingCapacity: true)
        }
        let merge = CountsMerge(runs, weights: runs.map { _ in [1] })
        try merge.visit { (hash, sums) throws(FileError) in
            let count = KeyCount(
                hash: hash.littleEndian, impressions: UInt32(min(sums[0], Double(UInt32.max))).littleEndian,
                clicks: UInt32(min(sums[1], Double(UInt32.max))).littleEndian)
            keys += 1
            impressions += Int(count.impressions)
            clicks += Int(count.clicks)
            withUnsafeBytes(of: count) { chunk.append(contentsOf: $0) }
            if chunk.count >= countsInChunk * KeyCount.bytes { try flush() }
        }
        if !chunk.isEmpty { try flush() }
        let numbers = trailer(keys: keys, impressions: impressions, clicks: clicks, day: day, key: key)
        let sum = checksum(hashes, numbers)
        try file.write((numbers + [sum.littleEndian]).withUnsafeBytes { Array($0) } + magic)
        let hex = hex(sum)
        try file.commit(as: "\(name)-\(hex).counts")
        return CountsFile(
            path: "\(folder)/\(name)-\(hex).counts", bytes: keys * KeyCount.bytes + trailerBytes, keys: keys,
            impressions: impressions, clicks: clicks, checksum: hex)
    }

    /// Opens a file and checks all of it. O(keys), at the speed of memory.
    ///
    /// - Returns: The counts; nil if the file is missing, damaged, or not the expected one.
    public static func open(_ path: String, key: String, day: Day, checksum expected: String) -> SortedCounts? {
        guard let file = try? MappedFile(path), file.bytes.count >= trailerBytes,
            (file.bytes.count - trailerBytes) % KeyCount.bytes == 0
        else { return nil }
        let count = (file.bytes.count - trailerBytes) / KeyCount.bytes
        let counts = SortedCounts(file, count: count)
        let trailer = UnsafeRawBufferPointer(rebasing: file.bytes[(count * KeyCount.bytes)...])
        guard trailer.suffix(magic.count).elementsEqual(magic) else { return nil }
        let numbers = (0..<5).map { trailer.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
        let sums = (
            Int(truncatingIfNeeded: UInt64(littleEndian: numbers[1])),
            Int(truncatingIfNeeded: UInt64(littleEndian: numbers[2]))
        )
        guard numbers == self.trailer(keys: count, impressions: sums.0, clicks: sums.1, day: day, key: key) else {
            return nil
        }
        let hashes = stride(from: 0, to: count, by: countsInChunk).map { start in
            let end = min(start + countsInChunk, count)
            let bytes = file.bytes[(start * KeyCount.bytes)..<(end * KeyCount.bytes)]
            return XXH64(UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count, 0).littleEndian
        }
        let sum = checksum(hashes, numbers)
        let stored = UInt64(littleEndian: trailer.loadUnaligned(fromByteOffset: 40, as: UInt64.self))
        guard stored == sum, hex(sum) == expected else { return nil }
        return counts
    }

    private static func trailer(keys: Int, impressions: Int, clicks: Int, day: Day, key: String) -> [UInt64] {
        let numbers = [keys, impressions, clicks, day.ordinal].map { UInt64(bitPattern: Int64($0)) }
        return (numbers + [UInt64(key.prefix(16), radix: 16) ?? 0]).map(\.littleEndian)
    }

    private static func checksum(_ hashes: [UInt64], _ numbers: [UInt64]) -> UInt64 {
        (hashes + numbers).withUnsafeBytes { XXH64($0.baseAddress, $0.count, 0) }
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension FileMark {
    /// Files of counts: `counts-<checksum>.counts`, `shard-3-<checksum>.counts` of a build that was not finished, and
    /// either with the name of an unfinished file.
    public static let countsFile = FileMark(
        name: { isCounts($0) || FileName.isTemporary($0) { $0.wholeMatch(of: /counts|shard-[0-9]+/) != nil } },
        content: { name, file in
            guard isCounts(name) else { return true }
            return try file.bytes(at: file.size - 8, count: 8) == CountsFile.magic
        })

    private static func isCounts(_ name: String) -> Bool {
        name.wholeMatch(of: /(counts|shard-[0-9]+)-[0-9a-f]{16}\.counts/) != nil
    }
}
