import Days
import Extract
import Features
import Foundation
import Postgres
import TestSupport
import Testing

/// Several folders, jobs and machines with the same features.
@Suite struct CachePlaceTests {
    private static let day = "2026-01-05"

    /// Logs, and a day that a job with another folder has built.
    private static func run(_ body: (ExtractionFixture, Day, CachedDay) throws -> Void) throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 300, around: "2026-01-05 00:00+00", days: 2, seed: 3)
            let day = try #require(Day(day))
            let first = try #require(
                try logs.extraction(logs.specification(), cache: "first").build([day]) { _, _ in }.first)
            try body(logs, day, first.cached)
        }
    }

    private static func copies(_ logs: ExtractionFixture) throws -> Int {
        try logs.connection.execute("SELECT count(DISTINCT folder) AS n FROM rocket.cache_copies").first?.int("n") ?? 0
    }

    @Test("A job with the same features and another folder reads the files that are there")
    func sameMachine() throws {
        try Self.run { logs, day, first in
            let second = logs.extraction(logs.specification(), cache: "second")
            let found = try #require(try second.valid(day))
            #expect(found.entries == first.entries)
            guard case .elsewhere(_, let folder, let origin) = try second.find(first) else {
                Issue.record("the files are in another folder")
                return
            }
            #expect(folder.hasSuffix("/first") && origin.contains("model ‘test’"))
        }
    }

    @Test("A job that cannot see another's files builds its own, and both stay valid")
    func otherMachine() throws {
        try Self.run { logs, day, first in
            let (specification, files) = (logs.specification(), FileManager.default)
            try files.moveItem(atPath: "\(logs.folder)/first", toPath: "\(logs.folder)/away")
            try logs.connection.script("UPDATE rocket.cache_copies SET host = 'elsewhere'")
            let second = logs.extraction(specification, cache: "second")
            guard case .nowhere(let reason) = try second.find(first) else {
                Issue.record("the files are on another machine")
                return
            }
            #expect(reason.contains("elsewhere") && reason.contains("\(logs.folder)/second"), "\(reason)")
            let built = try #require(try second.build([day]) { _, _ in }.first).cached
            #expect(built.entries.map(\.checksum) == first.entries.map(\.checksum))
            #expect(try Self.copies(logs) == 2)
            // The other machine finds its own as they were.
            try files.moveItem(atPath: "\(logs.folder)/away", toPath: "\(logs.folder)/first")
            try files.removeItem(atPath: "\(logs.folder)/second")
            let again = try #require(try logs.extraction(specification, cache: "first").valid(day))
            #expect(again.entries.map(\.path) == first.entries.map(\.path))
        }
    }

    @Test("Pruning one folder keeps what the manifest has in it, whichever folder was built last")
    func pruning() throws {
        try Self.run { logs, day, first in
            _ = try logs.extraction(logs.specification(), cache: "second").build([day]) { _, _ in }
            for folder in ["first", "second"] {
                let pruning = CachePruning(directory: "\(logs.folder)/\(folder)", on: logs.connection)
                #expect(try pruning.prune(retentionDays: nil, dryRun: false)?.files == [])
            }
            #expect(first.entries.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
        }
    }

    private static func paths(_ logs: ExtractionFixture, _ folder: String, of days: [Day]) -> [String] {
        days.flatMap { day in
            (FileManager.default.enumerator(atPath: "\(logs.folder)/\(folder)")?.compactMap { $0 as? String } ?? [])
                .filter { $0.contains("day=\(day)/") }
        }
    }

    /// Prunes a folder, keeping the newest day and the one before.
    private static func prune(_ logs: ExtractionFixture, _ folder: String) throws -> CachePruning.Removed {
        try #require(
            try CachePruning(directory: "\(logs.folder)/\(folder)", on: logs.connection)
                .prune(retentionDays: 1, dryRun: false))
    }

    private static func count(_ logs: ExtractionFixture, _ table: String, folder: String? = nil) throws -> Int? {
        let condition = folder.map { "WHERE folder = '\(logs.folder)/\($0)'" } ?? ""
        return try logs.connection.execute("SELECT count(*) AS n FROM rocket.\(table) \(condition)").first?.int("n")
    }

    @Test("Old days leave the folder that is pruned, and stay valid where another folder has them")
    func prunedTogether() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 800, around: "2026-01-05 00:00+00", days: 4, seed: 4)
            let days = try (5...8).map { try #require(Day("2026-01-0\($0)")) }
            let (first, second) = (
                logs.extraction(logs.specification(), cache: "first"),
                logs.extraction(logs.specification(), cache: "second")
            )
            for extraction in [first, second] { _ = try extraction.build(days) { _, _ in } }
            let removed = try Self.prune(logs, "first")
            #expect(removed.days == 2 && Self.paths(logs, "first", of: Array(days[..<2])).isEmpty)
            #expect(try Self.count(logs, "cache_copies", folder: "first") == 6)
            #expect(try Self.count(logs, "cache_copies", folder: "second") == 12)
            for day in days {
                let found = try #require(try second.valid(day))
                #expect(found.entries.allSatisfy { $0.path.hasPrefix("\(logs.folder)/second/") })
            }
            let again = try Self.prune(logs, "first")
            #expect(again.days == 0 && again.files.isEmpty)
            // The last folder that has them takes them out of the manifest.
            #expect(try Self.prune(logs, "second").days == 2)
            #expect(try Self.count(logs, "cache_days") == 2 && Self.count(logs, "cache_manifest") == 6)
            #expect(try Self.count(logs, "cache_copies") == 12)
        }
    }

    @Test("Pruning one folder forgets nothing of other features that another folder has, nor their counts")
    func prunedAlone() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 800, around: "2026-01-05 00:00+00", days: 8, seed: 4)
            let days = try (5...8).map { try #require(Day("2026-01-0\($0)")) }
            let key = HistoryNumber(
                feature: "seen", of: ["ad"], window: HistoryWindow(days: 2), lag: 2, measure: .impressions)
            let theirs = logs.specification([
                ExtractionFixture.feature("ad", .categorical), Feature(key, as: .buckets),
            ])
            let second = logs.extraction(theirs, cache: "second")
            _ = try second.build(days) { _, _ in }
            let counted = try Self.count(logs, "history_counts")
            // The day after, so that all of theirs is old by the log's newest day.
            let later = try (9...12).map { try #require(Day("2026-01-\($0 < 10 ? "0" : "")\($0)")) }
            _ = try logs.extraction(logs.specification(), cache: "first").build(later) { _, _ in }
            #expect(try Self.prune(logs, "first").days == 2)
            #expect(try Self.count(logs, "history_counts") == counted)
            #expect(try Self.count(logs, "cache_copies", folder: "first") == 6)
            for day in days { #expect(try second.valid(day) != nil) }
            #expect(try Self.count(logs, "cache_days") == 6)
        }
    }

    @Test("A folder of the same path on another machine keeps what it has recorded; a shared one is pruned by either")
    func samePath() throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 800, around: "2026-01-05 00:00+00", days: 4, seed: 4)
            let days = try (5...8).map { try #require(Day("2026-01-0\($0)")) }
            let extraction = logs.extraction(logs.specification(), cache: "first")
            _ = try extraction.build(days) { _, _ in }
            try logs.connection.script(
                """
                INSERT INTO rocket.cache_copies (content_hash, day, part, host, folder, model, job_file, path, checksum)
                SELECT content_hash, day, part, 'elsewhere', folder, model, job_file, path, checksum
                FROM rocket.cache_copies
                """)
            #expect(try Self.prune(logs, "first").days == 2)
            #expect(Self.paths(logs, "first", of: Array(days[..<2])).isEmpty)
            #expect(try Self.count(logs, "cache_days") == 4 && Self.count(logs, "cache_copies") == 18)
            // A machine that has recorded nothing, but sees the files.
            _ = try extraction.build(days) { _, _ in }
            try logs.connection.script(
                "DELETE FROM rocket.cache_copies WHERE host = 'elsewhere';"
                    + "UPDATE rocket.cache_copies SET host = 'another';")
            #expect(try Self.prune(logs, "first").days == 2)
            #expect(try Self.count(logs, "cache_days") == 2 && Self.count(logs, "cache_copies") == 6)
        }
    }

    @Test("Files of other contents than the manifest's are forgotten, and rebuilt where they are needed")
    func changedLogs() throws {
        try Self.run { logs, day, first in
            try logs.connection.script(
                "DELETE FROM shown WHERE ctid IN (SELECT ctid FROM shown WHERE at >= '2026-01-05' LIMIT 9)")
            _ = try logs.extraction(logs.specification(), cache: "second").build([day]) { _, _ in }
            let kept = try logs.connection.execute("SELECT path FROM rocket.cache_copies WHERE folder LIKE '%/first'")
            let valid = try kept.map { try $0.text("path") }
            let changed = first.entries.filter { !valid.contains($0.path) }
            #expect(!changed.isEmpty)
            let pruned = try CachePruning(directory: "\(logs.folder)/first", on: logs.connection)
                .prune(retentionDays: nil, dryRun: false)
            #expect(pruned?.files.count == changed.count)
        }
    }

    @Test("A path that an earlier release recorded relative to its folder is found above the job file, and recorded")
    func earlierRelease() throws {
        try Self.run { logs, day, first in
            try logs.connection.script(
                """
                UPDATE rocket.cache_manifest SET path = replace(path, '\(logs.folder)/', '');
                UPDATE rocket.cache_copies SET path = replace(path, '\(logs.folder)/', ''), host = '', folder = '',
                    job_file = '';
                """)
            let new = Extraction(
                logs.specification(), databases: logs.databases,
                options: .init(
                    directory: "\(logs.folder)/jobs/.rocket/cache", workers: 1, model: "test",
                    jobFile: "\(logs.folder)/jobs/x.yaml", builderVersion: "1"),
                source: logs.connection, on: logs.connection)
            let pruning = CachePruning(directory: "\(logs.folder)/first", on: logs.connection)
            #expect(try pruning.prune(retentionDays: nil, dryRun: true)?.files == [])
            let found = try #require(try new.valid(day))
            #expect(found.entries.map(\.path) == first.entries.map(\.path))
            let recorded = try logs.connection.execute(
                "SELECT count(*) AS n FROM rocket.cache_copies WHERE folder = $1 AND path LIKE '/%'",
                [.text("\(logs.folder)/first")])
            #expect(try recorded.first?.int("n") == first.entries.count)
        }
    }
}
