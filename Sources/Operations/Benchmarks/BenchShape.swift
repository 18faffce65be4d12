import CounterRandom
import FeatureCache
import Nets
import SampleLogs

/// What the batches of `rocket bench train` look like: fields with their distinct values, ids by Zipf's law.
public enum BenchShape: String, CaseIterable, Codable, Sendable {
    /// 39 equal fields.
    case uniform
    /// The 39 fields of the Criteo sample: numbers in 50 buckets, categories with the sample's cardinalities.
    case criteo
    /// The 22 fields of the Avazu sample.
    case avazu

    static let dim = 16
    static let exponent = 1.05
    static let batches = 24

    /// Rows of each field's table.
    ///
    /// - Parameter embeddingRows: of all tables together, for `uniform`.
    func rows(_ embeddingRows: Int) -> [Int] {
        switch self {
        case .uniform: [Int](repeating: max(3, embeddingRows / 39), count: 39)
        case .criteo:
            [Int](repeating: 50, count: 13) + [
                1_460, 583, 262_144, 262_144, 305, 24, 12_517, 633, 3, 93_145, 5_683, 262_144, 3_194, 27, 14_992,
                262_144, 10, 5_652, 2_173, 4, 262_144, 18, 15, 262_144, 105, 142_572,
            ]
        case .avazu:
            [
                24, 7, 7, 4_737, 7_745, 26, 8_552, 559, 36, 262_144, 262_144, 8_251, 5, 4, 2_626, 8, 9, 435, 4, 68,
                172, 60,
            ]
        }
    }

    /// The batches of a rank, numbers of rows as ids.
    ///
    /// - Parameters:
    ///   - tables: rows of each field's table.
    ///   - count: rows of a batch.
    static func data(_ tables: [Int], rows count: Int, rank: Int) -> [SparseBatch] {
        let laws = Dictionary(
            uniqueKeysWithValues: Set(tables).map { ($0, ZipfDistribution(count: $0, exponent: exponent)) })
        return (0..<batches).map { number in
            var random = CounterRandom(seed: 1, stream: UInt64(number + batches * rank))
            let labels: [UInt8] = (0..<count).map { _ in random.uniform() < 0.02 ? 1 : 0 }
            let fields = tables.map { rows -> FieldColumn in
                .single((0..<count).map { _ in UInt32((laws[rows]?.draw(&random) ?? 1) - 1) })
            }
            return SparseBatch(labels: labels, groups: [UInt64](repeating: 0, count: count), fields: fields)
        }
    }
}
