import AdLogs
import Days
import FeatureCache
import Postgres

/// The table `rocket.cache_manifest`: which cache files are valid.
public struct CacheManifest {
    private let connection: Connection

    public init(_ connection: Connection) {
        self.connection = connection
    }

    /// A day's valid cache file, as the manifest remembers it.
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

    /// The entry of a day, nil when the day was not extracted under this specification.
    public func entry(specificationHash: String, day: Day) throws -> Entry? {
        try connection.execute(
            """
            SELECT day, part, path, bytes, rows, clicks, checksum FROM rocket.cache_manifest
            WHERE specification_hash = $1 AND day = $2::text::date AND part = 0
            """, [.text(specificationHash), .text(day.description)]
        ).first.map { row in
            Entry(
                day: try row.day("day"), part: try row.int("part"), path: try row.text("path"),
                bytes: try row.int("bytes"), rows: try row.int("rows"), clicks: try row.int("clicks"),
                checksum: try row.text("checksum"))
        }
    }

    /// Makes a finished file valid, in place of an earlier one of the same day.
    public func record(
        _ entry: Entry, specificationHash: String, model: String, attribution: AttributionCounts, snapshot: String,
        builderVersion: String
    ) throws {
        try connection.execute(
            """
            INSERT INTO rocket.cache_manifest (
                specification_hash, day, part, model, path, bytes, rows, clicks, checksum, click_events,
                duplicate_clicks, late_clicks, early_clicks, orphan_clicks, source_snapshot, builder_version)
            VALUES ($1, $2::text::date, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            ON CONFLICT (specification_hash, day, part) DO UPDATE SET
                model = excluded.model, path = excluded.path, bytes = excluded.bytes, rows = excluded.rows,
                clicks = excluded.clicks, checksum = excluded.checksum, click_events = excluded.click_events,
                duplicate_clicks = excluded.duplicate_clicks, late_clicks = excluded.late_clicks,
                early_clicks = excluded.early_clicks, orphan_clicks = excluded.orphan_clicks,
                source_snapshot = excluded.source_snapshot, builder_version = excluded.builder_version,
                built_at = now()
            """,
            [
                .text(specificationHash), .text(entry.day.description), .int(entry.part), .text(model),
                .text(entry.path), .int(entry.bytes), .int(entry.rows), .int(entry.clicks), .text(entry.checksum),
                .int(attribution.events), .int(attribution.duplicates), .int(attribution.late),
                .int(attribution.early), .int(attribution.orphans), .text(snapshot), .text(builderVersion),
            ])
    }
}
