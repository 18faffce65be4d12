import Days
import Features
import Foundation
import Postgres

/// The statistics of a feature on a day: a row of `rocket.feature_statistics`.
struct FeatureStatistics {
    var feature: String
    var coverage: Double
    var distinctIDs: Int?
    var unseenShare: Double?
    var collisionRate: Double?
    var mean: Double?
    var standardDeviation: Double?
    var psi: Double?
    var reference: FeatureReference
    /// Nil for numeric features.
    var ids: StoredIDs?

    /// Writes the rows of a day's features; call it within the transaction that ends the build. One statement for all,
    /// because each waits for its answer.
    static func record(
        _ features: [FeatureStatistics], _ specificationHash: String, _ day: Day, on connection: Connection
    ) throws {
        let key: [Value] = [.text(specificationHash), .text(day.description)]
        try connection.execute(
            """
            INSERT INTO rocket.feature_statistics (
                specification_hash, day, feature, coverage, distinct_ids, unseen_share, collision_rate, mean,
                standard_deviation, psi, reference)
            SELECT $1, $2::text::date, r.feature, r.coverage, r.distinct_ids, r.unseen_share, r.collision_rate, r.mean,
                r.standard_deviation, r.psi, r.reference
            FROM jsonb_to_recordset($3::jsonb) AS r (
                feature text, coverage float8, distinct_ids bigint, unseen_share float8, collision_rate float8,
                mean float8, standard_deviation float8, psi float8, reference jsonb)
            """, key + [.json(String(decoding: try JSONEncoder().encode(features.map(Row.init)), as: UTF8.self))])
        let taken = features.compactMap { feature in feature.ids.map { (feature.feature, $0) } }
        var start = 0
        while start < taken.count {
            // Large sets go one by one, so that a message has a bound.
            var (end, bytes) = (start, 0)
            while end < taken.count, end == start || bytes + taken[end].1.bytes.count <= longestMessage {
                bytes += taken[end].1.bytes.count
                end += 1
            }
            try record(taken[start..<end], key, on: connection)
            start = end
        }
    }

    private static let longestMessage = 1 << 22

    private static func record(
        _ taken: ArraySlice<(String, StoredIDs)>, _ key: [Value], on connection: Connection
    ) throws {
        let rows = taken.indices.map { index in
            let first = 3 * (index - taken.startIndex) + 3
            return "($1, $2::text::date, $\(first), $\(first + 1), $\(first + 2)::bytea)"
        }
        try connection.execute(
            """
            INSERT INTO rocket.feature_ids (specification_hash, day, feature, coding, ids)
            VALUES \(rows.joined(separator: ", "))
            """, key + taken.flatMap { [.text($0.0), .text($0.1.coding), .bytes($0.1.bytes)] as [Value] })
    }

    /// A row of `rocket.feature_statistics` as JSON.
    private struct Row: Encodable {
        let statistics: FeatureStatistics

        init(_ statistics: FeatureStatistics) { self.statistics = statistics }

        private enum CodingKeys: String, CodingKey {
            case feature, coverage, mean, psi, reference
            case distinctIDs = "distinct_ids"
            case unseenShare = "unseen_share"
            case collisionRate = "collision_rate"
            case standardDeviation = "standard_deviation"
        }

        func encode(to encoder: any Encoder) throws {
            var row = encoder.container(keyedBy: CodingKeys.self)
            try row.encode(statistics.feature, forKey: .feature)
            try row.encode(statistics.coverage, forKey: .coverage)
            try row.encodeIfPresent(statistics.distinctIDs, forKey: .distinctIDs)
            try row.encodeIfPresent(statistics.unseenShare, forKey: .unseenShare)
            try row.encodeIfPresent(statistics.collisionRate, forKey: .collisionRate)
            try row.encodeIfPresent(statistics.mean, forKey: .mean)
            try row.encodeIfPresent(statistics.standardDeviation, forKey: .standardDeviation)
            try row.encodeIfPresent(statistics.psi, forKey: .psi)
            try row.encode(statistics.reference, forKey: .reference)
        }
    }
}

/// The reference for the next day's population stability index.
struct FeatureReference: Codable, Equatable {
    /// The most common ids (or their remainders, for large tables), in descending order.
    var bins: [UInt32]?
    /// For numeric features: the deciles.
    var edges: [Float]?
    /// The share of the values in each bin; for numeric features: missing, up to the first edge, …, above the last.
    var shares: [Double]

    /// Returns the population stability index: Σ (q − p) ln (q / p) over the bins and whatever is in none of them.
    static func psi(_ before: [Double], _ now: [Double]) -> Double {
        // A bin that is empty on one day would make the logarithm infinite.
        let floor = 1e-4
        let rest = (1 - before.reduce(0, +), 1 - now.reduce(0, +))
        return zip(before + [rest.0], now + [rest.1]).reduce(0) { sum, pair in
            let (p, q) = (max(pair.0, floor), max(pair.1, floor))
            return sum + (q - p) * log(q / p)
        }
    }
}

/// The statistics of the cached days before a day.
struct FeatureHistory {
    /// By feature, for the newest earlier cached day.
    let references: [String: FeatureReference]
    private let specificationHash: String
    /// By feature: the cached days of the month before whose ids are known.
    private let days: [String: [Day]]
    private let connection: Connection

    init(_ specificationHash: String, before day: Day, on connection: Connection) throws {
        self.specificationHash = specificationHash
        self.connection = connection
        var days: [String: [Day]] = [:]
        for row in try connection.execute(
            """
            SELECT feature, day FROM rocket.feature_ids
            WHERE specification_hash = $1 AND day < $2::text::date AND day >= $2::text::date - 30
            """, [.text(specificationHash), .text(day.description)])
        {
            days[try row.text("feature"), default: []].append(try row.day("day"))
        }
        self.days = days
        var references: [String: FeatureReference] = [:]
        for row in try connection.execute(
            """
            SELECT feature, reference FROM rocket.feature_statistics
            WHERE specification_hash = $1 AND day = (
                SELECT max(day) FROM rocket.cache_days WHERE specification_hash = $1 AND day < $2::text::date)
            """, [.text(specificationHash), .text(day.description)])
        {
            let json = Data(try row.text("reference").utf8)
            references[try row.text("feature")] = try JSONDecoder().decode(FeatureReference.self, from: json)
        }
        self.references = references
    }

    /// Returns the share of the ids that occurred on no cached day of the month before; nil if there is none.
    func unseenShare(of feature: String, _ taken: TakenIDs) throws -> Double? {
        guard let days = days[feature], !days.isEmpty else { return nil }
        var before = TakenIDs(of: taken.space)
        // One at a time: a month of a large table would not fit in memory.
        for day in days {
            let row = try connection.execute(
                """
                SELECT coding, ids FROM rocket.feature_ids
                WHERE specification_hash = $1 AND feature = $2 AND day = $3::text::date
                """, [.text(specificationHash), .text(feature), .text(day.description)]
            ).first
            guard let row, let ids = StoredIDs(coding: try row.text("coding"), bytes: try row.bytes("ids")) else {
                continue
            }
            before.formUnion(ids)
        }
        let distinct = taken.distinct
        guard distinct > 0 else { return nil }
        var all = taken
        all.formUnion(before)
        return min(1, Double(max(0, all.distinct - before.distinct)) / Double(distinct))
    }
}
