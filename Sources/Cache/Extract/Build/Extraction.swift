import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import Postgres

/// The extraction of days of logs into valid cache files. Several processes, on several machines that share the cache's
/// folder, may run it at once: one of them leads each day, and all work on its shards.
public final class Extraction {
    let specification: ExtractionSpecification
    let databases: Databases
    let options: Options
    let connection: Connection
    let source: Connection
    let manifest: CacheManifest
    let place: CachePlace
    let copies: CacheCopies
    let builds: BuildTable
    var workers: [ShardWorker] = []
    /// The last build of another process that this one looked at; the history is nil if this process lacks its counts.
    var helped: (build: Int, history: DayHistory?)?

    /// The databases of the logs and of the job's tables; usually the same one.
    public struct Databases: Sendable {
        public var source: ConnectionSettings
        public var results: ConnectionSettings

        public init(source: ConnectionSettings, results: ConnectionSettings) {
            self.source = source
            self.results = results
        }
    }

    public struct Options: Sendable {
        /// Root of the cache, absolute; each specification's files are in their own folder below it.
        public var directory: String
        /// Number of workers in this process, with three connections each.
        public var workers: Int
        /// The model name that the manifest records as the builder.
        public var model: String
        /// Path of the job file, which the manifest records, too.
        public var jobFile: String
        public var builderVersion: String
        /// The most rows of a day that go to `rocket.rejected_rows`; all of them are counted.
        public var rejectedRowsKept: Int
        /// How long to wait for a day whose lock somebody holds who does not work on the day.
        public var patience: Duration

        public init(
            directory: String, workers: Int, model: String, jobFile: String = "", builderVersion: String,
            rejectedRowsKept: Int = 1_000, patience: Duration = .seconds(60)
        ) {
            self.directory = CachePlace.absolute(directory)
            self.workers = workers
            self.model = model
            self.jobFile = jobFile
            self.builderVersion = builderVersion
            self.rejectedRowsKept = rejectedRowsKept
            self.patience = patience
        }
    }

    /// - Parameters:
    ///   - databases: The databases to which the workers connect.
    ///   - source: A connection to look at the logs; the workers read the days themselves.
    ///   - connection: The connection for the job's tables.
    public init(
        _ specification: ExtractionSpecification, databases: Databases, options: Options, source: Connection,
        on connection: Connection
    ) {
        self.specification = specification
        self.databases = databases
        self.options = options
        self.source = source
        self.connection = connection
        manifest = CacheManifest(connection)
        place = CachePlace(folder: options.directory, model: options.model, jobFile: options.jobFile)
        copies = CacheCopies(connection: connection, place: place)
        builds = BuildTable(connection: connection)
    }

    /// Returns an extraction of another specification into the same folder, over the same connections.
    public func with(_ specification: ExtractionSpecification) -> Extraction {
        Extraction(specification, databases: databases, options: options, source: source, on: connection)
    }

    /// The lock that every extracting process shares, so that unfinished files are not taken for abandoned ones.
    public static let cacheLock = "rocket/cache"

    /// The folder of this job's files, absolute.
    var folder: String { options.directory }
    var specificationHash: String { specification.hash }

    /// Returns the day, with the paths at which its files are whole; nil if it must be built.
    public func valid(_ day: Day) throws -> CachedDay? {
        guard let cached = try manifest.day(day, specificationHash: specification.hash) else { return nil }
        return try find(cached).day
    }

    /// Returns what is wrong with a day's files, nil if nothing is: every frame is checked against its checksum.
    public func damage(of day: CachedDay) -> String? {
        day.entries.lazy.compactMap { self.damage(of: $0, on: day.day) }.first
    }

    /// Returns what is wrong with a file, likewise.
    func damage(of entry: CacheManifest.Entry, on day: Day) -> String? {
        do {
            let reader = try CacheReader(path: entry.path, expecting: expectation)
            guard reader.header.day == day else {
                return "\(entry.path): it is of \(reader.header.day), the manifest says \(day)"
            }
            guard reader.checksum == entry.checksum else {
                return "\(entry.path): its checksum is \(reader.checksum), the manifest says \(entry.checksum)"
            }
            try reader.verifyChecksums()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Returns the specification with the learned boundaries, learning them now if that has not happened yet.
    public func learnedFeatures(from day: Day) throws -> FeatureSpecification {
        try register()
        return try QuantileLearning(specification: specification, source: source, connection: connection)
            .features(learningFrom: day)
    }

    /// Returns the names of the fields of a cached day that have several ids, but no more than a few; those with the
    /// fewest first.
    public func fieldsWithFewIDs(on day: Day, most: Int) throws -> [String] {
        try connection.execute(
            """
            SELECT feature FROM rocket.feature_statistics
            WHERE specification_hash = $1 AND day = $2 AND distinct_ids BETWEEN 2 AND $3
            ORDER BY distinct_ids, feature
            """, [.text(specification.hash), .day(day), .int(most)]
        ).map { try $0.text("feature") }
    }

    /// The header contents expected of every cache file of this specification.
    public var expectation: CacheExpectation {
        CacheExpectation(
            specificationHash: specification.hash, fields: specification.features.cacheFields,
            numerics: specification.features.numerics.map(\.name))
    }

    /// Counts days again by the keys of histories, whatever is there; the days' cache files stay as they are.
    public func recount(_ days: [Day]) throws {
        try connection.sharedAdvisoryLock(Self.cacheLock)
        defer { try? connection.releaseSharedAdvisoryLock(Self.cacheLock) }
        for day in days { try dayCounting.recount(day) }
    }

    /// Returns what is known of the keys of histories before a day, after counting the days that are not counted yet;
    /// nil if there are no histories.
    public func history(asOf day: Day) throws -> HistorySnapshot? {
        guard let hash = try specification.historyHash() else { return nil }
        try connection.sharedAdvisoryLock(Self.cacheLock)
        defer { try? connection.releaseSharedAdvisoryLock(Self.cacheLock) }
        let history = try Self.countingAnew { try dayCounting.history(asOf: day) {} }
        return HistorySnapshot(history, asOf: day, hash: hash)
    }

    var dayCounting: DayCounting {
        DayCounting(
            specification: specification, databases: databases, options: options, source: source,
            connection: connection)
    }

    private func register() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try connection.execute(
            """
            INSERT INTO rocket.extraction_specifications (specification_hash, model, specification)
            VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
            """,
            [
                .text(specification.hash), .text(options.model),
                .json(String(decoding: try encoder.encode(specification), as: UTF8.self)),
            ])
    }
}
