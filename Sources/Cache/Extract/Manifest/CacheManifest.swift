import AdLogs
import Days
import FeatureCache
import Postgres

/// The tables `rocket.cache_manifest` and `rocket.cache_days`: which cache files are valid, and what they hold.
public struct CacheManifest {
    private let connection: Connection

    public init(_ connection: Connection) {
        self.connection = connection
    }

    /// A valid cache file, as recorded in the manifest.
    public struct Entry: Equatable, Sendable {
        public var day: Day
        public var part: Int
        public var path: String
        public var bytes: Int
        public var rows: Int
        public var clicks: Int
        public var checksum: String

        public init(day: Day, part: Int, path: String, bytes: Int, rows: Int, clicks: Int, checksum: String) {
            self.day = day
            self.part = part
            self.path = path
            self.bytes = bytes
            self.rows = rows
            self.clicks = clicks
            self.checksum = checksum
        }
    }

    /// Returns the files of a day in the order of their parts; nil if the day was not extracted under this
    /// specification.
    public func day(_ day: Day, specificationHash: String) throws -> CachedDay? {
        let rows = try connection.execute(
            """
            SELECT d.parts, d.rejected_rows, d.seen_impressions, d.impressions_read, d.shared_id_impressions,
                   d.missed_share, m.part, m.path, m.bytes, m.rows, m.clicks, m.checksum
            FROM rocket.cache_days d JOIN rocket.cache_manifest m USING (specification_hash, day)
            WHERE d.specification_hash = $1 AND d.day = $2::text::date ORDER BY m.part
            """, [.text(specificationHash), .text(day.description)])
        guard let first = rows.first, try first.int("parts") == rows.count else { return nil }
        return CachedDay(
            day: day,
            entries: try rows.map { row in
                Entry(
                    day: day, part: try row.int("part"), path: try row.text("path"), bytes: try row.int("bytes"),
                    rows: try row.int("rows"), clicks: try row.int("clicks"), checksum: try row.text("checksum"))
            }, rejectedRows: try first.int("rejected_rows"), seenImpressions: try first.int("seen_impressions"),
            readImpressions: try first.intOrNil("impressions_read"),
            sharedIDs: try first.intOrNil("shared_id_impressions"), missedShare: try first.doubleOrNil("missed_share"))
    }

    /// Returns the `cache.directory` on this machine in which a specification's days were built last, preferring the
    /// model's jobs; nil if none was built here.
    public func folderHere(specificationHash: String, model: String) throws -> String? {
        try connection.execute(
            """
            SELECT folder FROM rocket.cache_copies WHERE content_hash = $1 AND host = $2 AND folder <> ''
            ORDER BY model <> $3, built_at DESC LIMIT 1
            """,
            [.text(specificationHash), .text(CachePlace(folder: ".", model: model).host), .text(model)]
        ).first?.text("folder")
    }

    /// Returns the mean share of clicks that the window missed on the cached days of the week before a day; nil if
    /// there are none.
    public func missedShare(before day: Day, specificationHash: String) throws -> Double? {
        try connection.execute(
            """
            SELECT avg(missed_share) AS share FROM rocket.cache_days
            WHERE specification_hash = $1 AND day < $2::text::date AND day >= $2::text::date - 7
            """, [.text(specificationHash), .text(day.description)]
        ).first?.doubleOrNil("share")
    }

    /// Makes a day's finished files valid, replacing earlier ones, and records everything known about them. Call it
    /// within the transaction that ends the build.
    func record(
        _ day: Day, _ shards: [(part: Int, shard: ExtractedShard)], _ account: DayAccount, specificationHash: String,
        model: String, snapshot: String, builderVersion: String, rejectedRowsKept: Int, copies: CacheCopies
    ) throws {
        let key: [Value] = [.text(specificationHash), .text(day.description)]
        try connection.execute(
            "DELETE FROM rocket.cache_manifest WHERE specification_hash = $1 AND day = $2::text::date", key)
        try connection.execute(
            "DELETE FROM rocket.cache_days WHERE specification_hash = $1 AND day = $2::text::date", key)
        let (clicks, seen) = (account.clicks, account.seen)
        let reasons = account.rejected.map { "\"\($0.rawValue)\":\($1)" }.sorted().joined(separator: ",")
        try connection.execute(
            """
            INSERT INTO rocket.cache_days (
                specification_hash, day, parts, rows, clicks, click_events, first_clicks, duplicate_clicks, late_clicks,
                early_clicks, orphan_clicks, ambiguous_clicks, missed_share, impressions_read, duplicate_impressions,
                repeated_impressions, shared_id_impressions, rejected_rows, rejected_reasons, seen_impressions,
                seen_impression_times, seen_clicked, seen_clicked_times, source_snapshot, builder_version)
            VALUES ($1, $2::text::date, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                $20, $21, $22, $23, $24, $25)
            """,
            key + [
                .int(shards.count), .int(account.used), .int(shards.reduce(0) { $0 + $1.shard.file.clicks }),
                .int(clicks.events), .int(clicks.first), .int(clicks.duplicates), .int(clicks.late), .int(clicks.early),
                .int(clicks.orphans), .int(clicks.ambiguous), clicks.missedShare.map { .double($0) } ?? .null,
                .int(account.read), .int(account.repeated.leftOut), .int(account.repeated.leftOut),
                .int(account.sharedIDs), .int(account.rejectedRows), .json("{\(reasons)}"), .int(seen.impressions),
                .int(Int(seen.impressionTimes)), .int(seen.clicked), .int(Int(seen.clickedTimes)), .text(snapshot),
                .text(builderVersion),
            ])
        for (part, shard) in shards {
            try connection.execute(
                """
                INSERT INTO rocket.cache_manifest (
                    specification_hash, day, part, model, path, bytes, rows, clicks, checksum, click_events,
                    first_clicks, duplicate_clicks, late_clicks, early_clicks, orphan_clicks, ambiguous_clicks,
                    duplicate_impressions, rejected_rows, source_snapshot, builder_version)
                VALUES ($1, $2::text::date, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                    $19, $20)
                """,
                key + [
                    .int(part), .text(model), .text(shard.file.path), .int(shard.file.bytes), .int(shard.file.rows),
                    .int(shard.file.clicks), .text(shard.file.checksum), .int(shard.account.events),
                    .int(shard.account.first), .int(shard.account.duplicates), .int(shard.account.late),
                    .int(shard.account.early), .int(shard.account.orphans), .int(shard.account.ambiguous),
                    .int(shard.repeated.leftOut), .int(shard.rejected.count), .text(snapshot), .text(builderVersion),
                ])
            try copies.record(
                shard.file.path, checksum: shard.file.checksum, of: specificationHash, on: day, part: part)
        }
        try copies.forget(of: specificationHash, on: day, from: shards.count)
        try recordDelays(clicks, key)
        try recordRejected(shards, key, limit: rejectedRowsKept)
    }

    private func recordDelays(_ account: ClickAccount, _ key: [Value]) throws {
        let edges = ClickAccount.ageEdges + [1 << 62]
        let rows = zip(edges, account.ages).map { "{\"edge\":\($0),\"clicks\":\($1)}" }
        try connection.execute(
            """
            INSERT INTO rocket.click_delays (specification_hash, day, below_seconds, clicks)
            SELECT $1, $2::text::date, r.edge, r.clicks
            FROM jsonb_to_recordset($3::jsonb) AS r (edge bigint, clicks bigint)
            """, key + [.json("[\(rows.joined(separator: ","))]")])
    }

    private func recordRejected(
        _ shards: [(part: Int, shard: ExtractedShard)], _ key: [Value], limit: Int
    ) throws {
        let rows = shards.flatMap { part, shard in shard.rejected.kept.map { (part, $0) } }.prefix(limit)
        for (part, row) in rows {
            try connection.execute(
                """
                INSERT INTO rocket.rejected_rows (specification_hash, day, part, key, feature, reason)
                VALUES ($1, $2::text::date, $3, $4, $5, $6)
                """,
                key + [.int(part), row.key.map { .text($0) } ?? .null, .text(row.feature), .text(row.reason)])
        }
    }
}

/// A day whose cache files are valid.
public struct CachedDay: Equatable, Sendable {
    public var day: Day
    /// The files in the order of their parts, which is time order.
    public var entries: [CacheManifest.Entry]
    /// Impressions that were rejected.
    public var rejectedRows: Int
    /// Impressions with an id in the log, including the rejected ones.
    public var seenImpressions: Int
    /// All impressions in the log; nil if the day was built by an earlier release, which did not count them.
    public var readImpressions: Int?
    /// Impressions that share their id with another one; nil likewise.
    public var sharedIDs: Int?
    /// The share of the clicks that came after the window.
    public var missedShare: Double?

    public var rows: Int { entries.reduce(0) { $0 + $1.rows } }
    public var clicks: Int { entries.reduce(0) { $0 + $1.clicks } }
    public var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }
}
