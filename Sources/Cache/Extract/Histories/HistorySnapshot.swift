import Days
import Digests
import Features
import KeyCounts

/// What is known of the keys of a job's histories before a day, for a server.
public struct HistorySnapshot: Sendable {
    /// The day whose rows it is for.
    public let asOf: Day
    /// SHA-256, in hexadecimal, of which counts over which windows it has: a job with the same hash can use it.
    public let hash: String
    public let keys: [Key]

    /// One key with its windows.
    public struct Key: Sendable {
        /// The features whose values together are the key.
        public let of: [String]
        public let windows: [Window]
        private let table: HistoryTable

        init(of: [String], windows: [Window], table: HistoryTable) {
            (self.of, self.windows, self.table) = (of, windows, table)
        }

        /// The number of different values of the key.
        public var count: Int { table.count }

        /// Passes each value's hash with impressions and clicks by window, `[windows, 2]`, in the order of the hashes.
        public func read(_ body: (UInt64, UnsafeBufferPointer<Float>) throws -> Void) rethrows {
            try table.visit { hash, sums in
                try body(hash, UnsafeBufferPointer(start: sums, count: 2 * windows.count))
            }
        }
    }

    /// The days that are counted, and how their rates are smoothed.
    public struct Window: Sendable {
        public let window: HistoryWindow
        public let lag: Int
        public let prior: Double
        public let strength: Double
    }

    init(_ history: DayHistory, asOf day: Day, hash: String) {
        asOf = day
        self.hash = hash
        keys = zip(history.keys, history.tables).map { key, table in
            Key(
                of: key.parts.map(\.name),
                windows: zip(key.windows, table.rates).map { days, rates in
                    Window(window: days.window, lag: days.lag, prior: rates.prior, strength: rates.strength)
                }, table: table)
        }
    }
}

extension ExtractionSpecification {
    /// Returns the SHA-256, in hexadecimal, of what the histories count, over which windows; nil if there are none.
    public func historyHash() throws -> String? {
        let keys = try historyKeys()
        guard !keys.isEmpty else { return nil }
        let lines = keys.map { key in
            ([key.hash, key.name] + key.windows.map { "\($0.window.suffix) \($0.lag)" }).joined(separator: "\n")
        }
        return try SHA256Digest.of(lines.joined(separator: "\n\n")).hex
    }

    /// The day for whose rows a table of histories ends with a day; nil if there are no histories. Windows with a
    /// longer lag end before it.
    public func historyDay(endingWith day: Day) -> Day? {
        features.histories.compactMap(\.history?.lag).min().map { day.advanced(by: $0) }
    }
}
