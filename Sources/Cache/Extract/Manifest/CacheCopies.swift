import Days
import Foundation
import Postgres

/// The table `rocket.cache_copies`: where the files of cached days and of counts are. Jobs with the same features, and
/// processes with other folders or on other machines, each have their own files of a day; all are valid as long as
/// their checksums are the manifest's.
struct CacheCopies {
    let connection: Connection
    let place: CachePlace

    /// A file, here or elsewhere.
    struct Copy: Equatable, Sendable {
        var host = "", folder = "", model = "", jobFile = ""
        var path: String
        /// UTC; empty if it is not recorded.
        var builtAt = ""

        /// `model ‘ads’ (/srv/ads/job.yaml) built it on host-1 at 2026-11-29 03:31 UTC`
        var origin: String {
            guard !host.isEmpty else {
                let time = builtAt.isEmpty ? "" : " at \(builtAt) UTC"
                return "an earlier release built it\(time), in a folder that it did not record"
            }
            return "model ‘\(model)’\(jobFile.isEmpty ? "" : " (\(jobFile))") built it on \(host) at \(builtAt) UTC"
        }
    }

    /// Returns the files of a day by part, those of this place first, then the newest.
    func copies(of contentHash: String, on day: Day) throws -> [Int: [Copy]] {
        let rows = try connection.execute(
            """
            SELECT part, host, folder, model, job_file, path,
                   to_char(built_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS built
            FROM rocket.cache_copies WHERE content_hash = $1 AND day = $2
            ORDER BY part, folder <> $3, host <> $4, built_at DESC
            """, [.text(contentHash), .day(day), .text(place.folder), .text(place.host)])
        return try Dictionary(grouping: rows) { try $0.int("part") }.mapValues { rows in
            try rows.map { row in
                Copy(
                    host: try row.text("host"), folder: try row.text("folder"), model: try row.text("model"),
                    jobFile: try row.text("job_file"), path: try row.text("path"), builtAt: try row.text("built"))
            }
        }
    }

    /// Records a file of this place, and forgets those of other places whose contents are not the manifest's any more.
    /// Call it within the transaction that makes the file valid.
    func record(_ path: String, checksum: String, of contentHash: String, on day: Day, part: Int) throws {
        let key: [Value] = [.text(contentHash), .day(day), .int(part)]
        try connection.execute(
            """
            DELETE FROM rocket.cache_copies
            WHERE content_hash = $1 AND day = $2 AND part = $3
              AND (checksum <> $4 OR host = $5 AND folder = $6)
            """, key + [.text(checksum), .text(place.host), .text(place.folder)])
        try connection.execute(
            """
            INSERT INTO rocket.cache_copies (content_hash, day, part, host, folder, model, job_file, path, checksum)
            VALUES ($1, $2, $3, $5, $6, $7, $8, $9, $4)
            """,
            key + [
                .text(checksum), .text(place.host), .text(place.folder), .text(place.model), .text(place.jobFile),
                .text(path),
            ])
    }

    /// Records where a file was found that an earlier release recorded relative to the folder it ran in.
    func adopt(_ copy: Copy, at path: String, _ entry: CacheManifest.Entry, of contentHash: String) throws {
        try connection.execute(
            """
            UPDATE rocket.cache_copies c SET host = $5, folder = $6, path = $7
            WHERE content_hash = $1 AND day = $2 AND part = $3 AND path = $4 AND host = '' AND NOT EXISTS (
                SELECT FROM rocket.cache_copies o
                WHERE (o.content_hash, o.day, o.part, o.host, o.folder) = (c.content_hash, c.day, c.part, $5, $6))
            """,
            [
                .text(contentHash), .day(entry.day), .int(entry.part), .text(copy.path), .text(place.host),
                .text(Self.root(of: path)), .text(path),
            ])
    }

    /// The folder of the cache that a file is in: `<folder>/<hash>/day=<day>/<file>`.
    static func root(of path: String) -> String {
        (0..<3).reduce(URL(fileURLWithPath: path)) { url, _ in url.deletingLastPathComponent() }.path
    }

    /// Forgets all files of a day with other parts than these.
    func forget(of contentHash: String, on day: Day, from part: Int) throws {
        try connection.execute(
            "DELETE FROM rocket.cache_copies WHERE content_hash = $1 AND day = $2 AND part >= $3",
            [.text(contentHash), .day(day), .int(part)])
    }
}
