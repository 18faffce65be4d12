import AdLogs
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

    @Test("Days have 23 and 25 hours where clocks change, and their parts meet without gap or overlap")
    func instants() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            var source = Self.source
            source.timeZone = "Europe/Berlin"
            for (text, hours) in [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)] {
                let range = try LogDays(source).instants(of: try #require(Day(text)), on: connection)
                #expect(range.upperBound.microseconds - range.lowerBound.microseconds == Int64(hours) * 3_600_000_000)
                for count in [1, 3, 7] {
                    let parts = range.parts(count)
                    #expect(parts.first?.lowerBound == range.lowerBound && parts.last?.upperBound == range.upperBound)
                    #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
                }
                for instant in [range.lowerBound, range.upperBound.advanced(bySeconds: -1)] {
                    let row = try connection.execute(
                        """
                        SELECT extract(hour FROM t) AS hour, extract(isodow FROM t) AS weekday, i::text AS text
                        FROM (SELECT $1::text::timestamptz AS i,
                                     $1::text::timestamptz AT TIME ZONE 'Europe/Berlin' AS t) s
                        """, [.text(instant.description)]
                    ).first
                    let local = try LogDays(source).zoneOffsets(in: range, on: connection).local(instant)
                    #expect(try row?.int("hour") == local.hour && row?.int("weekday") == local.weekday)
                }
            }
            #expect(Instant(microseconds: -1).description == "1969-12-31 23:59:59.999999+00")
        }
    }

    @Test("Days without impressions between the first and the last are found")
    func missing() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            let first = try #require(Day("2026-01-04"))
            try LogTables().prepare(columns: [], days: first...first.advanced(by: 4), on: connection)
            try connection.script(
                """
                INSERT INTO ad_log.impressions (impression_id, impressed_at)
                VALUES ('a', '2026-01-04 10:00+00'), ('b', '2026-01-06 10:00+00'), ('c', '2026-01-08 10:00+00')
                """)
            let days = LogDays(Self.source)
            #expect(
                try days.missing(upTo: try #require(Day("2026-02-01")), on: connection).map(\.description)
                    == ["2026-01-05", "2026-01-07"])
            #expect(
                try days.missing(upTo: try #require(Day("2026-01-06")), on: connection).map(\.description)
                    == ["2026-01-05"])
            #expect(try days.newest(before: first.advanced(by: 4), on: connection) == first.advanced(by: 2))
            #expect(try days.newest(before: first, on: connection) == nil)
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

    @Test(
        "At the end of the date of a day's maturity, that day is the last mature one",
        arguments: [1, 300, 86_400, 86_401, 604_800])
    func ripening(_ window: Int) throws {
        try TestDatabase.run(.empty) { url in
            var source = Self.source
            source.attributionWindow = AttributionWindow(seconds: window)
            source.timeZone = "Europe/Berlin"
            let (days, day) = (LogDays(source), try #require(Day("2026-05-04")))
            #expect(
                try days.lastMature(asOf: .endOf(days.maturity(of: day)), on: TestDatabase.connect(url)) == day)
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
