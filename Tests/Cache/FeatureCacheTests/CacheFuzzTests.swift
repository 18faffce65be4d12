import CLZ4
import CXXHash
import CounterRandom
import FeatureCache
import Foundation
import TestSupport
import Testing

/// Damaged and hostile files: every one ends in an error of the module or in rows, never in a crash. The long form is
/// `ROCKET_FUZZ_RUNS=10000 jobs/test --filter CacheFuzz`.
@Suite struct CacheFuzzTests {
    static let runs = ProcessInfo.processInfo.environment["ROCKET_FUZZ_RUNS"].flatMap { Int($0) } ?? 2_000

    @Test("Random damage gives an error of the module or the right rows")
    func damage() throws {
        try withTemporaryFolder { folder in
            let whole = CacheFileTests.batch(rows: 220, seed: 6)
            let path = try CacheFileTests.write([whole], to: folder).path
            let good = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            var random = CounterRandom(seed: 7)
            for _ in 0..<Self.runs {
                try Data(Self.damaged(good, &random)).write(to: URL(fileURLWithPath: path))
                do throws(CacheError) {
                    #expect(try Self.read(path) == whole)
                } catch {
                    #expect("\(error)".contains(path))
                }
            }
        }
    }

    @Test("Files with right checksums over wrong contents give an error of the module or some rows")
    func hostile() throws {
        try withTemporaryFolder { folder in
            let first = try CacheFileTests.write([CacheFileTests.batch(rows: 220, seed: 1)], to: "\(folder)/a").path
            let second = try CacheFileTests.write([CacheFileTests.batch(rows: 333, seed: 2)], to: "\(folder)/b").path
            let good = [
                CacheParts(Array(try Data(contentsOf: URL(fileURLWithPath: first)))),
                CacheParts(Array(try Data(contentsOf: URL(fileURLWithPath: second)))),
            ]
            var random = CounterRandom(seed: 8)
            var refused = 0
            for _ in 0..<Self.runs {
                var parts = good[0]
                parts.deface(with: good[1], &random)
                try Data(parts.signed).write(to: URL(fileURLWithPath: first))
                do throws(CacheError) {
                    _ = try Self.read(first)
                } catch {
                    refused += 1
                    #expect("\(error)".contains(first))
                }
            }
            #expect(refused > Self.runs / 4)
            // The parts themselves are read right.
            try Data(good[0].signed).write(to: URL(fileURLWithPath: first))
            try CacheReader(path: first).verify()
        }
    }

    static func read(_ path: String) throws(CacheError) -> SparseBatch {
        let reader = try CacheReader(path: path)
        guard reader.blockCount > 0 else { return SparseBatch() }
        var read = try reader.block(0)
        for block in 1..<reader.blockCount { read.append(try reader.block(block)) }
        return read
    }

    private static func damaged(_ good: [UInt8], _ random: inout CounterRandom) -> [UInt8] {
        var bytes = good
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        switch below(4) {
        case 0: bytes[below(bytes.count)] ^= UInt8(1 << below(8))
        case 1: bytes.removeLast(below(bytes.count))
        case 2: for _ in 0..<4 { bytes[bytes.count - 1 - below(120)] = UInt8(below(256)) }
        default:
            let (from, length) = (below(bytes.count), below(64))
            bytes.replaceSubrange(from..<min(bytes.count, from + length), with: bytes.prefix(below(64)))
        }
        return bytes
    }
}

/// A cache file taken apart as the page CacheFileFormat describes it, and put together again with right checksums.
private struct CacheParts {
    var header: [UInt8]
    var frames: [(payload: [UInt8], rows: UInt64, claimedBytes: UInt64?)] = []

    init(_ file: [UInt8]) {
        func number(_ offset: Int, _ bytes: Int) -> Int {
            (0..<bytes).reversed().reduce(0) { $0 << 8 | Int(file[offset + $1]) }
        }
        let headerBytes = number(file.count - 24, 4)
        let blocks = number(file.count - 20, 4)
        let start = file.count - 24 - 40 * blocks - headerBytes
        header = Array(file[start..<start + headerBytes])
        for block in 0..<blocks {
            let entry = start + headerBytes + 40 * block
            let (offset, size) = (number(entry, 8), number(entry + 8, 8))
            let payload = Self.decompress(Array(file[offset..<offset + size]), number(entry + 16, 8))
            frames.append((payload, UInt64(number(entry + 24, 8)), nil))
        }
    }

    /// Changes something that the checksums would hide.
    mutating func deface(with other: CacheParts, _ random: inout CounterRandom) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let frame = below(frames.count)
        switch below(6) {
        case 0:
            // A payload byte, often of a column's head.
            if !frames[frame].payload.isEmpty {
                frames[frame].payload[below(min(frames[frame].payload.count, 400))] = UInt8(below(256))
            }
        case 1: frames[frame].payload.removeLast(below(frames[frame].payload.count + 1))
        case 2: frames[frame] = other.frames[below(other.frames.count)]
        case 3:
            frames[frame].rows = [0, 1, 1 << 20, 1 << 32, 1 << 62, .max, frames[frame].rows + 1][below(7)]
        case 4: frames[frame].claimedBytes = [0, 1 << 20, 1 << 31, 1 << 40, .max][below(5)]
        default:
            // A digit of the header: counts, sizes of tables, the day.
            let digits = header.indices.filter { (48...57).contains(header[$0]) }
            header[digits[below(digits.count)]] = UInt8(48 + below(10))
            if below(3) == 0 { header.insert(UInt8(ascii: "9"), at: digits[below(digits.count)]) }
        }
    }

    var signed: [UInt8] {
        func little(_ value: UInt64, _ bytes: Int) -> [UInt8] {
            (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        var file: [UInt8] = []
        var index: [UInt8] = []
        for frame in frames {
            let bytes = Self.compress(frame.payload)
            index += little(UInt64(file.count), 8) + little(UInt64(bytes.count), 8)
            index += little(frame.claimedBytes ?? UInt64(frame.payload.count), 8) + little(frame.rows, 8)
            index += little(XXH64(bytes, bytes.count, 0), 8)
            file += bytes
        }
        let content = header + index
        file += little(0x184D_2A5E, 4) + little(UInt64(content.count + 24), 4) + content
        file += little(UInt64(header.count), 4) + little(UInt64(frames.count), 4)
        return file + little(XXH64(content, content.count, 0), 8) + Array("ROCKETC1".utf8)
    }

    private static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(bytes.count)
        var frame = [UInt8](repeating: 0, count: LZ4F_compressFrameBound(bytes.count, &preferences))
        let size = LZ4F_compressFrame(&frame, frame.count, bytes, bytes.count, &preferences)
        return Array(frame.prefix(size))
    }

    private static func decompress(_ frame: [UInt8], _ size: Int) -> [UInt8] {
        var context: OpaquePointer?
        LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        defer { LZ4F_freeDecompressionContext(context) }
        var bytes = [UInt8](repeating: 0, count: size)
        var (read, written) = (frame.count, size)
        LZ4F_decompress(context, &bytes, &written, frame, &read, nil)
        return bytes
    }
}
