import Extract
import RocketServing

extension ServedHistory {
    /// The most values of a key that a served table has: each takes 8 bytes, and 8 for each window.
    package static let mostValues = 4_000_000

    /// Takes the values of each key that were shown often enough for the table to have at most so many of them.
    package init(_ snapshot: HistorySnapshot, most: Int = ServedHistory.mostValues) {
        self.init(
            asOf: snapshot.asOf,
            keys: snapshot.keys.map { key in
                let least = key.leastImpressions(keeping: most)
                var (hashes, counts) = ([UInt64](), [Float]())
                key.read { hash, sums in
                    guard least == 1 || sums.mostImpressions >= Float(least) else { return }
                    hashes.append(hash)
                    counts.append(contentsOf: sums)
                }
                return Key(
                    of: key.of, leastImpressions: least,
                    windows: key.windows.map {
                        Window(window: $0.window, lag: $0.lag, prior: $0.prior, strength: $0.strength)
                    }, hashes: hashes, counts: counts)
            })
    }
}

extension HistorySnapshot.Key {
    /// Returns the lowest number of impressions that at most so many values reach in some window; 1 if all may stay.
    fileprivate func leastImpressions(keeping most: Int) -> Int {
        guard count > most else { return 1 }
        var histogram = ImpressionHistogram()
        read { _, sums in histogram.add(sums.mostImpressions) }
        return histogram.least(keeping: most)
    }
}

extension UnsafeBufferPointer<Float> {
    /// The highest impressions of any window.
    fileprivate var mostImpressions: Float {
        stride(from: 0, to: count, by: 2).reduce(0) { Swift.max($0, self[$1]) }
    }
}
