import Days
import Foundation
import Postgres

/// Removes what a cache folder holds and nobody needs: files that no manifest row names, left by builds that were killed
/// or replaced, and days that are older than the retention.
public struct CachePruning {
    private let directory: String
    private let connection: Connection

    public init(directory: String, on connection: Connection) {
        self.directory = directory
        self.connection = connection
    }

    /// What was removed.
    public struct Removed: Equatable, Sendable {
        public var files: [String] = []
        public var bytes = 0
        /// Cached days beyond the retention.
        public var days = 0
    }

    /// - Parameters:
    ///   - retentionDays: days of a specification so much older than its newest cached day go; nil: none.
    ///   - dryRun: only says what would be removed.
    /// - Returns: nil when an extraction is under way, whose unfinished files must stay.
    public func prune(retentionDays: Int?, dryRun: Bool) throws -> Removed? {
        guard let lock = try connection.tryAdvisoryLock(Extraction.cacheLock) else { return nil }
        defer { try? lock.release() }
        var removed = Removed()
        let named = try connection.execute(
            """
            SELECT m.path, $1::int IS NOT NULL AND m.day < n.newest - $1::int AS is_old
            FROM rocket.cache_manifest m
            JOIN (SELECT specification_hash, max(day) AS newest FROM rocket.cache_manifest GROUP BY 1) n
                USING (specification_hash)
            """, [retentionDays.map { .int($0) } ?? .null])
        var kept: Set<String> = []
        for row in named where try !row.bool("is_old") { kept.insert(Self.absolute(try row.text("path"))) }
        removed.days = try forgetOldDays(retentionDays, dryRun: dryRun)
        for path in candidates() where !kept.contains(path) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            removed.bytes += (attributes?[.size] as? NSNumber)?.intValue ?? 0
            removed.files.append(path)
            if !dryRun { try FileManager.default.removeItem(atPath: path) }
        }
        return removed
    }

    /// Takes the days' rows away, the manifest's and all that hang on `rocket.cache_days`.
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
            }
        }
        return try count.first?.int("n") ?? 0
    }

    /// Files of the cache's own shape, `<hash>/day=<day>/part-…`; anything else in the folder is not ours to remove.
    private func candidates() -> [String] {
        let root = Self.absolute(directory)
        guard let files = FileManager.default.enumerator(atPath: root) else { return [] }
        return files.compactMap { $0 as? String }.filter { path in
            let parts = path.split(separator: "/")
            return parts.count == 3 && parts[0].count == 16 && parts[0].allSatisfy(\.isHexDigit)
                && parts[1].hasPrefix("day=") && Day(parts[1].dropFirst(4)) != nil && parts[2].hasPrefix("part-")
                && (parts[2].hasSuffix(".lz4") || parts[2].hasSuffix(".tmp"))
        }.map { "\(root)/\($0)" }.sorted()
    }

    private static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
