import Days
import Foundation
import Postgres

/// The files that the database names.
struct NamedFiles {
    private let connection: Connection
    private let retentionDays: Int?

    /// - Parameter retentionDays: Nil if nothing is too old.
    init(_ connection: Connection, retentionDays: Int?) {
        self.connection = connection
        self.retentionDays = retentionDays
    }

    /// Returns the files of cached days; old ones are those older than the newest of their specification by more than
    /// the retention.
    func days() throws -> [NamedFile] {
        try connection.execute(
            """
            SELECT d.specification_hash AS hash, d.day, coalesce(m.part, 0) AS part, m.path AS manifest_path,
                   coalesce(c.host, '') AS host, coalesce(c.folder, '') AS folder, coalesce(c.path, m.path) AS path,
                   $1::int IS NOT NULL AND d.day < n.newest - $1::int AS is_old
            FROM rocket.cache_days d
            JOIN (SELECT specification_hash, max(day) AS newest FROM rocket.cache_days GROUP BY 1) n
                USING (specification_hash)
            LEFT JOIN rocket.cache_manifest m USING (specification_hash, day)
            LEFT JOIN rocket.cache_copies c
              ON c.content_hash = m.specification_hash AND c.day = m.day AND c.part = m.part AND c.checksum = m.checksum
            """, [Value(retentionDays)]
        ).map { try file($0, .day) }
    }

    /// Returns the files of counts. Old ones are those that no window reaches any more: older than what the histories
    /// of the days that are kept were made of, and of keys that no such day has, those beyond the retention. Days are
    /// old by the newest day of their log source, whichever specification has it: one that no job uses any more keeps
    /// no counts.
    ///
    /// - Parameter others: Days that other folders keep, however old they are; they keep their counts too.
    func counts(alsoFor others: Set<NamedFile.Content>) throws -> [NamedFile] {
        try connection.execute(
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
                WHERE $1::int IS NULL OR h.day >= n.day - $1::int OR (h.specification_hash, h.day) IN (
                    SELECT o.hash, o.day FROM jsonb_to_recordset($2::jsonb) AS o (hash text, day date))
                GROUP BY 1
            )
            SELECT c.counts_hash AS hash, c.day, 0 AS part, c.path AS manifest_path, coalesce(p.host, '') AS host,
                   coalesce(p.folder, '') AS folder, coalesce(p.path, c.path) AS path,
                   $1::int IS NOT NULL AND c.day < coalesce(e.first, n.day - $1::int) AS is_old
            FROM rocket.history_counts c
            JOIN newest n USING (source)
            LEFT JOIN needed e USING (counts_hash)
            LEFT JOIN rocket.cache_copies p
              ON p.content_hash = c.counts_hash AND p.day = c.day AND p.checksum = c.checksum
            """, [Value(retentionDays), .json(try Self.json(others))]
        ).map { try file($0, .counts) }
    }

    private func file(_ row: Row, _ kind: NamedFile.Kind) throws -> NamedFile {
        NamedFile(
            part: .init(
                content: .init(kind: kind, hash: try row.text("hash"), day: try row.day("day")),
                number: try row.int("part")), host: try row.text("host"), folder: try row.text("folder"),
            path: try row.textOrNil("path") ?? "", manifestPath: try row.textOrNil("manifest_path") ?? "",
            isOld: try row.bool("is_old"))
    }

    /// Forgets old files of the pruned folder, and what they are of unless other folders have it whole. Call it within
    /// a transaction.
    func forget(_ files: [NamedFile]) throws {
        let staying = files.wholeElsewhere
        let old = files.filter(\.isOld)
        let gone = Set(old.map(\.content)).subtracting(staying)
        for kind in [NamedFile.Kind.day, .counts] {
            let contents = gone.filter { $0.kind == kind }
            for (table, hash) in kind.tables where !contents.isEmpty {
                try connection.execute(
                    """
                    DELETE FROM rocket.\(table) WHERE (\(hash), day) IN (
                        SELECT g.hash, g.day FROM jsonb_to_recordset($1::jsonb) AS g (hash text, day date))
                    """, [.json(try Self.json(contents))])
            }
        }
        for file in old where file.isHere && staying.contains(file.content) {
            try connection.execute(
                """
                DELETE FROM rocket.cache_copies
                WHERE content_hash = $1 AND day = $2 AND part = $3 AND host = $4 AND folder = $5
                """,
                [
                    .text(file.content.hash), .day(file.content.day), .int(file.part.number), .text(file.host),
                    .text(file.folder),
                ])
        }
    }

    private static func json(_ contents: Set<NamedFile.Content>) throws -> String {
        let rows = contents.map { ["hash": $0.hash, "day": "\($0.day)"] }
        return String(decoding: try JSONEncoder().encode(rows), as: UTF8.self)
    }
}
