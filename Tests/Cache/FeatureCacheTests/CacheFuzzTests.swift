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
                // In the header a digit: counts, sizes of tables, the day.
                parts.deface(with: good[1], &random) { header, random in
                    func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
                    let digits = header.indices.filter { (48...57).contains(header[$0]) }
                    header[digits[below(digits.count)]] = UInt8(48 + below(10))
                    if below(3) == 0 { header.insert(UInt8(ascii: "9"), at: digits[below(digits.count)]) }
                }
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
