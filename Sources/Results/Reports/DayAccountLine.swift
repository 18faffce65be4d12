import Days
import Postgres

/// The account of a cached day, in which each impression read and each click event is counted once: `read = used +
/// rejected + repeated`, `events = labels + duplicate + late + early + orphan + ambiguous`.
public struct DayAccountLine: Codable, Equatable, Sendable {
    public var model: String
    public var day: Day
    public var impressions: Impressions
    public var clicks: Clicks

    public struct Impressions: Codable, Equatable, Sendable {
        /// Impressions read; nil if built by a release that did not count them all.
        public var read: Int?
        public var used: Int
        public var rejected: Int
        /// Rejected rows by reason; empty if there are none, or if built by such a release.
        public var rejectedReasons: [String: Int]
        public var repeated: Int?
        public var sharedID: Int?

        enum CodingKeys: String, CodingKey {
            case read, used, rejected, repeated
            case rejectedReasons = "rejected_reasons"
            case sharedID = "shared_id"
        }
    }

    public struct Clicks: Codable, Equatable, Sendable {
        public var events, labels, duplicate, late, early, orphan: Int
        /// Ambiguous clicks; nil if built by a release that labelled every impression with the id.
        public var ambiguous: Int?
    }
}

extension ReportReader {
    /// Returns the accounts of the newest cached days of each model, by the specification it was last extracted with.
    ///
    /// - Parameters:
    ///   - model: The model; nil for all.
    ///   - limit: The number of days per model.
    public func accounts(model: String? = nil, limit: Int) throws -> [DayAccountLine] {
        try accounts(
            """
            JOIN (SELECT DISTINCT ON (s.model) s.model, s.specification_hash
                  FROM rocket.extraction_specifications s
                  WHERE EXISTS (SELECT FROM rocket.cache_days c WHERE c.specification_hash = s.specification_hash)
                  ORDER BY s.model, s.first_used_at DESC) newest USING (model, specification_hash)
            WHERE ($1::text IS NULL OR s.model = $1) AND d.day IN (
                SELECT c.day FROM rocket.cache_days c WHERE c.specification_hash = d.specification_hash
                ORDER BY c.day DESC LIMIT $2)
            """, [Value(model), .int(limit)])
    }

    /// Returns the accounts of a specification's days that are still cached.
    func accounts(specificationHash: String, from first: Day, to last: Day) throws -> [DayAccountLine] {
        try accounts(
            "WHERE d.specification_hash = $1 AND d.day BETWEEN $2 AND $3",
            [.text(specificationHash), .day(first), .day(last)])
    }

    private func accounts(_ selection: String, _ parameters: [Value]) throws -> [DayAccountLine] {
        let rows = try connection.execute(
            """
            SELECT s.model, d.day, d.impressions_read, d.rows, d.rejected_rows, d.repeated_impressions,
                   d.shared_id_impressions, d.click_events, d.first_clicks, d.duplicate_clicks, d.late_clicks,
                   d.early_clicks, d.orphan_clicks, d.ambiguous_clicks,
                   (SELECT string_agg(r.key || '=' || r.value, ' ' ORDER BY r.key)
                    FROM jsonb_each_text(d.rejected_reasons) AS r (key, value)) AS reasons
            FROM rocket.cache_days d JOIN rocket.extraction_specifications s USING (specification_hash)
            \(selection)
            ORDER BY s.model, d.day DESC
            """, parameters)
        return try rows.map { row in
            let reasons = try (row.textOrNil("reasons") ?? "").split(separator: " ").compactMap { pair in
                let parts = pair.split(separator: "=")
                return parts.count == 2 ? Int(parts[1]).map { (String(parts[0]), $0) } : nil
            }
            return DayAccountLine(
                model: try row.text("model"), day: try row.day("day"),
                impressions: .init(
                    read: try row.intOrNil("impressions_read"), used: try row.int("rows"),
                    rejected: try row.int("rejected_rows"),
                    rejectedReasons: Dictionary(reasons, uniquingKeysWith: { first, _ in first }),
                    repeated: try row.intOrNil("repeated_impressions"),
                    sharedID: try row.intOrNil("shared_id_impressions")),
                clicks: .init(
                    events: try row.int("click_events"), labels: try row.int("first_clicks"),
                    duplicate: try row.int("duplicate_clicks"), late: try row.int("late_clicks"),
                    early: try row.int("early_clicks"), orphan: try row.int("orphan_clicks"),
                    ambiguous: try row.intOrNil("ambiguous_clicks")))
        }
    }
}
