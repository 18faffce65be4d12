import AdLogs
import CounterRandom
import Days
import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct AttributionTests {
    static let source = LogSource(
        impressions: .init(table: "ad_log.impressions", id: "impression_id", time: "impressed_at"),
        clicks: .init(table: "ad_log.clicks", impressionID: "impression_id", time: "clicked_at"),
        attributionWindow: AttributionWindow(seconds: 3_600))

    static func prepare(_ connection: Connection) throws {
        let day = try #require(Day("2026-01-04"))
        try LogTables().prepare(columns: [], days: day...day.advanced(by: 4), on: connection)
    }

    static func labels(_ source: LogSource, _ day: String, _ connection: Connection) throws -> [String: Bool] {
        let query = try Attribution(source, day: try #require(Day(day)))
            .query(selecting: ["i.impression_id AS id"], on: connection)
        var labels: [String: Bool] = [:]
        for row in try connection.execute(query) { labels[try row.text("id")] = try row.bool("clicked") }
        return labels
    }

    @Test("A click counts once, within its window only, and every other click is counted by its kind")
    func kinds() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            try Self.prepare(connection)
            try connection.script(
                """
                INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES
                    ('plain', '2026-01-05 10:00+00'), ('twice', '2026-01-05 10:00+00'), ('late', '2026-01-05 10:00+00'),
                    ('early', '2026-01-05 10:00+00'), ('none', '2026-01-05 10:00+00'),
                    ('midnight', '2026-01-05 23:59:59+00'), ('edge', '2026-01-05 10:00+00'),
                    ('other day', '2026-01-06 00:00+00');
                INSERT INTO ad_log.clicks (impression_id, clicked_at) VALUES
                    ('plain', '2026-01-05 10:00:05+00'), ('twice', '2026-01-05 10:01+00'),
                    ('twice', '2026-01-05 10:02+00'), ('late', '2026-01-05 11:00:01+00'),
                    ('early', '2026-01-05 09:59:59+00'), ('midnight', '2026-01-06 00:10+00'),
                    ('edge', '2026-01-05 11:00+00'), ('orphan', '2026-01-05 12:00+00');
                """)
            #expect(
                try Self.labels(Self.source, "2026-01-05", connection) == [
                    "plain": true, "twice": true, "late": false, "early": false, "none": false, "midnight": true,
                    "edge": false,
                ])
            let counts = try Attribution(Self.source, day: try #require(Day("2026-01-05"))).counts(on: connection)
            #expect(counts == AttributionCounts(events: 7, duplicates: 1, late: 2, early: 1, orphans: 1))
        }
    }

    @Test("On random logs the labels are those that a plain loop over all clicks gives, in two time zones")
    func property() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            try Self.prepare(connection)
            var random = CounterRandom(seed: 3)
            let start = 1_767_571_200.0  // 2026-01-05 00:00 UTC
            var impressions: [(id: String, time: Double)] = []
            var clicks: [(id: String, time: Double)] = []
            for number in 0..<400 {
                let time = start + (random.uniform() * 86_400 * 2).rounded()
                impressions.append(("i\(number)", time))
                for _ in 0..<Int(random.uniform() * 3) {
                    clicks.append(("i\(number)", time + (random.uniform() * 9_000 - 2_000).rounded()))
                }
            }
            for (id, time) in impressions {
                try connection.execute(
                    "INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES ($1, to_timestamp($2::float8))",
                    [.text(id), .double(time)])
            }
            for (id, time) in clicks {
                try connection.execute(
                    "INSERT INTO ad_log.clicks (impression_id, clicked_at) VALUES ($1, to_timestamp($2::float8))",
                    [.text(id), .double(time)])
            }
            for (zone, offset) in [("UTC", 0.0), ("Asia/Shanghai", 8 * 3_600.0)] {
                var source = Self.source
                source.timeZone = zone
                var expected: [String: Bool] = [:]
                for (id, time) in impressions where Day(utc: time + offset).description == "2026-01-06" {
                    expected[id] = clicks.contains { $0.id == id && $0.time >= time && $0.time < time + 3_600 }
                }
                #expect(try Self.labels(source, "2026-01-06", connection) == expected)
            }
        }
    }

    @Test("A day is mature only when its end and the window after it have passed")
    func maturity() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            func last(_ asOf: AsOf, zone: String = "UTC") throws -> String {
                var source = Self.source
                source.timeZone = zone
                return try LogDays(source).lastMature(asOf: asOf, on: connection).description
            }
            #expect(try last(.instant("2026-01-06 00:59:59+00")) == "2026-01-04")
            #expect(try last(.instant("2026-01-06 01:00:00+00")) == "2026-01-05")
            #expect(try last(.endOf(try #require(Day("2026-01-06")))) == "2026-01-05")
            #expect(try last(.instant("2026-01-05 17:00:00+00"), zone: "Asia/Shanghai") == "2026-01-05")
        }
    }

    @Test("Columns are added once, and another type is an error that names the column")
    func columns() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            let tables = LogTables(prefix: "shop")
            let column = LogColumn(name: "price", type: .doublePrecision, comment: "Price.")
            for _ in 0..<2 { try tables.prepare(columns: [column], days: nil, on: connection) }
            #expect(try connection.columns(of: "ad_log.shop_impressions")["price"] == "double precision")
            let error = #expect(throws: AdLogError.self) {
                try tables.prepare(
                    columns: [LogColumn(name: "price", type: .text, comment: "")], days: nil, on: connection)
            }
            #expect(error.map { "\($0)".contains("price") } == true)
        }
    }
}
