import AdLogs
import Days
import Dispatch
import FeatureCache
import Features
import Foundation
import KeyCounts
import Postgres

/// The extraction of days of logs into valid cache files. Several processes, on several machines that share the cache's
/// folder, may run it at once: one of them leads each day, and all work on its shards.
public final class Extraction {
    private let specification: ExtractionSpecification
    private let databases: Databases
    private let options: Options
    private let connection: Connection
    private let source: Connection
    private let manifest: CacheManifest
    let place: CachePlace
    let copies: CacheCopies
    private let builds: BuildTable
    private var workers: [ShardWorker] = []
    /// The last build of another process that this one worked on.
    private var helped: (build: Int, history: DayHistory)?

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

    /// Builds days, regardless of existing files.
    ///
    /// - Parameter progress: Called with the day and its rows so far, by one thread at a time; an error it throws ends
    ///   the build.
    /// - Returns: The days in order of completion.
    /// - Throws: `PostgresError.lockHeld` if somebody holds a day's lock for long who does not build it.
    public func build(_ days: [Day], progress: (Day, Int) throws -> Void) throws -> [BuiltDay] {
        guard let first = days.min() else { return [] }
        try connection.sharedAdvisoryLock(Self.cacheLock)
        defer { try? connection.releaseSharedAdvisoryLock(Self.cacheLock) }
        let started = try connection.execute("SELECT clock_timestamp()::text AS now").first?.text("now") ?? ""
        var learned = specification
        learned.features = try learnedFeatures(from: first)
        var pending = days
        var built: [BuiltDay] = []
        defer { helped = nil }
        var wait = DayWait(specification.hash, patience: options.patience, on: connection)
        while !pending.isEmpty {
            var advanced = false
            for day in pending {
                guard let lock = try DayLock(specification.hash, day, on: connection) else { continue }
                defer { try? lock.release() }
                pending.removeAll { $0 == day }
                advanced = true
                // Another process may have led and finished it since this one started.
                if let other = try builtSince(started, day) {
                    built.append(other)
                } else {
                    built.append(try naming(day) { try lead(day, learned, progress) })
                }
            }
            for day in pending {
                if try help(day, learned, progress) { advanced = true }
            }
            if advanced {
                wait.restart()
            } else if !pending.isEmpty {
                try wait.wait(for: pending)
            }
        }
        return built
    }

    /// Finds the row and column of a text that the server could not send.
    private func naming(_ day: Day, _ body: () throws -> BuiltDay) throws -> BuiltDay {
        do {
            return try body()
        } catch PostgresError.server(let error) where error.isEncoding {
            let range = try LogDays(specification.source).instants(of: day, on: source)
            throw try SourceCheck(specification).unreadable(in: range, on: source).first ?? PostgresError.server(error)
        }
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

    private func builtSince(_ start: String, _ day: Day) throws -> BuiltDay? {
        let isNewer = try connection.execute(
            """
            SELECT 1 FROM rocket.cache_days
            WHERE specification_hash = $1 AND day = $2::text::date AND built_at >= $3::text::timestamptz
            """, [.text(specification.hash), .text(day.description), .text(start)])
        guard !isNewer.isEmpty, let cached = try valid(day) else { return nil }
        return BuiltDay(cached: cached, account: nil, previous: nil)
    }

    /// Builds a day as its leading process: exports the snapshot, works on the shards, makes the files valid.
    private func lead(
        _ day: Day, _ learned: ExtractionSpecification, _ progress: (Day, Int) throws -> Void
    ) throws -> BuiltDay {
        let previous = try manifest.day(day, specificationHash: specification.hash)
        let history = try dayCounting.history(asOf: day) { try progress(day, 0) }
        let moment = try Connection(databases.source, applicationName: "rocket extract, snapshot")
        try moment.script(
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
        let names = try moment.execute(
            "SELECT pg_export_snapshot() AS exported, pg_current_snapshot()::text AS snapshot")
        let exported = try names[names.startIndex].text("exported")
        let snapshot = try names[names.startIndex].text("snapshot")
        let logDays = LogDays(learned.source)
        let range = try logDays.instants(of: day, on: moment)
        let build = DayBuild(
            id: try builds.open(
                day, specification: learned, exportedSnapshot: exported, snapshot: snapshot, range: range,
                history: history.entries, folder: options.directory), day: day,
            specification: learned, attribution: try Attribution(learned.source, on: moment),
            offsets: try logDays.zoneOffsets(in: range, on: moment), exportedSnapshot: exported, snapshot: snapshot,
            folder: folder(of: day), history: history, scratchFolder: options.directory)
        let tally = DayTally(learned.features)
        var shards: [(part: Int, shard: ExtractedShard)] = []
        while shards.count < learned.shards {
            let isThere = try work(on: build, progress: { try progress(day, $0) }, finished: { tally.add($0, $1) })
                .isThere
            // Only the end of its own transaction invalidates a snapshot.
            guard isThere else { throw PostgresError.connectionLost(message: "the snapshot \(exported) is gone") }
            shards = try builds.finished(build.id)
            // Other processes work on the remaining shards; when one of them dies, its shard is free again.
            if shards.count < learned.shards { usleep(50_000) }
        }
        for shard in shards { try tally.add(fileAt: shard.shard.file.path) }
        let account = try DayAccount(day, shards, sharedIDs: tally.sharedIDs)
        let counts = try dayCounting.merge(shards.map(\.shard), of: day)
        let statistics = try tally.finish(FeatureHistory(specification.hash, before: day, on: connection))
        withExtendedLifetime(moment) {}
        try connection.transaction { connection in
            try manifest.record(
                day, shards, account, specificationHash: specification.hash, model: options.model, snapshot: snapshot,
                builderVersion: options.builderVersion, rejectedRowsKept: options.rejectedRowsKept, copies: copies)
            try FeatureStatistics.record(statistics, specification.hash, day, on: connection)
            try dayCounting.record(counts, account.seen, of: day)
            try CountsManifest(connection: connection, place: place).recordUse(
                history, specificationHash: specification.hash, day: day)
            try builds.close(build.id)
        }
        dayCounting.removeShards(shards.map(\.shard))
        guard let cached = try manifest.day(day, specificationHash: specification.hash) else {
            throw PostgresError.unexpectedValue(
                column: "rocket.cache_days.day", found: nil, expected: "\(day), which was just written")
        }
        return BuiltDay(
            cached: cached, account: account, previous: previous, missingHistory: history.missing(asOf: day),
            historyDays: (Set(history.entries.map(\.day)).count, history.windowDays.count))
    }

    /// Works on shards of a day that another process leads.
    ///
    /// - Returns: Whether there was any.
    private func help(
        _ day: Day, _ learned: ExtractionSpecification, _ progress: (Day, Int) throws -> Void
    ) throws -> Bool {
        guard let other = try builds.find(day, specificationHash: specification.hash),
            // Files in another folder would be of no use to the leading process.
            other.folder == nil || other.folder == options.directory, try builds.hasFreeShard(other.id)
        else { return false }
        let logDays = LogDays(learned.source)
        let range = try logDays.instants(of: day, on: source)
        let build = DayBuild(
            id: other.id, day: day, specification: learned,
            attribution: try Attribution(learned.source, on: source),
            offsets: try logDays.zoneOffsets(in: range, on: source), exportedSnapshot: other.exportedSnapshot,
            snapshot: other.snapshot, folder: folder(of: day),
            history: try history(of: other, day), scratchFolder: options.directory)
        return try work(on: build, progress: { try progress(day, $0) }, finished: { _, _ in }).shards > 0
    }

    /// Returns what the rows of another process's build read, which stays the same as long as the build lasts.
    private func history(of other: BuildTable.OtherBuild, _ day: Day) throws -> DayHistory {
        if let helped, helped.build == other.id { return helped.history }
        helped = nil
        let history = try DayHistory(
            specification.historyKeys(), other.history, asOf: day, folder: options.directory)
        helped = (other.id, history)
        return history
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
        return HistorySnapshot(try dayCounting.history(asOf: day) {}, asOf: day, hash: hash)
    }

    private var dayCounting: DayCounting {
        DayCounting(
            specification: specification, databases: databases, options: options, source: source,
            connection: connection)
    }

    private func folder(of day: Day) -> String {
        "\(options.directory)/\(specification.hash.prefix(16))/day=\(day)"
    }

    /// Runs the workers until no unclaimed shard is left.
    ///
    /// - Parameters:
    ///   - progress: Called with the rows of all workers so far, by one of them at a time.
    ///   - finished: Called with each finished file's path and contents.
    /// - Returns: The number of finished shards, and whether the build's leading process was still there.
    private func work(
        on build: DayBuild, progress: (Int) throws -> Void, finished: @escaping @Sendable (String, ShardTally) -> Void
    ) throws -> (shards: Int, isThere: Bool) {
        while workers.count < min(options.workers, specification.shards) {
            workers.append(try ShardWorker(databases))
        }
        let crew = workers
        let outcome = CrewOutcome()
        // Called only under the outcome's lock.
        nonisolated(unsafe) let progress = progress
        DispatchQueue.concurrentPerform(iterations: crew.count) { index in
            do {
                let isThere = try crew[index].work(
                    on: build, outcome: outcome, progress: { count in try outcome.add(rows: count, then: progress) },
                    finished: finished)
                if !isThere { outcome.snapshotIsGone() }
            } catch {
                outcome.fail(error)
            }
        }
        return try outcome.result()
    }
}

/// A day that has just become valid.
public struct BuiltDay: Sendable {
    public var cached: CachedDay
    /// The day's account; nil if another process led the build.
    public var account: DayAccount?
    /// The files that were valid before.
    public var previous: CachedDay?
    /// Days of the histories' windows that have no impressions, apart from those before the log began.
    public var missingHistory: [Day] = []
    /// How many days the histories' windows have, and how many of them the log.
    public var historyDays = (counted: 0, of: 0)
}
