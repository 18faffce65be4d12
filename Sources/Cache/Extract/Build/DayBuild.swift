import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import KeyCounts
import Postgres

/// A day's running build, as every worker on it needs to know it.
struct DayBuild: Sendable {
    var id: Int
    var day: Day
    /// The specification with the learned boundaries.
    var specification: ExtractionSpecification
    var attribution: Attribution
    var offsets: ZoneOffsets
    /// The leading process's `pg_export_snapshot()`.
    var exportedSnapshot: String
    /// `pg_current_snapshot()` at that moment.
    var snapshot: String
    /// The folder for the day's files.
    var folder: String
    /// What is known of the keys of histories before the day.
    var history: DayHistory
    /// The folder for temporary files.
    var scratchFolder: String

    /// Writes a shard's counts by each key, among the build's own files: another specification with the same key may be
    /// at the same day.
    func write(_ runs: [[SortedCounts]], of part: Int) throws -> [CountsFile] {
        try zip(history.keys, runs).map { key, runs in
            try CountsFile.write(runs, in: folder, name: "shard-\(part)", key: key.hash, day: day)
        }
    }
}

/// The table `rocket.extraction_builds` with its shards.
struct BuildTable {
    let connection: Connection

    /// Opens a build, replacing one whose leader died.
    func open(
        _ day: Day, specification: ExtractionSpecification, exportedSnapshot: String, snapshot: String,
        range: Range<Instant>, history: [CountsManifest.Entry], folder: String
    ) throws -> Int {
        try connection.transaction { connection in
            try connection.execute(
                "DELETE FROM rocket.extraction_builds WHERE specification_hash = $1 AND day = $2::text::date",
                [.text(specification.hash), .text(day.description)])
            let rows = try connection.execute(
                """
                INSERT INTO rocket.extraction_builds (
                    specification_hash, day, exported_snapshot, source_snapshot, host, pid, history, folder)
                VALUES ($1, $2::text::date, $3, $4, $5, $6, $7, $8) RETURNING build_id
                """,
                [
                    .text(specification.hash), .text(day.description), .text(exportedSnapshot), .text(snapshot),
                    .text(ProcessInfo.processInfo.hostName), .int(Int(ProcessInfo.processInfo.processIdentifier)),
                    .json(String(decoding: try JSONEncoder().encode(history), as: UTF8.self)), .text(folder),
                ])
            let id = try rows[rows.startIndex].int("build_id")
            for (part, range) in range.parts(specification.shards).enumerated() {
                try connection.execute(
                    """
                    INSERT INTO rocket.extraction_shards (build_id, part, first_microsecond, next_microsecond)
                    VALUES ($1, $2, $3, $4)
                    """,
                    [
                        .int(id), .int(part), .int(Int(range.lowerBound.microseconds)),
                        .int(Int(range.upperBound.microseconds)),
                    ])
            }
            return id
        }
    }

    /// Returns the build of a day that another process leads; nil if there is none.
    func find(_ day: Day, specificationHash: String) throws -> OtherBuild? {
        try connection.execute(
            """
            SELECT build_id, exported_snapshot, source_snapshot, host, pid, history::text AS history, folder
            FROM rocket.extraction_builds
            WHERE specification_hash = $1 AND day = $2::text::date
            """, [.text(specificationHash), .text(day.description)]
        ).first.map { row in
            OtherBuild(
                id: try row.int("build_id"), exportedSnapshot: try row.text("exported_snapshot"),
                snapshot: try row.text("source_snapshot"),
                history: try JSONDecoder().decode(
                    [CountsManifest.Entry].self, from: Data((try row.textOrNil("history") ?? "[]").utf8)),
                folder: try row.textOrNil("folder"), host: try row.text("host"), process: try row.int("pid"))
        }
    }

    /// A build that another process leads.
    struct OtherBuild {
        var id: Int
        var exportedSnapshot: String
        var snapshot: String
        /// The counts that its rows' histories are read from.
        var history: [CountsManifest.Entry]
        /// Where it keeps its files; nil: an earlier release leads it.
        var folder: String?
        /// Who leads it.
        var host: String
        var process: Int

        func mark(in folder: String) -> BuildMark {
            BuildMark(of: id, exportedSnapshot, snapshot, host: host, process: process, in: folder)
        }
    }

    /// Returns whether a build has a shard that nobody works on.
    func hasFreeShard(_ id: Int) throws -> Bool {
        try !connection.execute(
            """
            SELECT FROM rocket.extraction_shards
            WHERE build_id = $1 AND path IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED
            """, [.int(id)]
        ).isEmpty
    }

    /// Returns the finished shards of a build, whoever finished them, in the order of their parts.
    func finished(_ id: Int) throws -> [(part: Int, shard: ExtractedShard)] {
        try connection.execute(
            """
            SELECT part, result FROM rocket.extraction_shards
            WHERE build_id = $1 AND path IS NOT NULL ORDER BY part
            """, [.int(id)]
        ).map { row in
            let json = Data(try row.text("result").utf8)
            return (try row.int("part"), try JSONDecoder().decode(ExtractedShard.self, from: json))
        }
    }

    /// Removes a build whose files have become valid.
    func close(_ id: Int) throws {
        try connection.execute("DELETE FROM rocket.extraction_builds WHERE build_id = $1", [.int(id)])
    }
}
