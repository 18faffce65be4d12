/// Rows that could not be used: all counted by reason, the first ones kept.
public struct RejectedRows: Codable, Equatable, Sendable {
    /// By reason.
    public var counts: [Reason: Int] = [:]
    public var kept: [Row] = []

    /// The reason why a row is rejected; the raw value is the key in `rocket.cache_days.rejected_reasons`.
    public enum Reason: String, Codable, CaseIterable, CodingKeyRepresentable, Sendable {
        /// No id: NULL or the empty text.
        case noID = "no_id"
        /// A value that is not a number, or is infinite.
        case notFinite = "not_a_finite_number"
        /// A number beyond what a 32-bit float holds.
        case tooLarge = "too_large"
        /// An array of several dimensions, a malformed one, or one of too many values.
        case list
    }

    public struct Row: Codable, Equatable, Sendable {
        /// The impression's id; nil if that is missing.
        public var key: String?
        public var feature: String
        public var reason: String
    }

    public var count: Int { counts.values.reduce(0, +) }

    mutating func add(_ key: String?, _ rejection: RowDecoder.Rejection) {
        counts[rejection.kind, default: 0] += 1
        if kept.count < Self.mostKept {
            kept.append(Row(key: key, feature: rejection.feature, reason: rejection.reason))
        }
    }

    /// The most rows kept per shard; further ones are only counted.
    static let mostKept = 1_000
}
