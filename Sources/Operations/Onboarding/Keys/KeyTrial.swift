import AdLogs
import Postgres

/// Tries whether some clicks find their impressions by a pair of keys: one join of the sample with all impressions.
///
/// Where no index leads to an impression, the join is by hash: the impressions are read once, and not once per click,
/// whatever the planner expects of tables that it has no statistics of.
struct KeyTrial {
    let source: SourceProposal
    let sample: ClickSample
    /// The newest clicks instead, whose impressions are looked for in their own stretch of time; nil: in all of it.
    var isOfNewest = false
    let milliseconds: Int
    let connection: Connection

    struct Result: Sendable {
        /// Clicks of the sample.
        var clicks: Int
        /// Those that have an impression; of these, those that have one not after them, and one of the day before.
        var found, inOrder, prompt: Int
        /// Pairs of a click and an impression with its key.
        var matches: Int

        var share: Double { clicks > 0 ? Double(found) / Double(clicks) : 0 }
        /// Whether a key names one impression.
        var isUnique: Bool { Double(matches) <= 1.02 * Double(found) + 1 }
        /// Whether most clicks come soon after what they are joined to. Numbers that two things are counted by match by
        /// chance, and then the time between them is anything.
        var isPrompt: Bool { 2 * prompt >= found }
        /// Nothing can fit better.
        var explains: Bool { share >= 0.99 && isUnique && isPrompt && 10 * inOrder >= 9 * found }
    }

    /// Nil where it takes too long.
    ///
    /// - Throws: `PostgresError`.
    func result(_ id: SurveyedKey, _ reference: SurveyedKey) throws -> Result? {
        if sample.count == 0 { return Result(clicks: 0, found: 0, inOrder: 0, prompt: 0, matches: 0) }
        let columns = reference.columns.indices
        let time = "i.\(try connection.quoteIdentifier(source.impressionTime.name))"
        let arrays = columns.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        let names = columns.map { "v\($0)" }.joined(separator: ", ")
        let equal = try zip(id.columns, reference.columns).enumerated().map { position, pair in
            try equality("i", pair.0, pair.1, text: "c.v\(position)")
        }.joined(separator: " AND ")
        // The times of a stretch: a click is rarely more than a day after its impression.
        let stretch =
            isOfNewest
            ? """
            AND \(time) >= (SELECT pg_catalog.min(t.at) FROM unnest($\(columns.count + 1)::timestamptz[]) AS t (at))
                - interval '1 day'
            """ : ""
        let hasIndex = id.columns[0].leadsIndex && comparison(id.columns[0], reference.columns[0]) != .texts
        let row = try connection.within(
            milliseconds: milliseconds, hasIndex || isOfNewest ? [] : [.noNestedLoops, .noMergeJoins]
        ) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.count(DISTINCT m.n) AS found, pg_catalog.count(*) AS matches,
                       pg_catalog.count(DISTINCT m.n) FILTER (WHERE m.shown <= m.at) AS in_order,
                       pg_catalog.count(DISTINCT m.n) FILTER (
                           WHERE m.shown <= m.at AND m.shown > m.at - interval '1 day') AS prompt
                FROM (
                    SELECT c.n, c.at, \(time) AS shown
                    FROM unnest(\(arrays), $\(columns.count + 1)::timestamptz[]) WITH ORDINALITY AS c (\(names), at, n)
                    JOIN \(try source.impressions.from("i", on: connection)) ON \(equal)
                    WHERE \(try source.impressions.condition("i", on: connection)) \(stretch)) m
                """, reference.columns.map { .text(sample.array(of: $0)) } + [.text(ArrayText.of(sample.times))]
            )
            .first
        }
        guard let row, let row else { return nil }
        return Result(
            clicks: sample.count, found: try row.int("found"), inOrder: try row.int("in_order"),
            prompt: try row.int("prompt"), matches: try row.int("matches"))
    }

    private enum Comparison: Equatable {
        /// In the type of both columns.
        case type(String)
        case texts
    }

    private func comparison(_ id: SurveyedColumn, _ reference: SurveyedColumn) -> Comparison {
        switch (id.family, reference.family) {
        case (.integer, .integer): .type("bigint")
        case (.uuid, .uuid): .type("uuid")
        case (.text, .text): .type("text")
        default: .texts
        }
    }

    private func equality(
        _ alias: String, _ id: SurveyedColumn, _ reference: SurveyedColumn, text: String
    ) throws -> String {
        let name = "\(alias).\(try connection.quoteIdentifier(id.name))"
        return switch comparison(id, reference) {
        case .type(let type): "\(name) = \(text)::\(type)"
        case .texts: "\(name)::text = \(text)"
        }
    }
}
