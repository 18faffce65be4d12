import AdLogs
import Days
import Extract
import FeatureCache
import Features
import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct ExtractionTests {
    /// Zone, day, and a moment before it: plain days, and days on which clocks change.
    static let days = [
        ("UTC", "2026-01-06", "2026-01-05 12:00+00"), ("Asia/Shanghai", "2026-01-06", "2026-01-05 04:00+00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28 10:00+00"), ("Europe/Berlin", "2026-10-25", "2026-10-24 10:00+00"),
        ("America/New_York", "2026-03-08", "2026-03-07 12:00+00"),
    ]

    @Test("Labels and order are those of a plain statement over random logs", arguments: days)
    func property(_ zone: String, _ day: String, _ start: String) throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(
                count: 1_500, around: start, days: 2, seed: UInt64(day.utf8.reduce(0) { $0 + Int($1) }))
            let built = try logs.build(logs.specification(zone: zone), day)
            let rows = try ExtractionFixture.rows(built.cached)
            let expected = try logs.connection.execute(
                """
                SELECT i.id, EXISTS (
                    SELECT 1 FROM clicked c
                    WHERE c.id = i.id AND c.at >= i.at AND c.at < i.at + interval '1 hour') AS clicked
                FROM shown i WHERE (i.at AT TIME ZONE $1)::date = $2::text::date ORDER BY i.at, i.id COLLATE "C"
                """, [.text(zone), .text(day)])
            #expect(rows.keys == (try expected.map { ExtractionFixture.key(try $0.text("id")) }))
            #expect(rows.labels == (try expected.map { try $0.bool("clicked") ? 1 : 0 }))
            #expect(rows.rows > 300 && rows.labels.contains(1))
        }
    }

    @Test("Every kind of feature becomes the ids and numbers of its definition")
    func features() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                INSERT INTO shown VALUES
                    ('a', '2026-03-29 00:30+00', '6f1ed002-ab55-95ef-9e0e-1c5a2b3c4d5e', -12, 3, true, 'x', '{u,v}',
                     '{7}', 1.5, 4, ' 33', 1.50),
                    ('b', '2026-03-29 01:30+00', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL),
                    ('c', '2026-03-29 02:30+00', NULL, 9223372036854775807, 3, false, 'x', '{}', NULL, 2.5, 4, '1e2', 7)
                """)
            let specification = logs.specification(zone: "Europe/Berlin", shards: 1)
            let rows = try ExtractionFixture.rows(try logs.build(specification, "2026-03-29").cached)
            func ids(_ name: String) throws -> [[UInt32]] {
                let position = try #require(specification.features.fields.firstIndex { $0.name == name })
                switch rows.fields[position] {
                case .single(let ids): return ids.map { [$0] }
                case .multi(let offsets, let ids):
                    return (0..<rows.rows).map { Array(ids[Int(offsets[$0])..<Int(offsets[$0 + 1])]) }
                }
            }
            func hashed(_ name: String, _ values: [String?]) -> [[UInt32]] {
                values.map { [$0.map { FeatureHasher(name: name, hashBits: 16).id($0) } ?? 0] }
            }
            #expect(try ids("person") == hashed("person", ["6f1ed002-ab55-95ef-9e0e-1c5a2b3c4d5e", nil, nil]))
            #expect(try ids("ad") == hashed("ad", ["-12", nil, "9223372036854775807"]))
            #expect(try ids("slot") == hashed("slot", ["3", nil, "3"]))
            #expect(try ids("member") == hashed("member", ["true", nil, "false"]))
            #expect(try ids("cost_text") == hashed("cost_text", ["1.50", nil, "7"]))
            #expect(
                try ids("tags") == [["u", "v"].map { FeatureHasher(name: "tags", hashBits: 16).id($0) }, [0], [0]])
            #expect(try ids("codes") == hashed("codes", ["7", nil, nil]))
            // 00:30 UTC is 01:30 there, then clocks go from 2 to 3; a Sunday.
            #expect(try ids("hour") == [[2], [4], [5]])
            #expect(try ids("weekday") == [[7], [7], [7]])
            #expect(try ids("price_bucket") == [[1], [0], [2]])
            let (site, slot) = (FeatureHasher(name: "site", hashBits: 16), FeatureHasher(name: "slot", hashBits: 16))
            let cross = FeatureHasher(name: "site_slot", hashBits: 16)
            let crossed = cross.id(ofHash: cross.hash(crossing: 2) { [site.hash("x"), slot.hash("3")][$0] })
            #expect(try ids("site_slot") == [[crossed], [0], [crossed]])
            #expect(rows.numerics[0][0] == 1.5 && rows.numerics[0][1].isNaN)
            #expect(rows.numerics[1][0] == 4 && rows.numerics[2][0] == 33 && rows.numerics[2][2] == 100)
            #expect(rows.groups[0] != 0 && rows.groups[1] == 0)
        }
    }

    @Test("One, two and four workers write the same bytes; ids of other types do too")
    func workers() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 2_000, around: "2026-01-05 12:00+00", days: 2, seed: 5)
            var checksums: Set<[String]> = []
            for workers in [1, 2, 4] {
                let built = try logs.build(logs.specification(shards: 4), "2026-01-06", workers: workers)
                checksums.insert(built.cached.entries.map(\.checksum))
            }
            #expect(checksums.count == 1)
            // A time that all impressions share is sorted by the server instead, into the same order.
            try logs.connection.script(
                "INSERT INTO shown (id, at) SELECT 't' || n, '2026-01-09 05:00+00' FROM generate_series(1, 70000) n")
            let tie = try ExtractionFixture.rows(try logs.build(logs.specification(shards: 1), "2026-01-09").cached)
            let expected = try logs.connection.execute(
                "SELECT id FROM shown WHERE at = '2026-01-09 05:00+00' ORDER BY id COLLATE \"C\"")
            #expect(tie.keys == (try expected.map { ExtractionFixture.key(try $0.text("id")) }))
        }
    }

    @Test("What changes in the logs after a day is cached makes it stale, and only that")
    func stale() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 800, around: "2026-01-05 00:00+00", days: 2, seed: 6)
            let specification = logs.specification()
            let days = try ["2026-01-05", "2026-01-06"].map { try #require(Day($0)) }
            _ = try logs.extraction(specification).build(days) { _, _ in }
            let stale = StaleDays(logs.connection, logs: logs.connection)
            #expect(try stale.find().isEmpty)
            // A click too late, a second click, and an orphan change no label.
            let clicked = try #require(
                try logs.connection.execute(
                    """
                    SELECT i.id FROM shown i JOIN clicked c ON c.id = i.id AND c.at >= i.at AND c.at < i.at + '1 hour'
                    WHERE i.at < '2026-01-06' LIMIT 1
                    """
                ).first?.text("id"))
            let unclicked = try logs.connection.execute(
                """
                SELECT i.id FROM shown i
                WHERE i.at < '2026-01-06' AND NOT EXISTS (SELECT 1 FROM clicked c WHERE c.id = i.id)
                ORDER BY i.id LIMIT 3
                """
            ).map { try $0.text("id") }
            func click(_ id: String, _ delay: String) throws {
                try logs.connection.execute(
                    "INSERT INTO clicked SELECT id, at + $2::text::interval FROM shown WHERE id = $1",
                    [.text(id), .text(delay)])
            }
            try click(clicked, "5 minutes")
            try click(unclicked[0], "61 minutes")
            try logs.connection.script("INSERT INTO clicked VALUES ('nobody at all', '2026-01-05 10:00+00')")
            #expect(try stale.find().isEmpty)
            try click(unclicked[1], "1 minute")
            try click(unclicked[2], "2 minutes")
            try logs.connection.execute("DELETE FROM shown WHERE id = $1", [.text(clicked)])
            try logs.connection.script("INSERT INTO shown (id, at) VALUES ('new', '2026-01-05 03:00+00')")
            #expect(try stale.find().map(\.day) == [days[0]])
            let built = try logs.build(specification, "2026-01-05")
            let difference = try RowDifference.between(
                try #require(built.previous).entries.map(\.path), built.cached.entries.map(\.path))
            #expect(difference == RowDifference(labelsFlipped: 2, rowsAdded: 1, rowsGone: 1))
            #expect(try stale.find().isEmpty)
            // A day that a release without an account built, which kept all rows with an id and a time.
            let old = "UPDATE rocket.cache_days SET impressions_read = NULL, ambiguous_clicks = NULL"
            try logs.connection.script("\(old) WHERE day = '2026-01-06'")
            #expect(try stale.find().isEmpty)
            try logs.connection.script("\(old), duplicate_impressions = 1 WHERE day = '2026-01-06'")
            #expect(try stale.find().map(\.day) == [days[1]])
        }
    }

    @Test("A value that does not convert takes its row away, with key and reason, and all of them are counted")
    func rejected() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                INSERT INTO shown (id, at, age, price, tags)
                SELECT 'i' || n, '2026-01-06 10:00+00'::timestamptz + n * interval '1 second',
                       CASE WHEN n <= 8 THEN 'old' ELSE '40' END, 1, '{a}' FROM generate_series(1, 20) n;
                UPDATE shown SET price = 'Infinity' WHERE id = 'i9';
                UPDATE shown SET price = 'NaN' WHERE id = 'i12';
                UPDATE shown SET tags = '{{a},{b}}' WHERE id = 'i10';
                UPDATE shown SET id = NULL WHERE id = 'i11';
                """)
            let built = try logs.build(logs.specification(shards: 1), "2026-01-06")
            #expect(built.cached.rows == 9 && built.cached.rejectedRows == 11 && built.cached.seenImpressions == 19)
            #expect(built.cached.readImpressions == 20)
            #expect(built.account?.rejected == [.noID: 1, .notFinite: 9, .list: 1])
            let rows = try logs.connection.execute(
                "SELECT key, feature, reason FROM rocket.rejected_rows ORDER BY rejected_id")
            #expect(rows.count == 5)
            let first = try #require(rows.first)
            #expect(try first.text("key") == "i1" && first.text("feature") == "age")
            #expect(try first.text("reason").contains("old"))
        }
    }

    @Test("A damaged file, a foreign file and a missing one are found, and pruning removes what nobody names")
    func damageAndPruning() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 500, around: "2026-01-05 00:00+00", days: 2, seed: 7)
            let specification = logs.specification()
            let extraction = logs.extraction(specification)
            let built = try logs.build(specification, "2026-01-05").cached
            #expect(extraction.damage(of: built) == nil)
            let path = built.entries[1].path
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            var bad = good
            bad[40] ^= 4
            try bad.write(to: URL(fileURLWithPath: path))
            #expect(extraction.damage(of: built)?.contains("block 0") == true)
            try FileManager.default.removeItem(atPath: path)
            #expect(extraction.damage(of: built)?.contains(path) == true)
            let again = try logs.build(specification, "2026-01-05").cached
            #expect(again.entries.map(\.checksum) == built.entries.map(\.checksum))
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            // What the program left, and what only looks alike.
            try FileManager.default.copyItem(atPath: path, toPath: "\(folder)/part-9-feedfeedfeedfeed.lz4")
            let unfinished = "part-0.0123456789abcdef0123456789abcdef.tmp"
            try good.prefix(100).write(to: URL(fileURLWithPath: "\(folder)/\(unfinished)"))
            let theirs = [
                "part-0-1234.tmp", "part-8-feedfeedfeedfeed.lz4", "notes.txt",
                unfinished.replacing("part-0", with: "part-7"), "part-x-feedfeedfeedfeed.lz4",
            ]
            for name in theirs { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            let pruning = CachePruning(directory: "\(logs.folder)/cache", on: logs.connection)
            #expect(try pruning.prune(retentionDays: nil, dryRun: true)?.files.count == 2)
            #expect(try pruning.prune(retentionDays: nil, dryRun: false)?.files.count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3 + theirs.count)
            _ = try logs.build(specification, "2026-01-06")
            let old = try #require(try pruning.prune(retentionDays: 1, dryRun: false))
            #expect(old.days == 0)
            // While someone extracts, nothing goes.
            let other = try TestDatabase.connect(logs.url)
            try other.sharedAdvisoryLock(Extraction.cacheLock)
            #expect(try pruning.prune(retentionDays: 1, dryRun: false) == nil)
        }
    }

    @Test("Statistics of a day are those that SQL gives, and a shifted day has a large PSI")
    func statistics() throws {
        try ExtractionFixture.run { logs in
            try logs.connection.script(
                """
                INSERT INTO shown (id, at, site, price, tags)
                SELECT 'd' || d || 'n' || n,
                       '2026-01-05 00:00+00'::timestamptz + d * interval '1 day' + n * interval '1 second',
                       CASE WHEN n % 5 > 0 THEN 's' || n % 7 + CASE WHEN d = 2 THEN 4 ELSE 0 END END,
                       CASE WHEN n % 4 > 0 THEN n % 100 + CASE WHEN d = 2 THEN 60 ELSE 0 END END,
                       CASE WHEN n % 2 = 0 THEN ARRAY['a', 'b'] END
                FROM generate_series(0, 2) d, generate_series(1, 4000) n
                """)
            let days = try ["2026-01-05", "2026-01-06", "2026-01-07"].map { try #require(Day($0)) }
            for day in days { _ = try logs.build(logs.specification(), day.description) }
            func statistic(_ feature: String, _ day: Int) throws -> Row {
                try #require(
                    try logs.connection.execute(
                        "SELECT * FROM rocket.feature_report WHERE feature = $1 AND day = $2::text::date",
                        [.text(feature), .text(days[day].description)]
                    ).first)
            }
            let site = try statistic("site", 0)
            #expect(try abs(site.double("coverage") - 0.8) < 1e-9 && site.int("distinct_ids") == 7)
            #expect(try site.doubleOrNil("unseen_share") == nil && site.doubleOrNil("psi") == nil)
            #expect(try statistic("site", 1).double("unseen_share") == 0 && statistic("site", 1).double("psi") < 0.01)
            #expect(try statistic("site", 2).double("unseen_share") > 0.4 && statistic("site", 2).double("psi") > 0.25)
            let price = try statistic("price", 0)
            let mean = try #require(
                try logs.connection.execute("SELECT avg(price) AS m FROM shown WHERE at < '2026-01-06'").first?.double(
                    "m"))
            #expect(try abs(price.double("mean") - mean) < 1e-6 && abs(price.double("coverage") - 0.75) < 1e-9)
            #expect(try statistic("price", 1).double("psi") < 0.01 && statistic("price", 2).double("psi") > 0.25)
            #expect(try statistic("tags", 0).double("coverage") == 0.5 && statistic("tags", 0).double("mean") == 1)
            let boundaries = try logs.connection.execute(
                "SELECT learned_day, array_length(boundaries, 1) AS n FROM rocket.quantile_boundaries")
            #expect(try boundaries.first?.day("learned_day") == days[0] && boundaries.first?.int("n") == 3)
        }
    }

    @Test("Two processes share a day's shards; what one leads the other finishes too")
    func twoProcesses() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 3_000, around: "2026-01-05 00:00+00", days: 3, seed: 8)
            let days = try ["2026-01-05", "2026-01-06", "2026-01-07"].map { try #require(Day($0)) }
            let specification = logs.specification(shards: 6)
            let results = DispatchQueue.global()
            let group = DispatchGroup()
            let (url, folder, databases) = (logs.url, logs.folder, logs.databases)
            for _ in 0..<2 {
                results.async(group: group) {
                    do {
                        let connection = try TestDatabase.connect(url)
                        let built = try Extraction(
                            specification, databases: databases,
                            options: .init(
                                directory: "\(folder)/cache", workers: 2, model: "test", builderVersion: "1"),
                            source: connection, on: connection
                        ).build(days) { _, _ in }
                        if built.count != 3 { Issue.record("\(built.count) days") }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            group.wait()
            let extraction = logs.extraction(specification)
            let rows = try days.compactMap { try extraction.valid($0)?.rows }
            let expected = try logs.connection.execute(
                "SELECT count(*) AS n FROM shown WHERE at >= '2026-01-05' AND at < '2026-01-08'")
            #expect(rows.reduce(0, +) == (try expected.first?.int("n")))
            #expect(try logs.connection.execute("SELECT 1 FROM rocket.extraction_builds").isEmpty)
        }
    }
}
