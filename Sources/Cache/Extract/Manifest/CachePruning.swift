import Days
import Files
import Foundation
import KeyCounts
import Postgres

/// Removal of files in a cache folder that nobody needs: files that no manifest row names, left by builds that were
/// killed or replaced, and days older than the retention.
public struct CachePruning {
    private let directory: String
    private let connection: Connection

    public init(directory: String, on connection: Connection) {
        self.directory = directory
        self.connection = connection
    }

    /// The counts of what was removed.
    public struct Removed: Equatable, Sendable {
        public var files: [String] = []
        public var bytes = 0
        /// Cached days beyond the retention.
        public var days = 0
    }

    /// - Parameters:
    ///   - retentionDays: Days of a specification are removed if they are older than its newest cached day by more than
    ///     this; nil removes none.
    ///   - dryRun: Whether to report only what would be removed.
    /// - Returns: Nil if an extraction is running, whose unfinished files must stay.
    public func prune(retentionDays: Int?, dryRun: Bool) throws -> Removed? {
        guard let lock = try connection.tryAdvisoryLock(Extraction.cacheLock) else { return nil }
        defer { try? lock.release() }
        var removed = Removed()
        let named = try connection.execute(
            """
            SELECT m.path, c.path AS copy, $1::int IS NOT NULL AND m.day < n.newest - $1::int AS is_old
            FROM rocket.cache_manifest m
            JOIN (SELECT specification_hash, max(day) AS newest FROM rocket.cache_manifest GROUP BY 1) n
                USING (specification_hash)
            LEFT JOIN rocket.cache_copies c
              ON c.content_hash = m.specification_hash AND c.day = m.day AND c.part = m.part AND c.checksum = m.checksum
            """, [retentionDays.map { .int($0) } ?? .null])
        var kept: Set<String> = []
        func keep(_ path: String) {
            // An earlier release recorded it relative to the folder it ran in, which may be any.
            kept.insert(path.hasPrefix("/") ? Self.absolute(path) : Self.tail(of: path))
        }
        for row in named where try !row.bool("is_old") {
            keep(try row.text("path"))
            if let copy = try row.textOrNil("copy") { keep(copy) }
        }
        for path in try neededCounts(retentionDays, dryRun: dryRun) { keep(path) }
        removed.days = try forgetOldDays(retentionDays, dryRun: dryRun)
        for (files, name) in candidates() {
            let path = "\(files.folder)/\(name)"
            guard !kept.contains(path), !kept.contains(Self.tail(of: path)), let file = files.own(name) else {
                continue
            }
            if !dryRun, try !files.remove(name) { continue }
            removed.bytes += file.size
            removed.files.append(path)
        }
        return removed
    }

    /// Forgets the counts that no window reaches any more: those older than what the histories of the days that are
    /// kept were made of, and of keys that no such day has, those beyond the retention. Days are old by the newest day
    /// of their log source, whichever specification has it: one that no job uses any more keeps no counts.
    ///
    /// - Returns: The paths of the others.
    private func neededCounts(_ retentionDays: Int?, dryRun: Bool) throws -> [String] {
        let counts =
            """
            WITH newest AS (
                SELECT source, max(day) AS day FROM (
                    SELECT s.specification -> 'source' AS source, d.day
                    FROM rocket.cache_days d JOIN rocket.extraction_specifications s USING (specification_hash)
                    UNION ALL SELECT source, day FROM rocket.history_counts
                ) days GROUP BY 1
            ), needed AS (
                SELECT h.counts_hash, min(h.counted_day) AS first
                FROM rocket.cache_history h
                JOIN rocket.extraction_specifications s USING (specification_hash)
                JOIN newest n ON n.source = s.specification -> 'source'
                WHERE $1::int IS NULL OR h.day >= n.day - $1::int GROUP BY 1
            ), found AS (
                SELECT c.counts_hash, c.day, c.path, c.checksum,
                       $1::int IS NOT NULL AND c.day < coalesce(e.first, n.day - $1::int) AS is_old
                FROM rocket.history_counts c JOIN newest n USING (source) LEFT JOIN needed e USING (counts_hash)
            )
            """
        let retention: [Value] = [retentionDays.map { .int($0) } ?? .null]
        let paths = try connection.execute(
            """
            \(counts) SELECT unnest(ARRAY[f.path, p.path]) AS path
            FROM found f LEFT JOIN rocket.cache_copies p
              ON p.content_hash = f.counts_hash AND p.day = f.day AND p.checksum = f.checksum
            WHERE NOT f.is_old
            """, retention
        ).compactMap { try $0.textOrNil("path") }
        if !dryRun {
            try connection.execute(
                """
                \(counts) DELETE FROM rocket.history_counts c USING found f
                WHERE f.is_old AND f.counts_hash = c.counts_hash AND f.day = c.day
                """, retention)
        }
        return paths
    }

    /// Deletes the days' rows in the manifest and all rows that depend on `rocket.cache_days`.
    private func forgetOldDays(_ retentionDays: Int?, dryRun: Bool) throws -> Int {
        guard let retentionDays else { return 0 }
        let old =
            """
            (specification_hash, day) IN (
                SELECT d.specification_hash, d.day
                FROM rocket.cache_days d
                JOIN (SELECT specification_hash, max(day) AS newest FROM rocket.cache_days GROUP BY 1) n
                    USING (specification_hash)
                WHERE d.day < n.newest - $1::int)
            """
        let count = try connection.execute(
            "SELECT count(*) AS n FROM rocket.cache_days WHERE \(old)", [.int(retentionDays)])
        if !dryRun {
            try connection.transaction { connection in
                try connection.execute("DELETE FROM rocket.cache_manifest WHERE \(old)", [.int(retentionDays)])
                try connection.execute("DELETE FROM rocket.cache_days WHERE \(old)", [.int(retentionDays)])
                try connection.execute(
                    """
                    DELETE FROM rocket.cache_copies c
                    WHERE NOT EXISTS (
                            SELECT FROM rocket.cache_manifest m
                            WHERE (m.specification_hash, m.day, m.part) = (c.content_hash, c.day, c.part))
                      AND NOT EXISTS (
                            SELECT FROM rocket.history_counts h WHERE (h.counts_hash, h.day) = (c.content_hash, c.day))
                    """)
            }
        }
        return try count.first?.int("n") ?? 0
    }

    /// Returns the files whose path has the cache's own shape, `<hash>/day=<day>/part-…`, or that of counts; anything
    /// else in the folder is not ours to remove.
    private func candidates() -> [(OwnFiles, String)] {
        let root = Self.absolute(directory)
        let days = OwnFiles.entries(root).filter { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil }.flatMap { hash in
            OwnFiles.entries("\(root)/\(hash)")
                .filter { $0.hasPrefix("day=") && Day($0.dropFirst(4)) != nil }.map { "\(root)/\(hash)/\($0)" }
        }
        return days.flatMap { day in
            [FileMark.cacheFile, .countsFile].flatMap { mark in
                let files = OwnFiles(in: day, mark)
                return files.names().map { (files, $0) }
            }
        }
    }

    /// The last three parts of a file's path, which say what is in it: `<hash>/day=<day>/<file>`.
    private static func tail(of path: String) -> String { path.split(separator: "/").suffix(3).joined(separator: "/") }

    private static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
