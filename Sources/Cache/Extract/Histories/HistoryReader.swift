import Features
import KeyCounts

/// The hashes of a row's keys, and the numbers that a table has for them.
struct HistoryReader {
    private let keys: [KeyReader]

    private struct KeyReader {
        /// Positions of the key's features.
        var parts: [Int]
        var table: HistoryTable?
        var numbers: [NumberReader] = []
    }

    fileprivate struct NumberReader {
        var measure: HistoryNumber.Measure
        var window: Int
        /// Position among the single-valued fields, or among the numbers.
        var target: Int
        /// Nil for a plain number.
        var buckets: QuantileBuckets?
        var transform: Feature.Transform
        var rate: SmoothedRate
    }

    /// - Parameters:
    ///   - history: Nil if rows are only counted.
    ///   - targets: By feature, its position among the single-valued fields or among the numbers.
    init(_ keys: [HistoryKey], _ features: [Feature], _ history: DayHistory?, targets: [Int]) {
        self.keys = keys.enumerated().map { index, key in
            var reader = KeyReader(
                parts: key.parts.compactMap { part in features.firstIndex { $0.name == part.name } })
            guard let table = history?.tables[index] else { return reader }
            reader.table = table
            for (position, feature) in features.enumerated() {
                guard let number = feature.history, number.of == key.parts.map(\.name),
                    let window = key.windows.firstIndex(where: { $0.window == number.window && $0.lag == number.lag })
                else { continue }
                reader.numbers.append(
                    NumberReader(
                        measure: number.measure, window: window, target: targets[position],
                        buckets: feature.isNumber ? nil : QuantileBuckets(boundaries: feature.boundaries ?? []),
                        transform: feature.transform,
                        rate: SmoothedRate(prior: table.rates[window].prior, strength: table.rates[window].strength)))
            }
            return reader
        }
    }

    var count: Int { keys.count }

    /// Computes the row's hash for each key, 0 where a part is missing.
    ///
    /// - Parameter hashes: The row's hash for each feature, 0 for missing.
    @inline(__always)
    func readKeys(
        _ hashes: UnsafeMutableBufferPointer<UInt64>, into result: UnsafeMutableBufferPointer<UInt64>
    ) {
        for (index, key) in keys.enumerated() {
            if key.parts.count == 1 {
                result[index] = hashes[key.parts[0]]
            } else if key.parts.contains(where: { hashes[$0] == 0 }) {
                result[index] = 0
            } else {
                result[index] = max(
                    1, HistoryNumber.keyHasher.hash(crossing: key.parts.count) { hashes[key.parts[$0]] })
            }
        }
    }

    /// Looks up the row's keys.
    @inline(__always)
    func read(
        _ rowKeys: UnsafeMutableBufferPointer<UInt64>, ids: UnsafeMutableBufferPointer<UInt32>,
        numbers: UnsafeMutableBufferPointer<Float>
    ) {
        for (index, key) in keys.enumerated() {
            guard let table = key.table else { continue }
            let sums = rowKeys[index] == 0 ? nil : table.find(rowKeys[index])
            for number in key.numbers {
                let value = sums.map { number.value($0 + 2 &* number.window) } ?? .nan
                if let buckets = number.buckets {
                    ids[number.target] = buckets.id(value)
                } else {
                    numbers[number.target] = number.transform.apply(value)
                }
            }
        }
    }
}

extension HistoryReader.NumberReader {
    @inline(__always)
    fileprivate func value(_ sums: UnsafePointer<Float>) -> Double {
        switch measure {
        case .impressions: Double(sums[0])
        case .clicks: Double(sums[1])
        case .rate: rate.lift(impressions: sums[0], clicks: sums[1])
        }
    }
}
