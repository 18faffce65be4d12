import AdLogs
import CXXHash
import CounterRandom
import Days
import Extract
import FeatureCache
import Features
import Foundation
import Postgres
import TestSupport
import Testing

/// A table of logs with columns of every kind, and an extraction of it.
struct ExtractionFixture {
    let url: String
    let folder: String
    let connection: Connection

    static func run(_ body: (ExtractionFixture) throws -> Void) throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let connection = try TestDatabase.connect(url)
                try connection.script(
                    """
                    CREATE TABLE shown (
                        id text, at timestamptz, person uuid, ad bigint, slot smallint, member boolean, site text,
                        tags text[], codes integer[], price double precision, rank integer, age text, cost numeric);
                    CREATE INDEX ON shown (at);
                    CREATE INDEX ON shown (id);
                    CREATE TABLE clicked (id text, at timestamptz);
                    CREATE INDEX ON clicked (at);
                    CREATE INDEX ON clicked (id);
                    """)
                try body(ExtractionFixture(url: url, folder: folder, connection: connection))
            }
        }
    }

    static func feature(_ name: String, _ kind: Feature.Kind, column: String? = nil) -> Feature {
        Feature(name: name, column: column ?? name, kind: kind)
    }

    static let everyKind: [Feature] = [
        feature("person", .categorical), feature("ad", .categorical), feature("slot", .categorical),
        feature("member", .categorical), feature("site", .categorical),
        feature("cost_text", .categorical, column: "cost"),
        feature("tags", .multiValued), feature("codes", .multiValued), feature("price", .numeric),
        feature("rank", .numeric), feature("age", .numeric), feature("hour", .hourOfDay),
        feature("weekday", .dayOfWeek),
        Feature(name: "price_bucket", column: "price", kind: .bucketed, buckets: 4),
        Feature(name: "site_slot", column: "site_slot", kind: .cross, crossed: ["site", "slot"]),
        Feature(name: "hour_site", column: "hour_site", kind: .cross, hashBits: 20, crossed: ["hour", "site"]),
    ]

    func specification(
        _ features: [Feature] = everyKind, zone: String = "UTC", window: Int = 3_600, shards: Int = 3
    ) -> ExtractionSpecification {
        specification(
            of: LogSource(
                impressions: .init(table: "shown", id: "id", time: "at"),
                clicks: .init(table: "clicked", impressionID: "id", time: "at"),
                attributionWindow: AttributionWindow(seconds: window), timeZone: zone), features, group: "person",
            shards: shards)
    }

    func specification(
        of source: LogSource, _ features: [Feature], group: String? = nil, shards: Int = 3
    ) -> ExtractionSpecification {
        ExtractionSpecification(
            source: source, features: FeatureSpecification(features: features), group: group, trueProbability: nil,
            shards: shards, hash: Self.hex("\(source)-\(shards)-\(features.map(\.name).joined())"))
    }

    func extraction(_ specification: ExtractionSpecification, workers: Int = 2, cache: String = "cache") -> Extraction {
        Extraction(
            specification, databases: databases,
            options: .init(
                directory: "\(folder)/\(cache)", workers: workers, model: "test", builderVersion: "1",
                rejectedRowsKept: 5), source: connection, on: connection)
    }

    var databases: Extraction.Databases {
        Extraction.Databases(source: ConnectionSettings(url, access: .readOnly), results: ConnectionSettings(url))
    }

    func build(_ specification: ExtractionSpecification, _ day: String, workers: Int = 2) throws -> BuiltDay {
        let day = try #require(Day(day))
        return try #require(try extraction(specification, workers: workers).build([day]) { _, _ in }.first)
    }

    /// Random impressions around a moment, with early, late, duplicate and orphan clicks.
    func insertRandomLogs(count: Int, around start: String, days: Int, seed: UInt64) throws {
        var random = CounterRandom(seed: seed)
        var shown: [String] = []
        var clicked: [String] = []
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        for number in 0..<count {
            // Whole minutes make ties, and rows on the very borders of days.
            let second = below(days * 1_440) * 60
            let at = "'\(start)'::timestamptz + interval '\(second) seconds'"
            func value(_ text: String, missing: Int = 10) -> String { below(missing) == 0 ? "NULL" : text }
            shown.append(
                "('i\(number * 7_919 % count)', \(at), \(value("md5('\(below(30))')::uuid")), "
                    + "\(value("\(below(50) - 5)")), \(value("\(below(9))")), "
                    + "\(value(below(2) == 0 ? "true" : "false")), "
                    + "\(value("'s\(below(20)) é'")), \(value("ARRAY['a\(below(5))', NULL, 'b']")), "
                    + "\(value("ARRAY[\(below(99)), \(below(9))]")), \(value("\(below(1_000)) / 8.0")), "
                    + "\(value("\(below(7))")), \(value("'\(below(90))'")), \(value("\(below(1_000)) / 100.0")))")
            for _ in 0..<below(4) {
                let delay = below(9_000) - 1_800
                clicked.append("('i\(number * 7_919 % count)', \(at) + interval '\(delay) seconds')")
            }
            if below(20) == 0 { clicked.append("('nobody\(number)', \(at))") }
        }
        clicked.append("(NULL, '\(start)')")
        try connection.script("INSERT INTO shown VALUES \(shown.joined(separator: ","))")
        try connection.script("INSERT INTO clicked VALUES \(clicked.joined(separator: ","))")
    }

    /// All rows of a day's files, in order.
    static func rows(_ day: CachedDay) throws -> SparseBatch {
        var rows: SparseBatch?
        for entry in day.entries {
            let reader = try CacheReader(path: entry.path)
            try reader.verify()
            for number in 0..<reader.blockCount {
                let block = try reader.block(number)
                if rows == nil { rows = block } else { rows?.append(block) }
            }
        }
        return rows ?? SparseBatch()
    }

    /// Sixteen hexadecimal digits of a text.
    static func hex(_ text: String) -> String {
        String(XXH64(text, text.utf8.count, 1) | 1 << 63, radix: 16)
    }

    /// Key of an id, as the cache keeps it.
    static func key(_ id: String) -> UInt32 {
        UInt32(truncatingIfNeeded: XXH64(id, id.utf8.count, 0))
    }
}
