import AdLogs
import Days
import Extract
import FeatureCache
import Features
import Foundation
import KeyCounts
import Postgres
import TestSupport
import Testing

@Suite struct HistoryTests {
    private static func history(
        _ name: String, of parts: [String], days: Int = 3, lag: Int = 2, as form: HistoryNumber.Form = .buckets
    ) -> [Feature] {
        HistoryNumber.Measure.allCases.map { measure in
            Feature(
                HistoryNumber(feature: name, of: parts, window: HistoryWindow(days: days), lag: lag, measure: measure),
                as: form)
        }
    }

    private static let features =
        [
            ExtractionFixture.feature("ad", .categorical), ExtractionFixture.feature("site", .categorical),
            ExtractionFixture.feature("hour", .hourOfDay), ExtractionFixture.feature("rank", .numeric),
        ] + history("seen", of: ["ad"]) + history("pair", of: ["site", "hour"], as: .numbers)

    /// The counts of a day by a key, as the manifest names them.
    private static func counts(_ logs: ExtractionFixture, _ day: String, key: String) throws -> [KeyCount] {
        let row = try #require(
            try logs.connection.execute(
                "SELECT counts_hash, path, checksum FROM rocket.history_counts WHERE key = $1 AND day = $2::text::date",
                [.text(key), .text(day)]
            ).first)
        let file = CountsFile.open(
            try row.text("path"), key: try row.text("counts_hash"), day: try #require(Day(day)),
            checksum: try row.text("checksum"))
        return Array(try #require(file).counts)
    }

    private static func ids(_ built: BuiltDay, _ name: String, of features: [Feature]) throws -> [UInt32] {
        let rows = try ExtractionFixture.rows(built.cached)
        let fields = FeatureSpecification(features: features).fields
        let position = try #require(fields.firstIndex { $0.name == name })
        guard case .single(let ids) = rows.fields[position] else { return [] }
        return ids
    }

    /// The label of an impression `i` by the plain rule.
    private static let isClicked = """
        EXISTS (SELECT FROM clicked c WHERE c.id = i.id AND c.at >= i.at AND c.at < i.at + interval '1 hour')
        """

    @Test("Counts are those of a plain statement, whether the day is cached or only counted", arguments: [1, 3])
    func property(_ shards: Int) throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 3_000, around: "2026-03-01 00:00+00", days: 5, seed: UInt64(shards))
            // A value that is no number leaves the row out of the cache, not out of the counts.
            try logs.connection.script("UPDATE shown SET price = 'Infinity' WHERE id LIKE '%7'")
            let features = Self.features + [ExtractionFixture.feature("price", .numeric)]
            let specification = logs.specification(features, shards: shards)
            let built = try logs.build(specification, "2026-03-05")
            #expect(built.cached.rejectedRows > 0)
            for day in ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-05"] {
                for (key, columns) in [
                    ("ad", ["i.ad::text"]),
                    ("site, hour", ["i.site", "extract(hour FROM i.at AT TIME ZONE 'UTC')::int::text"]),
                ] {
                    let expected = try logs.connection.execute(
                        """
                        SELECT \(columns[0]) AS first, \(columns.last ?? "") AS last, count(*) AS shown,
                               count(*) FILTER (WHERE \(Self.isClicked)) AS clicked
                        FROM shown i WHERE (i.at AT TIME ZONE 'UTC')::date = $1::text::date AND \(columns[0]) IS NOT NULL
                        GROUP BY 1, 2
                        """, [.text(day)]
                    ).map { row in
                        KeyCount(
                            hash: Self.hash(key, try row.text("first"), try row.text("last")),
                            impressions: UInt32(try row.int("shown")), clicks: UInt32(try row.int("clicked")))
                    }.sorted { $0.hash < $1.hash }
                    #expect(try Self.counts(logs, day, key: key) == expected, "\(key) on \(day)")
                }
            }
            // Neither the pass nor the number of shards changes a byte.
            let cached = try Self.checksums(logs, "2026-03-05")
            try logs.extraction(logs.specification(features, shards: 2)).recount([try #require(Day("2026-03-05"))])
            #expect(try Self.checksums(logs, "2026-03-05") == cached && cached.count == 2)
        }
    }

    private static func checksums(_ logs: ExtractionFixture, _ day: String) throws -> [String] {
        try logs.connection.execute(
            "SELECT checksum FROM rocket.history_counts WHERE day = $1::text::date ORDER BY key", [.text(day)]
        ).map { try $0.text("checksum") }
    }

    private static func hash(_ key: String, _ first: String, _ last: String) -> UInt64 {
        func hash(_ name: String, _ text: String) -> UInt64 {
            let feature = FeatureHasher(ExtractionFixture.feature(name, .categorical))
            return max(1, feature.hash(name == "hour" ? "\(1 + (Int(text) ?? 0))" : text))
        }
        guard key == "site, hour" else { return hash("ad", first) }
        let parts = [hash("site", first), hash("hour", last)]
        return max(1, FeatureHasher(name: "history", hashBits: 31).hash(crossing: 2) { parts[$0] })
    }

    @Test("A row has what the log says of its key on the days of the window, and nothing of a key never seen")
    func numbers() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 4_000, around: "2026-03-01 00:00+00", days: 7, seed: 9)
            let built = try logs.build(logs.specification(Self.features), "2026-03-07")
            // Lag 2 and three days: 3 to 5 March.
            let expected = try logs.connection.execute(
                """
                SELECT (SELECT count(*) FROM shown e WHERE e.ad = i.ad
                            AND (e.at AT TIME ZONE 'UTC')::date BETWEEN '2026-03-03' AND '2026-03-05') AS impressions,
                       (SELECT count(*) FROM shown i2 WHERE i2.ad = i.ad
                            AND (i2.at AT TIME ZONE 'UTC')::date BETWEEN '2026-03-03' AND '2026-03-05'
                            AND \(Self.isClicked.replacing("i.", with: "i2."))) AS clicks
                FROM shown i WHERE (i.at AT TIME ZONE 'UTC')::date = '2026-03-07' ORDER BY i.at, i.id COLLATE "C"
                """)
            let buckets = QuantileBuckets(boundaries: HistoryNumber.Measure.clicks.boundaries)
            func ids(_ column: String) throws -> [UInt32] {
                try expected.map { row in
                    try row.int("impressions") == 0 ? FeatureHasher.missing : buckets.id(Double(try row.int(column)))
                }
            }
            #expect(try Self.ids(built, "seen_impressions_3d", of: Self.features) == ids("impressions"))
            #expect(try Self.ids(built, "seen_clicks_3d", of: Self.features) == ids("clicks"))
            #expect(built.missingHistory.isEmpty)
            let rows = try ExtractionFixture.rows(built.cached)
            let logged = rows.numerics[1].filter { !$0.isNaN }
            #expect(logged.count > 100 && logged.allSatisfy { $0 >= 0 && $0 < 5 })
            let table = try #require(
                try logs.connection.execute("SELECT * FROM rocket.history_tables WHERE key = 'ad'").first)
            let impressions = try table.double("impressions")
            let rate = try table.double("clicks") / impressions
            #expect(try table.int("counted_days") == 3 && abs(table.double("prior") - rate) < 1e-9)
        }
    }

    @Test(
        "No row sees a label of its own day, of the next, or of a day within the lag", arguments: [(2, 0.5), (1, 1.0)])
    func noLookAhead(_ lag: Int, _ auc: Double) throws {
        try ExtractionFixture.run { logs in
            // From 6 March on, an ad's label is fixed; before, it is drawn for each row.
            try logs.connection.script(
                """
                SELECT setseed(0.3);
                INSERT INTO shown (id, at, ad)
                SELECT format('%s-%s-%s', d, ad, n), '2026-03-01'::timestamptz + make_interval(days => d, hours => n), ad
                FROM generate_series(0, 8) d, generate_series(1, 400) ad, generate_series(0, 9) n;
                INSERT INTO clicked (id, at)
                SELECT id, at + interval '1 minute' FROM shown
                WHERE CASE WHEN at < '2026-03-06' THEN random() < 0.5 ELSE ad <= 200 END;
                """)
            let features =
                [ExtractionFixture.feature("ad", .categorical)]
                + Self.history("seen", of: ["ad"], days: lag == 1 ? 1 : 3, lag: lag)
            let built = try logs.build(logs.specification(features), "2026-03-07")
            let rates = try Self.ids(built, "seen_rate_\(lag == 1 ? 1 : 3)d", of: features)
            let labels = try ExtractionFixture.rows(built.cached).labels
            var (positives, negatives): ([UInt32], [UInt32]) = ([], [])
            for (rate, label) in zip(rates, labels) {
                if label == 1 { positives.append(rate) } else { negatives.append(rate) }
            }
            let counts = Dictionary(grouping: negatives, by: { $0 }).mapValues { Double($0.count) }
            let wins = positives.reduce(0.0) { sum, rate in
                sum + counts.reduce(0) { $0 + ($1.key < rate ? $1.value : $1.key == rate ? $1.value / 2 : 0) }
            }
            let found = wins / Double(positives.count * negatives.count)
            #expect(abs(found - auc) < 0.1, "AUC \(found)")
        }
    }

    @Test("Late clicks make the day stale and the days whose histories count it; built again in order, none is")
    func lateClicks() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 3_000, around: "2026-03-01 00:00+00", days: 8, seed: 4)
            let specification = logs.specification(Self.features)
            for day in ["2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"] {
                _ = try logs.build(specification, day)
            }
            func stale() throws -> [String] {
                try StaleDays(logs.connection, logs: logs.connection).find(specificationHash: specification.hash)
                    .map(\.day.description)
            }
            #expect(try stale() == [])
            let late = """
                INSERT INTO clicked SELECT id, at + interval '1 minute' FROM shown i
                WHERE ad IS NOT NULL AND (at AT TIME ZONE 'UTC')::date = $1::text::date AND NOT \(Self.isClicked)
                ORDER BY id LIMIT 1
                """
            // 4 March is cached and in the windows of 6 to 8 March.
            try logs.connection.execute(late, [.text("2026-03-04")])
            #expect(try stale() == ["2026-03-04", "2026-03-06", "2026-03-07", "2026-03-08"])
            _ = try logs.build(specification, "2026-03-04")
            #expect(try stale() == ["2026-03-06", "2026-03-07", "2026-03-08"])
            for day in ["2026-03-06", "2026-03-07", "2026-03-08"] { _ = try logs.build(specification, day) }
            #expect(try stale() == [])
            // 2 March is only counted, for 4 to 6 March.
            try logs.connection.execute(late, [.text("2026-03-02")])
            #expect(try stale() == ["2026-03-04", "2026-03-05", "2026-03-06"])
            let counted = StaleHistory(
                logs.connection, logs: logs.connection, specificationHash: specification.hash)
            let days = try counted.daysCountedOnly()
            #expect(days.map(\.description) == ["2026-03-02"])
            try logs.extraction(specification).recount(days)
            #expect(try counted.daysCountedOnly().isEmpty)
            #expect(try stale() == ["2026-03-04", "2026-03-05", "2026-03-06"])
            for day in try stale() { _ = try logs.build(specification, day) }
            #expect(try stale() == [])
        }
    }

    @Test("A missing day is said; a damaged or missing file of counts is made again; no file of shards is left")
    func missingDays() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 2_000, around: "2026-03-01 00:00+00", days: 8, seed: 5)
            try logs.connection.script("DELETE FROM shown WHERE (at AT TIME ZONE 'UTC')::date = '2026-03-04'")
            let specification = logs.specification(Self.features)
            let built = try logs.build(specification, "2026-03-07")
            #expect(built.missingHistory.map(\.description) == ["2026-03-04"])
            let before = try ExtractionFixture.rows(built.cached)
            let paths = try logs.connection.execute(
                "SELECT path FROM rocket.history_counts WHERE key = 'ad' ORDER BY day"
            )
            .map { try $0.text("path") }
            try FileManager.default.removeItem(atPath: paths[0])
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: paths[1]))
            let again = try logs.build(specification, "2026-03-07")
            #expect(try ExtractionFixture.rows(again.cached).fields == before.fields)
            let files = FileManager.default.enumerator(atPath: logs.folder)?.compactMap { $0 as? String } ?? []
            #expect(files.contains { $0.hasSuffix(".counts") } && !files.contains { $0.contains("shard-") })
            #expect(!files.contains { $0.hasSuffix(".tmp") })
        }
    }

    @Test("Two jobs with the same keys build the same day at once; neither takes the other's shards")
    func sameKeys() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 3_000, around: "2026-03-01 00:00+00", days: 6, seed: 8)
            let day = try #require(Day("2026-03-05"))
            let (first, second) = (Self.features, Self.features.filter { $0.name != "rank" })
            let other = try TestDatabase.connect(logs.url)
            let others = Extraction(
                logs.specification(second), databases: logs.databases,
                options: .init(directory: "\(logs.folder)/cache", workers: 1, model: "other", builderVersion: "1"),
                source: other, on: other)
            // The whole of the other job's build is between this one's second shard and its third.
            var (shards, theirs): (Int, BuiltDay?) = (0, nil)
            let built = try logs.extraction(logs.specification(first), workers: 1).build([day]) { _, rows in
                shards += rows > 0 ? 1 : 0
                if shards == 3, theirs == nil { theirs = try others.build([day]) { _, _ in }.first }
            }
            let mine = try #require(built.first)
            #expect(
                try Self.ids(mine, "seen_impressions_3d", of: first)
                    == Self.ids(try #require(theirs), "seen_impressions_3d", of: second))
            let files = FileManager.default.enumerator(atPath: logs.folder)?.compactMap { $0 as? String } ?? []
            #expect(!files.contains { $0.contains("shard-") })
        }
    }

    @Test("A count waits for a day whose holder works on it, and not for one whose lock is merely held")
    func heldDays() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 2_000, around: "2026-03-01 00:00+00", days: 6, seed: 9)
            let specification = logs.specification(Self.features)
            let extraction = Extraction(
                specification, databases: logs.databases,
                options: .init(
                    directory: "\(logs.folder)/cache", workers: 2, model: "test", builderVersion: "1",
                    patience: .milliseconds(200)), source: logs.connection, on: logs.connection)
            let day = try #require(Day("2026-03-05"))
            let holder = try TestDatabase.connect(logs.url)
            func name(_ day: String) -> String { "rocket/extract/\(specification.hash)/\(day)" }
            for held in ["2026-03-02", "2026-03-05"] {
                let lock = try #require(try holder.tryAdvisoryLock(name(held)))
                let error = #expect(throws: PostgresError.self) { try extraction.build([day]) { _, _ in } }
                guard case .lockHeld(let lockName, _, _)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(lockName == name(held))
                try lock.release()
            }
            // Each look at the day, of which nobody has counts now, is a tenth of a second after the one before.
            try logs.connection.script("DELETE FROM rocket.history_counts")
            let locks = try [name("2026-03-02"), "\(name("2026-03-02"))/work"].map {
                try #require(try holder.tryAdvisoryLock($0))
            }
            var looks = 0
            let built = try extraction.build([day]) { _, _ in
                looks += 1
                if looks == 10 { for lock in locks { try lock.release() } }
            }
            #expect(built.count == 1 && looks > 10)
        }
    }

    @Test(
        "A key column that changes its type keeps its history where its texts stay, and begins anew where they do not")
    func changedType() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 2_000, around: "2026-03-01 00:00+00", days: 8, seed: 6)
            let specification = logs.specification(Self.features)
            let before = try Self.ids(
                logs.build(specification, "2026-03-07"), "seen_impressions_3d", of: Self.features)
            try logs.connection.script("ALTER TABLE shown ALTER ad TYPE text")
            let sameTexts = try logs.build(specification, "2026-03-07")
            #expect(try Self.ids(sameTexts, "seen_impressions_3d", of: Self.features) == before)
            try logs.connection.script("UPDATE shown SET ad = 'ad' || ad")
            let otherTexts = try logs.build(specification, "2026-03-07")
            #expect(try Self.ids(otherTexts, "seen_impressions_3d", of: Self.features).allSatisfy { $0 == 0 })
        }
    }

    @Test("Counts that no window reaches are pruned with the days that were")
    func pruning() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 2_000, around: "2026-03-01 00:00+00", days: 12, seed: 7)
            let specification = logs.specification(Self.features)
            // A longer window and another key that no job has any more.
            let dead = logs.specification(
                Self.features + Self.history("long", of: ["ad"], days: 5) + Self.history("old", of: ["site"]))
            _ = try logs.build(dead, "2026-03-05")
            for day in ["2026-03-06", "2026-03-12"] { _ = try logs.build(specification, day) }
            let pruning = CachePruning(directory: "\(logs.folder)/cache", on: logs.connection)
            #expect(try #require(try pruning.prune(retentionDays: nil, dryRun: false)).files.isEmpty)
            let removed = try #require(try pruning.prune(retentionDays: 3, dryRun: false))
            #expect(removed.days == 1 && removed.files.contains { $0.hasSuffix(".counts") })
            let left = try logs.connection.execute(
                "SELECT DISTINCT day FROM rocket.history_counts ORDER BY day"
            ).map { try $0.day("day").description }
            #expect(left == ["2026-03-08", "2026-03-09", "2026-03-10", "2026-03-12"])
            let others = try logs.connection.execute("SELECT 1 FROM rocket.history_counts WHERE key = 'site'")
            #expect(others.isEmpty)
        }
    }
}
