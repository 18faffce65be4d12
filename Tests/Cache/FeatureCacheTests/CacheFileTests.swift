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
            labels: (0..<rows).map { _ in UInt8(below(2)) }, keys: (0..<rows).map { _ in below(.max) },
            groups: (0..<rows).map { _ in random.next() },
            truth: truth ? (0..<rows).map { _ in Float(random.uniform()) } : [],
            fields: [.single((0..<rows).map { _ in below(1_000) }), .multi(offsets: offsets, ids: ids)],
            numerics: [(0..<rows).map { _ in Float(below(100)) }])
    }

    static let expectation = CacheExpectation(specificationHash: "abc", fields: fields, numerics: ["price"])

    static func write(
        _ batches: [SparseBatch], to folder: String, blockRows: Int = 100, truth: Bool = true
    ) throws -> CacheFile {
        let writer = try CacheWriter(
            folder: folder, name: "part-0", specificationHash: "abc", day: Day(ordinal: 20_000), part: 0,
            fields: fields,
            numerics: ["price"], hasTruth: truth, blockRows: blockRows)
        for batch in batches { try writer.append(batch) }
        return try writer.finish()
    }

    @Test("Every id that is written is counted: by its dictionary, or by whoever is told of it")
    func counts() throws {
        try withTemporaryFolder { folder in
            // Of the first field, the first block has few values, the second one, and the others too many.
            var random = CounterRandom(seed: 8)
            let few = (0..<100).map { UInt32($0 % 7) * 140 }
            let many = (0..<800).map { _ in UInt32(random.next() % 1_000) }
            let ids = few + [UInt32](repeating: 5, count: 100) + many
            var batch = Self.batch(rows: 1_000, seed: 4)
            batch.fields[0] = .single(ids)
            var plain = [[UInt32]](repeating: [], count: 2)
            var calls = [0, 0]
            let writer = try CacheWriter(
                folder: folder, name: "part-0", specificationHash: "abc", day: Day(ordinal: 20_000), part: 0,
                fields: Self.fields, numerics: ["price"], hasTruth: true, blockRows: 100
            ) { field, ids in
                plain[field] += ids
                calls[field] += 1
            }
            try writer.append(batch.selecting(rows: Array(0..<100)))
            try writer.append(batch.selecting(rows: Array(100..<1_000)))
            _ = try writer.finish()
            #expect(calls[0] > 0 && calls[0] < 10)
            for (field, counted) in writer.counted.enumerated() {
                var expected: [UInt32: UInt32] = [:]
                switch batch.fields[field] {
                case .single(let ids), .multi(_, let ids): for id in ids { expected[id, default: 0] += 1 }
                }
                var found = Dictionary(uniqueKeysWithValues: zip(counted.ids, counted.counts))
                for id in plain[field] { found[id, default: 0] += 1 }
                #expect(found == expected)
            }
        }
    }

    @Test("What was written is read back, however it was cut into batches")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let whole = Self.batch(rows: 1_234, seed: 1)
            let file = try Self.write([whole], to: "\(folder)/a")
            #expect(file.rows == 1_234)
            let reader = try CacheReader(path: file.path, expecting: Self.expectation)
            #expect(reader.blockCount == 13 && reader.checksum == file.checksum)
            var read = try reader.block(0)
            for block in 1..<reader.blockCount { read.append(try reader.block(block)) }
            #expect(read == whole)
            try reader.verify()
            let pieces = [Array(0..<7), Array(7..<1_200), Array(1_200..<1_234)].map { whole.selecting(rows: $0) }
            let again = try Self.write(pieces, to: "\(folder)/b")
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
            let reader = try CacheReader(path: try Self.write([batch], to: "\(folder)/a").path)
            #expect(reader.header.numerics[0].count == 2)
            #expect(reader.header.numerics[0].sum == 4 && reader.header.numerics[0].sumOfSquares == 10)
            #expect(try reader.block(0).numerics[0][1].isNaN)
        }
    }

    @Test("A day without rows is a valid file")
    func empty() throws {
        try withTemporaryFolder { folder in
            let reader = try CacheReader(path: try Self.write([], to: "\(folder)/a").path)
            #expect(reader.blockCount == 0 && reader.header.rows == 0)
            try reader.verify()
        }
    }

    @Test("The lz4 tool verifies the file and prints the documented bytes, labels first")
    func tool() throws {
        try withTemporaryFolder { folder in
            let batch = Self.batch(rows: 90, seed: 3)
            let file = try Self.write([batch], to: "\(folder)/a")
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
            // Coding 0, a width of one bit (or of whole bytes for runs), base 0, then the packed labels.
            let bytes = Array(payload.output)
            #expect(payload.code == 0 && bytes[0] == 0 && bytes[1] == 1 && bytes[2..<10].allSatisfy { $0 == 0 })
            #expect(batch.labels.indices.allSatisfy { bytes[10 + $0 / 8] >> ($0 % 8) & 1 == batch.labels[$0] })
        }
    }

    @Test("An abandoned file leaves nothing behind")
    func abandon() throws {
        try withTemporaryFolder { folder in
            let writer = try CacheWriter(
                folder: folder, name: "part-0", specificationHash: "", day: Day(ordinal: 0), part: 0,
                fields: Self.fields,
                numerics: ["price"], hasTruth: true)
            try writer.append(Self.batch(rows: 10, seed: 4))
            writer.abandon()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("Each kind of damage has its own error")
    func damage() throws {
        try withTemporaryFolder { folder in
            let path = try Self.write([Self.batch(rows: 250, seed: 5)], to: "\(folder)/a").path
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            func error(
                _ change: (inout Data) -> Void, expecting: CacheExpectation = Self.expectation
            ) throws -> CacheError? {
                var bytes = good
                change(&bytes)
                try bytes.write(to: URL(fileURLWithPath: path))
                do throws(CacheError) {
                    try CacheReader(path: path, expecting: expecting).verify()
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
            var other = Self.expectation
            other.specificationHash = "other"
            other.fields[1].rowsInTable = 70
            let difference = try error({ _ in }, expecting: other)
            #expect(difference?.description.contains("field ‘tags’ has 50 ids, expected 70") == true)
            let undamaged = try error({ _ in })
            #expect(undamaged == nil)
        }
    }

    @Test("Columns take the fewest bits, by way of a dictionary where values repeat")
    func widths() throws {
        try withTemporaryFolder { folder in
            let rows = 4_000
            var batch = Self.batch(rows: rows, seed: 8)
            let some: [UInt32] = [3, 700, 999, 12]
            batch.fields[0] = .single((0..<rows).map { some[$0 * 7 % 4] })
            batch.groups = [UInt64](repeating: 42, count: rows)
            batch.numerics[0] = (0..<rows).map { [0.5, 1.5, .nan][$0 * 5 % 3] }
            let path = try Self.write([batch], to: folder, blockRows: 1_000).path
            let reader = try CacheReader(path: path)
            let columns = Dictionary(uniqueKeysWithValues: try reader.columnSizes().map { ($0.name, $0) })
            #expect(columns["user"]?.bits == 2...2 && columns["user"]?.dictionaryBlocks == 4)
            #expect(columns["groups"]?.bits == 0...0)
            #expect(columns["price"]?.bits == 2...2)
            #expect(columns["labels"]?.bits == 1...1)
            var read = try reader.block(0)
            for block in 1..<reader.blockCount { read.append(try reader.block(block)) }
            #expect(read.fields == batch.fields && read.groups == batch.groups)
            #expect(read.numerics[0].map(\.bitPattern) == batch.numerics[0].map(\.bitPattern))
        }
    }

    @Test("Values of every width survive, the widest too")
    func extremes() throws {
        try withTemporaryFolder { folder in
            for bits in 1...28 {
                let field = CacheField(name: "id", rowsInTable: 1 << bits, multiValued: false)
                let writer = try CacheWriter(
                    folder: folder, name: "w\(bits)", specificationHash: "", day: Day(ordinal: 0), part: 0,
                    fields: [field], numerics: [], hasTruth: false)
                var random = CounterRandom(seed: UInt64(bits))
                let ids =
                    (0..<777).map { _ in UInt32(random.next() % (1 << UInt64(bits))) } + [UInt32(1 << bits) - 1, 0]
                let groups = ids.map { _ in random.next() } + []
                try writer.append(
                    SparseBatch(
                        labels: ids.map { UInt8($0 & 1) }, keys: ids.map { $0 &* 2_654_435_761 }, groups: groups,
                        fields: [.single(ids)]))
                let read = try CacheReader(path: try writer.finish().path).block(0)
                #expect(read.fields == [.single(ids)] && read.groups == groups)
                #expect(read.keys == ids.map { $0 &* 2_654_435_761 })
            }
        }
    }
}
