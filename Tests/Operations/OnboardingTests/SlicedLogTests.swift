import AdLogs
import Postgres
import TestSupport
import Testing

@testable import Onboarding

/// Logs that are cut into parts by day, and too large to be counted.
@Suite struct SlicedLogTests {
    /// `log.shown` in 40 partitions of a day and some thirty pages, with a view on it.
    private static func create(on url: String) throws {
        let connection = try TestDatabase.connect(url)
        try connection.script(
            """
            CREATE SCHEMA log;
            CREATE TABLE log.shown (id bigint, at timestamptz, item int, pad text) PARTITION BY RANGE (at);
            CREATE TABLE log.hits (shown_id bigint, at timestamptz);
            """)
        for day in 0..<40 {
            try connection.script(
                """
                CREATE TABLE log.shown_\(day) PARTITION OF log.shown
                FOR VALUES FROM (timestamptz '2026-01-05 00:00Z' + interval '\(day) days')
                TO (timestamptz '2026-01-05 00:00Z' + interval '\(day + 1) days');
                """)
        }
        try connection.script(
            """
            INSERT INTO log.shown
            SELECT n, timestamptz '2026-01-05 00:00Z' + n * interval '40 days' / 80000, n % 9, repeat('x', 80)
            FROM generate_series(0, 79999) n;
            INSERT INTO log.hits SELECT id, at + interval '40 s' FROM log.shown
            WHERE abs(hashtext('luck ' || id)::bigint) % 1000 < 60;
            CREATE VIEW log.seen AS SELECT id, at, item FROM log.shown;
            CREATE VIEW log.joined AS SELECT s.id, s.at, s.item FROM log.shown s, (VALUES (1)) AS one (n);
            CREATE TABLE log.old (id bigint, at timestamptz, item int, pad text);
            """)
        for day in 0..<40 {
            try connection.script(
                """
                CREATE TABLE log.old_\(day) () INHERITS (log.old);
                INSERT INTO log.old_\(day) SELECT * FROM log.shown_\(day);
                """)
        }
    }

    private static func sample(_ url: String, _ relation: String, slices: Int = 40) throws -> LogSample {
        var limits = ReadingLimits()
        limits.countMilliseconds = 1
        // Of each part one page, by its share of all pages.
        limits.sampledPages = 40
        limits.leastRows = 1
        limits.pagesOfPart = 10
        limits.slices = slices
        return try InitTests.sample(url, relation, limits: limits)
    }

    @Test(
        "Pages of a partitioned table, of one with heirs, and of a view on it are of every part, and not of a few hours"
    )
    func pages() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(on: url)
            for relation in ["log.shown", "log.seen", "log.old"] {
                let sample = try Self.sample(url, relation)
                #expect(!sample.isCounted && sample.days.count == 40 && sample.hasAllDays, "\(sample.days.count)")
                #expect(sample.rows < 40_000 && abs(Double(sample.tableRows) / 80_000 - 1) < 0.35, "\(sample.rows)")
            }
        }
    }

    @Test("Stretches of a view's time know its days from the first to the last, and are of all hours")
    func slices() throws {
        try TestDatabase.run(.empty) { url in
            try Self.create(on: url)
            let sample = try Self.sample(url, "log.joined", slices: 10)
            #expect(sample.days.count == 40 && sample.hasAllDays && sample.rows > 300, "\(sample.rows)")
            #expect(sample.remarks.contains { $0.contains("from 2026-01-05 to 2026-02-13") }, "\(sample.remarks)")
            // Of few stretches of a long time.
            var limits = ReadingLimits()
            limits.slices = 40
            let year = Instant(microseconds: 0)..<Instant(microseconds: 400 * 86_400_000_000)
            let stretches = LogReading.slices(of: year, days: 400, limits: limits)
            #expect(Set(stretches.map(\.lowerBound.day)).count == 400)
            let hours = Set(stretches.map { $0.lowerBound.microseconds / 3_600_000_000 % 24 })
            #expect(hours.count >= 23, "\(hours)")
        }
    }

    @Test("A few pages of each part are read where the server would otherwise take none")
    func share() {
        let limits = ReadingLimits()
        #expect(LogReading.sampledShare(pages: 400_000, parts: 1, limits: limits) == 0.01)
        #expect(LogReading.sampledShare(pages: 100_000, parts: 1_000, limits: limits) == 0.2)
        #expect(LogReading.sampledShare(pages: 4_000_000, parts: 100_000, limits: limits) == 0.01)
        #expect(LogReading.sampledShare(pages: 0, parts: 0, limits: limits) == 1)
    }
}
