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
    /// The ids in the form of `TakenIDs`; nil for numeric features.
    var ids: [UInt8]?

    /// Writes the row; call it within the transaction that ends the build.
    func record(_ specificationHash: String, _ day: Day, on connection: Connection) throws {
        func value(_ number: Double?) -> Value { number.map { .double($0) } ?? .null }
        let key: [Value] = [.text(specificationHash), .text(day.description), .text(feature)]
        try connection.execute(
            """
            INSERT INTO rocket.feature_statistics (
                specification_hash, day, feature, coverage, distinct_ids, unseen_share, collision_rate, mean,
                standard_deviation, psi, reference)
            VALUES ($1, $2::text::date, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            key + [
                .double(coverage), distinctIDs.map { .int($0) } ?? .null, value(unseenShare), value(collisionRate),
                value(mean), value(standardDeviation), value(psi),
                .json(String(decoding: try JSONEncoder().encode(reference), as: UTF8.self)),
            ])
        if let ids {
            try connection.execute(
                """
                INSERT INTO rocket.feature_ids (specification_hash, day, feature, ids)
                VALUES ($1, $2::text::date, $3, $4)
                """, key + [.bytes(ids)])
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
    private let day: Day
    private let connection: Connection

    init(_ specificationHash: String, before day: Day, on connection: Connection) throws {
        self.specificationHash = specificationHash
        self.day = day
        self.connection = connection
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
        let days = try connection.execute(
            """
            SELECT day FROM rocket.feature_ids WHERE specification_hash = $1 AND feature = $2
              AND day < $3::text::date AND day >= $3::text::date - 30
            """, [.text(specificationHash), .text(feature), .text(day.description)])
        guard !days.isEmpty else { return nil }
        var before = TakenIDs(of: taken.space)
        // One at a time: a month of a large table would not fit in memory.
        for row in days {
            let ids =
                try connection.execute(
                    """
                    SELECT ids FROM rocket.feature_ids
                    WHERE specification_hash = $1 AND feature = $2 AND day = $3::text::date
                    """, [.text(specificationHash), .text(feature), .text(try row.day("day").description)]
                ).first?.bytes("ids") ?? []
            before.formUnion(ids)
        }
        guard taken.distinct > 0 else { return nil }
        var all = taken
        all.formUnion(before.bits)
        return min(1, Double(max(0, all.distinct - before.distinct)) / Double(taken.distinct))
    }
}
