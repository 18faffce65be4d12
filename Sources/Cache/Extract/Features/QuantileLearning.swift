import AdLogs
import Days
import Features
import Postgres

/// The boundaries of bucketed features, learned from the first extracted day and kept from then on: a number falls into
/// the same bucket on every day.
struct QuantileLearning {
    let specification: ExtractionSpecification
    /// The connection to the logs.
    let source: Connection
    /// The connection to the job's tables.
    let connection: Connection

    /// Returns the features with their boundaries. If several processes learn at once, all take the first one's.
    func features(learningFrom day: Day) throws -> FeatureSpecification {
        var features = specification.features
        for (index, feature) in features.features.enumerated() where feature.kind == .bucketed {
            if try stored(feature) == nil {
                let boundaries = try learn(feature, from: day)
                try connection.execute(
                    """
                    INSERT INTO rocket.quantile_boundaries (specification_hash, feature, boundaries, learned_day)
                    VALUES ($1, $2, ARRAY(SELECT jsonb_array_elements_text($3)::float8), $4::text::date)
                    ON CONFLICT DO NOTHING
                    """,
                    [
                        .text(specification.hash), .text(feature.name), .json("\(boundaries)"),
                        .text(day.description),
                    ])
            }
            features.features[index].boundaries = try stored(feature)
        }
        return features
    }

    private func stored(_ feature: Feature) throws -> [Double]? {
        let rows = try connection.execute(
            """
            SELECT unnest(boundaries) AS boundary FROM rocket.quantile_boundaries
            WHERE specification_hash = $1 AND feature = $2
            """, [.text(specification.hash), .text(feature.name)])
        if !rows.isEmpty { return try rows.map { try $0.double("boundary") } }
        let isThere = try connection.execute(
            "SELECT 1 FROM rocket.quantile_boundaries WHERE specification_hash = $1 AND feature = $2",
            [.text(specification.hash), .text(feature.name)])
        return isThere.isEmpty ? nil : []
    }

    /// Returns the distinct quantiles of the day's finite numbers, ascending.
    private func learn(_ feature: Feature, from day: Day) throws -> [Double] {
        let impressions = try specification.source.impressions(as: "i", on: source)
        let range = try LogDays(specification.source).instants(of: day, on: source)
        let type = try source.columnTypes(of: specification.source.impressions.table)[feature.column]?
            .withoutModifier
        let number = Self.number("i.\(try source.quoteIdentifier(feature.column))", type)
        let shares = (1..<(feature.buckets ?? 1)).map { Double($0) / Double(feature.buckets ?? 1) }
        return try source.execute(
            """
            SELECT DISTINCT unnest(percentile_disc(ARRAY(SELECT jsonb_array_elements_text($1)::float8))
                WITHIN GROUP (ORDER BY number)) AS boundary
            FROM (SELECT \(number) AS number FROM \(impressions.relation)
                  WHERE \(impressions.time) >= $2::text::timestamptz AND \(impressions.time) < $3::text::timestamptz
                    AND \(impressions.condition)) n
            WHERE number > '-Infinity' AND number < 'Infinity'
            ORDER BY 1
            """,
            [.json("\(shares)"), .text(range.lowerBound.description), .text(range.upperBound.description)]
        ).compactMap { try $0.doubleOrNil("boundary") }
    }
    /// Returns the SQL of a column as float8, NULL for values that are not numbers: such rows are rejected one by one
    /// later, and must not end this statement.
    private static func number(_ column: String, _ type: String?) -> String {
        func guarded(_ exact: String) -> String {
            """
            CASE WHEN abs(\(exact)) < 1e300 THEN CASE WHEN abs(\(exact)) > 1e-300 THEN \(exact)::float8 ELSE 0 END END
            """
        }
        switch type {
        case "text", "character varying":
            let isNumber = "\(column) ~ '^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,3})?$'"
            return "CASE WHEN length(\(column)) <= 400 AND \(isNumber) THEN \(guarded("\(column)::numeric")) END"
        case "numeric": return guarded(column)
        case "boolean": return "\(column)::int::float8"
        default: return "\(column)::float8"
        }
    }
}
