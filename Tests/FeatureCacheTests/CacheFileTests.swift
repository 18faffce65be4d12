import CounterRandom
import Days
import FeatureCache
import Foundation
import TestSupport
import Testing

@Suite struct CacheFileTests {
    static let fields = [
        CacheField(name: "user", rowsInTable: 1_000, multiValued: false),
        CacheField(name: "tags", rowsInTable: 50, multiValued: true),
    ]

    static func batch(rows: Int, seed: UInt64, truth: Bool = true) -> SparseBatch {
        var random = CounterRandom(seed: seed)
        func below(_ count: UInt32) -> UInt32 { UInt32(random.next() % UInt64(count)) }
        var offsets: [UInt32] = [0]
        var ids: [UInt32] = []
        for _ in 0..<rows {
            for _ in 0..<below(4) { ids.append(below(50)) }
            offsets.append(UInt32(ids.count))
        }
        return SparseBatch(
            labels: (0..<rows).map { _ in UInt8(below(2)) }, groups: (0..<rows).map { _ in random.next() },
            truth: truth ? (0..<rows).map { _ in Float(random.uniform()) } : [],
            fields: [.single((0..<rows).map { _ in below(1_000) }), .multi(offsets: offsets, ids: ids)],
            numerics: [(0..<rows).map { _ in Float(below(100)) }])
    }

    static func write(_ batches: [SparseBatch], to path: String, truth: Bool = true) throws -> CacheFile {
        let writer = try CacheWriter(
            path: path, specificationHash: "abc", day: Day(ordinal: 20_000), part: 0, fields: fields,
            numerics: ["price"], hasTruth: truth, blockRows: 100)
        for batch in batches { try writer.append(batch) }
        return try writer.finish()
    }

    @Test("What was written is read back, however it was cut into batches")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let whole = Self.batch(rows: 1_234, seed: 1)
            let file = try Self.write([whole], to: "\(folder)/a.lz4")
            #expect(file.rows == 1_234)
            let reader = try CacheReader(path: file.path, expecting: "abc")
            #expect(reader.blockCount == 13 && reader.checksum == file.checksum)
            var read = try reader.block(0)
            for block in 1..<reader.blockCount { read.append(try reader.block(block)) }
            #expect(read == whole)
            try reader.verify()
            let pieces = [Array(0..<7), Array(7..<1_200), Array(1_200..<1_234)].map { whole.selecting(rows: $0) }
            let again = try Self.write(pieces, to: "\(folder)/b.lz4")
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: again.path))
                    == Data(contentsOf: URL(fileURLWithPath: file.path)))
        }
    }

    @Test("A missing number stays missing and does not count in the moments")
    func missingNumbers() throws {
        try withTemporaryFolder { folder in
            var batch = Self.batch(rows: 3, seed: 2)
            batch.numerics[0] = [1, .nan, 3]
            let reader = try CacheReader(path: try Self.write([batch], to: "\(folder)/a.lz4").path)
            #expect(reader.header.numerics[0].count == 2)
            #expect(reader.header.numerics[0].sum == 4 && reader.header.numerics[0].sumOfSquares == 10)
            #expect(try reader.block(0).numerics[0][1].isNaN)
        }
    }

    @Test("A day without rows is a valid file")
    func empty() throws {
        try withTemporaryFolder { folder in
            let reader = try CacheReader(path: try Self.write([], to: "\(folder)/a.lz4").path)
            #expect(reader.blockCount == 0 && reader.header.rows == 0)
            try reader.verify()
        }
    }

    @Test("The lz4 tool verifies the file and prints the blocks' payloads, labels first")
    func tool() throws {
        try withTemporaryFolder { folder in
            let batch = Self.batch(rows: 90, seed: 3)
            let file = try Self.write([batch], to: "\(folder)/a.lz4")
            func lz4(_ arguments: [String]) throws -> (code: Int32, output: Data) {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = ["lz4"] + arguments + [file.path]
                let output = Pipe()
                process.standardOutput = output
                try process.run()
                let bytes = output.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                return (process.terminationStatus, bytes)
            }
            #expect(try lz4(["-tq"]).code == 0)
            let payload = try lz4(["-dcq"])
            #expect(payload.code == 0 && Array(payload.output.prefix(90)) == batch.labels)
        }
    }

    @Test("An abandoned file leaves nothing behind")
    func abandon() throws {
        try withTemporaryFolder { folder in
            let writer = try CacheWriter(
                path: "\(folder)/a.lz4", specificationHash: "", day: Day(ordinal: 0), part: 0, fields: Self.fields,
                numerics: ["price"], hasTruth: true)
            try writer.append(Self.batch(rows: 10, seed: 4))
            writer.abandon()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("Each kind of damage has its own error")
    func damage() throws {
        try withTemporaryFolder { folder in
            let path = try Self.write([Self.batch(rows: 250, seed: 5)], to: "\(folder)/a.lz4").path
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            func error(_ change: (inout Data) -> Void, hash: String = "abc") throws -> CacheError? {
                var bytes = good
                change(&bytes)
                try bytes.write(to: URL(fileURLWithPath: path))
                do throws(CacheError) {
                    try CacheReader(path: path, expecting: hash).verify()
                    return nil
                } catch {
                    return error
                }
            }
            guard case .truncated = try error({ $0.removeLast(3) }) else {
                Issue.record("cut")
                return
            }
            guard case .blockChecksum(_, 0, _, _) = try error({ $0[20] ^= 1 }) else {
                Issue.record("flip")
                return
            }
            guard case .headerChecksum = try error({ $0[$0.count - 60] ^= 1 }) else {
                Issue.record("index")
                return
            }
            guard case .specification = try error({ _ in }, hash: "other") else {
                Issue.record("hash")
                return
            }
            let undamaged = try error({ _ in })
            #expect(undamaged == nil)
        }
    }

    @Test("2,000 random mutations give an error of the module or the right rows")
    func fuzz() throws {
        try withTemporaryFolder { folder in
            let whole = Self.batch(rows: 220, seed: 6)
            let path = try Self.write([whole], to: "\(folder)/a.lz4").path
            let good = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            var random = CounterRandom(seed: 7)
            func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
            for _ in 0..<2_000 {
                var bytes = good
                switch below(4) {
                case 0: bytes[below(bytes.count)] ^= UInt8(1 << below(8))
                case 1: bytes.removeLast(below(bytes.count))
                case 2: for _ in 0..<4 { bytes[bytes.count - 1 - below(120)] = UInt8(below(256)) }
                default:
                    let (from, length) = (below(bytes.count), below(64))
                    bytes.replaceSubrange(from..<min(bytes.count, from + length), with: bytes.prefix(below(64)))
                }
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                do throws(CacheError) {
                    let reader = try CacheReader(path: path)
                    var read = try reader.block(0)
                    for block in 1..<reader.blockCount { read.append(try reader.block(block)) }
                    #expect(read == whole)
                } catch {
                    #expect("\(error)".contains(path))
                }
            }
        }
    }
}
