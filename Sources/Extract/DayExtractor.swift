import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import Postgres

/// Turns one day of logs into a valid cache file: attribution in SQL, binary COPY, hashing and transforms as the rows
/// stream by, blocks written as they fill. Memory does not depend on the number of rows.
public struct DayExtractor {
    private let specification: ExtractionSpecification
    private let directory: String
    private let model: String
    private let builderVersion: String

    /// - Parameters:
    ///   - directory: root of the cache; files of this specification lie in a folder of their own below it.
    ///   - model: model name that the manifest remembers as the builder.
    public init(
        specification: ExtractionSpecification, directory: String, model: String, builderVersion: String
    ) {
        self.specification = specification
        self.directory = directory
        self.model = model
        self.builderVersion = builderVersion
    }

    /// The day's entry if its file is there, unchanged and of this specification; nil when it must be built.
    ///
    /// Reads the file's header and index only; blocks are checked against their checksums as they are trained on.
    public func valid(_ day: Day, manifest: CacheManifest) throws -> CacheManifest.Entry? {
        guard let entry = try manifest.entry(specificationHash: specification.hash, day: day),
            let reader = try? CacheReader(path: entry.path, expecting: specification.hash),
            reader.checksum == entry.checksum, reader.header.day == day
        else { return nil }
        return entry
    }

    /// Builds the day's file and makes it valid.
    ///
    /// - Parameters:
    ///   - connection: of the logs; used in a read-only transaction, so that rows and counts are of one moment.
    ///   - progress: called now and then with the number of rows so far.
    public func extract(
        _ day: Day, on connection: Connection, manifest: CacheManifest, progress: (Int) -> Void
    ) throws -> ExtractedDay {
        let path = "\(directory)/\(specification.hash.prefix(16))/day=\(day)/part-0.lz4"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let writer = try CacheWriter(
            path: path, specificationHash: specification.hash, day: day, part: 0,
            fields: specification.features.fields.map {
                CacheField(
                    name: $0.name, rowsInTable: FeatureHasher($0).tableRows, multiValued: $0.kind == .multiValued)
            }, numerics: specification.features.numerics.map(\.name),
            hasTruth: specification.trueProbability != nil)
        do {
            var attribution = AttributionCounts()
            var snapshot = ""
            try connection.transaction { connection in
                try connection.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                snapshot =
                    try connection.execute("SELECT pg_current_snapshot()::text AS snapshot").first?
                    .text("snapshot") ?? ""
                try copy(day, from: connection, into: writer, progress: progress)
                attribution = try Attribution(specification.source, day: day).counts(on: connection)
            }
            let file = try writer.finish()
            let entry = CacheManifest.Entry(
                day: day, part: 0, path: path, bytes: file.bytes, rows: file.rows, clicks: file.clicks,
                checksum: file.checksum)
            try manifest.record(
                entry, specificationHash: specification.hash, model: model, attribution: attribution,
                snapshot: snapshot, builderVersion: builderVersion)
            return ExtractedDay(entry: entry, attribution: attribution)
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func copy(
        _ day: Day, from connection: Connection, into writer: CacheWriter, progress: (Int) -> Void
    ) throws {
        let select = try Attribution(specification.source, day: day)
            .query(selecting: try expressions(on: connection), on: connection)
        var builder = BatchBuilder(specification)
        var rows = 0
        try connection.copyOut("COPY (\(select)) TO STDOUT (FORMAT binary)") { row in
            try builder.append(&row)
            if builder.rows == Self.rowsPerAppend {
                try writer.append(builder.take())
                rows += Self.rowsPerAppend
                progress(rows)
            }
        }
        try writer.append(builder.take())
    }

    /// The select list after `clicked`, in the order that `BatchBuilder` reads.
    private func expressions(on connection: Connection) throws -> [String] {
        func column(_ name: String, _ type: String) throws -> String {
            "i.\(try connection.quoteIdentifier(name))::\(type)"
        }
        var list: [String] = []
        if let group = specification.group { list.append(try column(group, "text")) }
        if let truth = specification.trueProbability { list.append(try column(truth, "float8")) }
        for feature in specification.features.features {
            switch feature.kind {
            case .categorical: list.append(try column(feature.column, "text"))
            case .multiValued: list.append(try column(feature.column, "text[]"))
            case .numeric: list.append(try column(feature.column, "float8"))
            }
        }
        return list
    }

    private static let rowsPerAppend = 16_384
}

/// A day that has just been extracted.
public struct ExtractedDay: Sendable {
    public var entry: CacheManifest.Entry
    public var attribution: AttributionCounts
}
