import Days
import Features
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Extract

/// A day that another process leads, on another machine whose folder has the same path.
@Suite struct SharedBuildTests {
    /// What this machine sees of the leading process's files.
    enum Sight: CaseIterable {
        /// Its own folder, which only has the same path.
        case nothing
        case folder
        /// The folder, but not the counts that the histories are made of, which are in the folder of another job.
        case folderWithoutCounts
    }

    private static let features = [
        ExtractionFixture.feature("ad", .categorical),
        Feature(
            HistoryNumber(feature: "seen", of: ["ad"], window: HistoryWindow(days: 2), lag: 2, measure: .impressions),
            as: .buckets),
    ]

    @Test("A process helps to build a day where it sees the leading process's files, and nowhere else")
    func helping() throws {
        for sight in Sight.allCases { try Self.run(sight) }
    }

    private static func run(_ sight: Sight) throws {
        try ExtractionFixture.run { logs in
            try logs.insertRandomLogs(count: 500, around: "2026-01-01 00:00+00", days: 5, seed: 3)
            let day = try #require(Day("2026-01-05"))
            let specification = logs.specification(features)
            let leader = try TestDatabase.connect(logs.url)
            let lock = try #require(try DayLock(specification.hash, day, on: leader))
            try leader.script(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
            let build = try open(sight, day, specification, logs, leader)
            try countFinishedShards(logs.connection)
            let group = DispatchGroup()
            let (url, folder, databases) = (logs.url, logs.folder, logs.databases)
            DispatchQueue.global().async(group: group) {
                do {
                    let connection = try Connection(ConnectionSettings(url), applicationName: "helper")
                    let built = try Extraction(
                        specification, databases: databases,
                        options: .init(directory: "\(folder)/cache", workers: 1, model: "test", builderVersion: "1"),
                        source: connection, on: connection
                    ).build([day]) { _, _ in }
                    if built.count != 1 { Issue.record("\(built.count) days") }
                } catch {
                    Issue.record(error)
                }
            }
            try wait { try finished(build, logs.connection) == 1 || sight != .folder && hasLooked(logs.connection) }
            try lock.release()
            group.wait()
            #expect(try finished(build, logs.connection) == (sight == .folder ? 1 : 0), "\(sight)")
            // In the end it led the day itself.
            #expect(try logs.extraction(specification).valid(day)?.entries.count == 3, "\(sight)")
            #expect(try logs.connection.execute("SELECT 1 FROM rocket.extraction_builds").isEmpty)
        }
    }

    /// The build as its leading process has opened it, with one shard.
    private static func open(
        _ sight: Sight, _ day: Day, _ specification: ExtractionSpecification, _ logs: ExtractionFixture,
        _ leader: Connection
    ) throws -> Int {
        let exported = try #require(try leader.execute("SELECT pg_export_snapshot() AS name").first).text("name")
        var history: [CountsManifest.Entry] = []
        if sight == .folderWithoutCounts {
            let key = try #require(try specification.historyKeys().first)
            history.append(.init(key: key.hash, day: day.advanced(by: -2), path: "/elsewhere", checksum: "0"))
        }
        let build = try #require(
            try logs.connection.execute(
                """
                INSERT INTO rocket.extraction_builds (
                    specification_hash, day, exported_snapshot, source_snapshot, host, pid, history, folder)
                VALUES ($1, $2, $3, 'now', 'elsewhere', 1, $4, $5) RETURNING build_id
                """,
                [
                    .text(specification.hash), .day(day), .text(exported),
                    .json(String(decoding: try JSONEncoder().encode(history), as: UTF8.self)),
                    .text("\(logs.folder)/cache"),
                ]
            ).first
        ).int("build_id")
        try logs.connection.execute(
            """
            INSERT INTO rocket.extraction_shards (build_id, part, first_microsecond, next_microsecond)
            SELECT $1, 0, extract(epoch FROM at) * 1000000, extract(epoch FROM at + interval '1 day') * 1000000
            FROM (SELECT ($2::text || ' 00:00+00')::timestamptz AS at) day
            """, [.int(build), .text("\(day)")])
        if sight != .nothing {
            let folder = "\(logs.folder)/cache/\(specification.hash.prefix(16))/day=\(day)"
            try BuildMark(of: build, exported, "now", host: "elsewhere", process: 1, in: folder).write()
        }
        return build
    }

    /// Keeps account of the shards that are finished, which a build's end deletes.
    private static func countFinishedShards(_ connection: Connection) throws {
        try connection.script(
            """
            CREATE TABLE finished (build_id bigint);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO public.finished VALUES (new.build_id); RETURN NULL; END';
            CREATE TRIGGER note AFTER UPDATE ON rocket.extraction_shards
                FOR EACH ROW WHEN (new.path IS NOT NULL) EXECUTE FUNCTION note();
            """)
    }

    private static func finished(_ build: Int, _ connection: Connection) throws -> Int {
        try connection.execute("SELECT build_id FROM finished WHERE build_id = $1", [.int(build)]).count
    }

    /// Whether the other process has looked for a build of the day; what it does then, it does before it looks again.
    private static func hasLooked(_ connection: Connection) throws -> Bool {
        try !connection.execute(
            """
            SELECT FROM pg_stat_activity
            WHERE application_name = 'helper' AND query LIKE '%FROM rocket.extraction_builds%'
            """
        ).isEmpty
    }

    private static func wait(until isDone: () throws -> Bool) throws {
        for _ in 0..<600 {
            if try isDone() { return }
            usleep(100_000)
        }
        Issue.record("the other process did nothing for a minute")
    }

    @Test("Work that finds counts gone is tried again, but not for ever")
    func countsGone() throws {
        var attempts = 0
        let result = try Extraction.countingAnew {
            attempts += 1
            if attempts < 3 { throw ExtractionError.counts(path: "x") }
            return attempts
        }
        #expect(result == 3)
        attempts = 0
        #expect(throws: ExtractionError.counts(path: "x")) {
            try Extraction.countingAnew {
                attempts += 1
                throw ExtractionError.counts(path: "x")
            }
        }
        #expect(attempts == 3)
        attempts = 0
        #expect(throws: CancellationError.self) {
            try Extraction.countingAnew {
                attempts += 1
                throw CancellationError()
            }
        }
        #expect(attempts == 1)
    }
}
