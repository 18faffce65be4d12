import AdLogs
import Foundation
import JobFile
import Testing

/// The log source of job files: keys of several columns, conditions, and what they do to fingerprints.
@Suite("Log sources of job files") struct SourceTests {
    private static func job(_ impressions: String, _ clicks: String, more: String = "") throws -> JobFile {
        try JobFile(
            text: """
                model: source
                source:
                  impressions: {table: log.events, time: at, \(impressions)}
                  clicks: {table: log.events, time: at, \(clicks)}
                  attribution_window: 30m
                \(more)
                features: [{name: site, kind: categorical}]
                nets: {embedding_dim: 4, light: [4], booster: [8]}
                """, path: "x.yaml")
    }

    @Test("An id is a column or up to four of them")
    func keys() throws {
        let one = try Self.job("id: id", "impression_id: imp")
        #expect(one.source.impressions.id == "id" && one.source.clicks.impressionID == "imp")
        #expect(try Self.job("id: [id]", "impression_id: imp").source == one.source)
        let several = try Self.job("id: [request, position]", "impression_id: [req, pos]")
        #expect(several.source.impressions.id == ["request", "position"])
        #expect(several.source.clicks.impressionID == ["req", "pos"])
    }

    @Test("Conditions are a mapping or a list of columns with values; their order does not matter")
    func conditions() throws {
        let mapping = try Self.job(
            "id: id, where: {kind: [view, show], ad: true}",
            "impression_id: id, where: {kind: click, \"a \\\"b\\\"\": ' c '}")
        #expect(
            mapping.source.impressions.conditions
                == [
                    RowCondition(column: "ad", values: ["true"]),
                    RowCondition(column: "kind", values: ["show", "view"]),
                ])
        #expect(
            mapping.source.clicks.conditions
                == [RowCondition(column: "a \"b\"", values: [" c "]), RowCondition(column: "kind", values: ["click"])])
        let list = try Self.job(
            "id: id, where: [{column: ad, value: true}, {column: kind, value: [show, view]}]",
            "impression_id: id, where: [{column: kind, value: click}, {column: 'a \"b\"', value: ' c '}]")
        #expect(list.source == mapping.source)
        let quoted = try Self.job("id: id, where: {'\"Kind\"': view}", "impression_id: id")
        #expect(quoted.source.impressions.conditions == [RowCondition(column: "Kind", values: ["view"])])
        #expect(try list.extractionText() == mapping.extractionText())
    }

    @Test("What an older release could read has the fingerprint that it had; the share of repeated ids is in none")
    func fingerprints() throws {
        let old = try Self.job("id: id", "impression_id: imp")
        #expect(
            try old.extractionText().contains(
                """
                "source":{"attributionWindow":{"seconds":1800},"clicks":{"impressionID":"imp","table":"log.events","time":"at"},\
                "impressions":{"id":"id","table":"log.events","time":"at"},"timeZone":"UTC"}
                """))
        let share = try Self.job("id: id", "impression_id: imp", more: "  repeated_share: 0.5")
        #expect(share.extraction.repeatedShare == 0.5 && old.extraction.repeatedShare == 0.01)
        #expect(try share.extractionText() == old.extractionText() && share.fingerprintText() == old.fingerprintText())
        #expect(try Self.job("id: [a, b]", "impression_id: [a, b]").extractionText() != old.extractionText())
        let source = try Self.job("id: [a, b], where: {c: d}", "impression_id: [a, b]").source
        #expect(try JSONDecoder().decode(LogSource.self, from: JSONEncoder().encode(source)) == source)
    }

    @Test(
        "What a source cannot be is said with its line",
        arguments: [
            (
                "id: [a, b]", "impression_id: a",
                "x.yaml:4: source.clicks.impression_id is a, but source.impressions.id is [a, b]"
            ),
            ("id: [a, b, c, d, e]", "impression_id: [a, b, c, d, e]", "has 5 columns; expected at most 4"),
            ("id: [a, a]", "impression_id: [a, b]", "source.impressions.id[2] repeats an earlier item"),
            ("id: []", "impression_id: a", "source.impressions.id is an empty list"),
            (
                "id: a, where: kind = 1", "impression_id: a",
                "source.impressions.where is \"kind = 1\"; expected a mapping"
            ),
            ("id: a, where: {}", "impression_id: a", "source.impressions.where is empty"),
            ("id: a, where: {kind: }", "impression_id: a", "source.impressions.where.kind has no value"),
            ("id: a, where: {kind: []}", "impression_id: a", "source.impressions.where.kind is an empty list"),
            ("id: a, where: {kind: ''}", "impression_id: a", "expected a value as PostgreSQL writes it, not empty"),
            ("id: a, where: {kind: [b, ' ']}", "impression_id: a", "source.impressions.where.kind[2] is"),
            ("id: a, where: {kind: [b, b]}", "impression_id: a", "where.kind[2] repeats an earlier item"),
            ("id: a, where: {' ': b}", "impression_id: a", "is no column; expected a column's name"),
            ("id: a, where: {k: 1, '\"k\"': 2}", "impression_id: a", "where names the column ‘k’ twice"),
            ("id: a, where: [{column: k}]", "impression_id: a", "source.impressions.where[1].value is missing"),
            (
                "id: a, where: [k]", "impression_id: a",
                "source.impressions.where[1] is \"k\"; expected {column: …, value: …}"
            ),
            (
                "id: a, where: [{column: k, value: 1}, {column: k, value: 2}]", "impression_id: a",
                "source.impressions.where names the column ‘k’ twice"
            ),
        ])
    func mistakes(_ impressions: String, _ clicks: String, _ expected: String) {
        let error = #expect(throws: JobFileError.self) { try Self.job(impressions, clicks) }
        #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
    }
}
