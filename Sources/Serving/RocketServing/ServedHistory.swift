import Days
import Features
import Foundation
import Nets

/// What a model's histories know of each key as of a day: `history.safetensors`, which a night replaces while the
/// model's other files stay.
///
/// For the key number n, the file has the tensors `n/hashes` `[keys, 2]`, 64-bit hashes as two 32-bit numbers, low half
/// first, ascending; and `n/counts` `[keys, 2 × windows]`, impressions and clicks in each window. Its metadata say
/// which features make a key, which days a window counts, and the windows' priors.
public struct ServedHistory: Sendable {
    /// The day whose rows the counts are for; a window ends its lag before it.
    public let asOf: Day
    public let keys: [Key]

    /// The counts of all values of one key.
    public struct Key: Sendable {
        /// The features whose values together are the key.
        public let of: [String]
        /// Keys that were shown less often in all windows are not in the table.
        public let leastImpressions: Int
        public let windows: [Window]
        /// Ascending, without 0.
        let hashes: [UInt64]
        /// `[hashes, windows, 2]`
        let counts: [Float]
        /// The first of the hashes that begin with each value of their highest bits, and the number of hashes.
        private let starts: [UInt32]
        private let shift: UInt64

        public init(of: [String], leastImpressions: Int, windows: [Window], hashes: [UInt64], counts: [Float]) {
            (self.of, self.leastImpressions, self.windows) = (of, leastImpressions, windows)
            (self.hashes, self.counts) = (hashes, counts)
            let bits = min(31, max(1, Int.bitWidth - (hashes.count / 4).leadingZeroBitCount))
            shift = UInt64(64 - bits)
            var starts = [UInt32](repeating: 0, count: 1 << bits + 1)
            for hash in hashes { starts[Int(hash >> shift) + 1] += 1 }
            for range in 1..<starts.count { starts[range] += starts[range - 1] }
            self.starts = starts
        }

        /// Returns a hash's position; −1 for one that the table does not have. O(1).
        @inline(__always)
        func find(_ hash: UInt64) -> Int32 {
            guard hash != 0 else { return -1 }
            let range = Int(truncatingIfNeeded: hash &>> shift)
            for position in Int(starts[range])..<Int(starts[range &+ 1]) where hashes[position] == hash {
                return Int32(truncatingIfNeeded: position)
            }
            return -1
        }
    }

    /// The days that are counted, and how the rates of these days are smoothed.
    public struct Window: Codable, Equatable, Sendable {
        public let window: HistoryWindow
        /// Days from the newest day that is counted to the day of the rows.
        public let lag: Int
        public let prior: Double
        /// k: how many impressions of a key count as much as the prior.
        public let strength: Double

        public init(window: HistoryWindow, lag: Int, prior: Double, strength: Double) {
            (self.window, self.lag, self.prior, self.strength) = (window, lag, prior, strength)
        }
    }

    public init(asOf: Day, keys: [Key]) {
        (self.asOf, self.keys) = (asOf, keys)
    }

    /// The name of the file beside `model.safetensors`.
    public static let fileName = "history.safetensors"

    /// The newest day that some window counts.
    public var lastDay: Day { asOf.advanced(by: -(keys.flatMap(\.windows).map(\.lag).min() ?? 0)) }

    /// Returns what a window counts for a key's hash; nil for a key or a window that the table does not have.
    public func counts(
        of features: [String], _ hash: UInt64, _ window: HistoryWindow
    ) -> (impressions: Float, clicks: Float)? {
        guard let key = keys.first(where: { $0.of == features }),
            let position = key.windows.firstIndex(where: { $0.window == window })
        else { return nil }
        let record = key.find(hash)
        guard record >= 0 else { return nil }
        let place = 2 * (Int(record) * key.windows.count + position)
        return (key.counts[place], key.counts[place + 1])
    }

    /// Returns a reason why the table is not that of these features; nil if it is.
    func contradiction(with features: ServedFeatures) -> String? {
        for history in features.specification.histories.compactMap(\.history) where place(of: history) == nil {
            return "it has no counts by \(history.of.joined(separator: ", ")) over \(history.window.suffix) "
                + "with a lag of \(history.lag)"
        }
        return nil
    }

    /// Returns the key and the window of a number; nil if the table does not have them.
    func place(of number: HistoryNumber) -> (key: Int, window: Int)? {
        for (index, key) in keys.enumerated() where key.of == number.of {
            if let window = key.windows.firstIndex(where: { $0.window == number.window && $0.lag == number.lag }) {
                return (index, window)
            }
        }
        return nil
    }
}
