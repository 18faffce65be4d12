import CounterRandom
import Days
import FeatureCache
import Foundation
import TestSupport

extension FuzzTarget {
    /// A cache file: damaged, or whole with right checksums over wrong contents.
    static let cacheFile = FuzzTarget(name: "cache-file") { random in
        if random.next() % 3 == 0 {
            var bytes = FuzzCache.files[Int(random.next() % UInt64(FuzzCache.files.count))]
            Mutator.mutate(&bytes, with: FuzzCache.files, &random)
            return FuzzInput(parts: [bytes])
        }
        var parts = CacheParts(FuzzCache.files[0])
        for _ in 0...random.next() % 2 {
            // In the header: counts, sizes of tables, the day, names.
            parts.deface(with: CacheParts(FuzzCache.files[1]), &random) { header, random in
                var tree = JSONTree(String(decoding: header, as: UTF8.self))
                for _ in 0...random.next() % 3 { tree.mutate(&random) }
                header = Array(tree.text.utf8)
            }
        }
        return FuzzInput(parts: [parts.signed])
    } read: { input in
        let path = NSTemporaryDirectory() + "rocket-fuzz-\(ProcessInfo.processInfo.processIdentifier).lz4"
        try Data(input.parts[0]).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        do {
            let reader = try CacheReader(path: path)
            try reader.verify()
            try reader.verifyChecksums()
            _ = try reader.columnSizes()
            for number in 0..<reader.blockCount {
                let block = try reader.block(number)
                for (column, field) in zip(block.fields, reader.header.fields) {
                    guard column.ids.allSatisfy({ Int($0) < field.rowsInTable }) else {
                        throw Wrong("an id of \(field.name) is not below \(field.rowsInTable)")
                    }
                }
            }
        } catch let error as CacheError {
            guard "\(error)".contains(path) else { throw Wrong("the message does not name the file: \(error)") }
            return .refused
        }
        return .accepted
    }
}

extension FieldColumn {
    fileprivate var ids: [UInt32] {
        switch self {
        case .single(let ids), .multi(_, let ids): ids
        }
    }
}

/// Two small cache files.
enum FuzzCache {
    static let files: [[UInt8]] = [(220, UInt64(1)), (333, 2)].compactMap { rows, seed in
        let folder = NSTemporaryDirectory() + "rocket-fuzz-cache-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try? file(of: rows, seed, in: folder)
    }

    private static func file(of rows: Int, _ seed: UInt64, in folder: String) throws -> [UInt8] {
        var random = CounterRandom(seed: seed)
        func below(_ count: UInt32) -> UInt32 { UInt32(random.next() % UInt64(count)) }
        let fields = [
            CacheField(name: "user", rowsInTable: 1_000, multiValued: false),
            CacheField(name: "tags", rowsInTable: 50, multiValued: true),
        ]
        var (offsets, ids): ([UInt32], [UInt32]) = ([0], [])
        for _ in 0..<rows {
            for _ in 0..<below(4) { ids.append(below(50)) }
            offsets.append(UInt32(ids.count))
        }
        let writer = try CacheWriter(
            folder: folder, name: "part-0", specificationHash: "abc", day: Day(ordinal: 20_000), part: 0,
            fields: fields,
            numerics: ["price"], hasTruth: true, blockRows: 100)
        try writer.append(
            SparseBatch(
                labels: (0..<rows).map { _ in UInt8(below(2)) }, keys: (0..<rows).map { _ in below(.max) },
                groups: (0..<rows).map { _ in random.next() }, truth: (0..<rows).map { _ in Float(random.uniform()) },
                fields: [.single((0..<rows).map { _ in below(1_000) }), .multi(offsets: offsets, ids: ids)],
                numerics: [(0..<rows).map { _ in Float(below(100)) }]))
        return Array(try Data(contentsOf: URL(fileURLWithPath: try writer.finish().path)))
    }
}
