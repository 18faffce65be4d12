import AdLogs
import Days
import Dispatch
import Files
import Foundation
import KeyCounts
import Postgres
import Synchronization

/// The counts of days by the keys of histories: made with the day's cache files, or by a pass of their own for days
/// that are not extracted.
struct DayCounting {
    let specification: ExtractionSpecification
    let databases: Extraction.Databases
    let options: Extraction.Options
    /// The connection to the logs.
    let source: Connection
    /// The connection to the job's tables.
    let connection: Connection

    private var manifest: CountsManifest {
        CountsManifest(
            connection: connection,
            place: CachePlace(folder: options.directory, model: options.model, jobFile: options.jobFile))
    }

    /// Returns what is known of all keys before a day, after counting the days that are not counted yet.
    ///
    /// - Parameter progress: Called now and then, by one thread at a time; an error it throws ends the count.
    /// - Throws: `PostgresError.lockHeld` if somebody holds a day's lock for long who does not count it.
    func history(asOf day: Day, progress: () throws -> Void) throws -> DayHistory {
        let keys = try specification.historyKeys()
        if !keys.isEmpty { try count(keys, before: day, progress) }
        let entries = try keys.flatMap { try self.entries(of: $0, asOf: day) }
        return try DayHistory(keys, entries, asOf: day, folder: options.directory, threads: options.workers)
    }

    /// The counts that a key's windows hold as of a day.
    private func entries(of key: HistoryKey, asOf day: Day) throws -> [CountsManifest.Entry] {
        let days = day.advanced(by: key.days.lowerBound)...day.advanced(by: key.days.upperBound)
        return try manifest.entries(key, in: days).filter { entry in
            key.windows.contains { $0.days.contains(day.distance(to: entry.day)) }
        }
    }

    /// Counts the days before a day that the windows need and that are not counted, several at once.
    private func count(_ keys: [HistoryKey], before day: Day, _ progress: () throws -> Void) throws {
        let first = keys.map(\.days.lowerBound).min() ?? 0
        let last = keys.map(\.days.upperBound).max() ?? 0
        let present = try LogDays(specification.source).present(
            in: day.advanced(by: first)...day.advanced(by: last), on: source)
        var wanted = try missing(keys, before: day, of: present)
        var wait = DayWait(specification.hash, patience: options.patience, on: connection)
        while !wanted.isEmpty {
            var locked: [(day: Day, keys: [HistoryKey], lock: DayLock)] = []
            defer { for entry in locked { try? entry.lock.release() } }
            for entry in wanted where locked.count < options.workers {
                // A process that extracts the day counts it too.
                if let lock = try DayLock(specification.hash, entry.day, on: connection) {
                    locked.append((entry.day, entry.keys, lock))
                }
            }
            try progress()
            if locked.isEmpty {
                try wait.wait(for: wanted.map(\.day))
            } else {
                wait.restart()
                // Another process may have counted them since they were looked at.
                let still = try missing(keys, before: day, of: locked.map(\.day))
                try countAtOnce(still, progress)
            }
            wanted = try missing(keys, before: day, of: present)
        }
    }

    /// The keys whose counts of a day are missing, or damaged, for each such day.
    private func missing(
        _ keys: [HistoryKey], before day: Day, of days: [Day]
    ) throws -> [(day: Day, keys: [HistoryKey])] {
        var missing: [Day: [HistoryKey]] = [:]
        for key in keys {
            let there = Set(try entries(of: key, asOf: day).filter { $0.open() != nil }.map(\.day))
            for counted in days where !there.contains(counted) {
                guard key.windows.contains(where: { $0.days.contains(day.distance(to: counted)) }) else { continue }
                missing[counted, default: []].append(key)
            }
        }
        return missing.sorted { $0.key.ordinal < $1.key.ordinal }.map { ($0.key, $0.value) }
    }

    /// Counts days in as many threads, each with its own connection.
    private func countAtOnce(_ days: [(day: Day, keys: [HistoryKey])], _ progress: () throws -> Void) throws {
        let outcome = CrewOutcome()
        // Called only under the outcome's lock.
        nonisolated(unsafe) let progress = progress
        let results = Mutex<[Int: Result<CountedDay, any Error>]>([:])
        let (counting, settings) = (self.passes, databases.source)
        DispatchQueue.concurrentPerform(iterations: days.count) { index in
            let result = Result {
                let connection = try Connection(settings, applicationName: "rocket extract, counting")
                return try counting.count(days[index].day, by: days[index].keys, on: connection) { rows in
                    try outcome.add(rows: rows) { _ in try progress() }
                }
            }
            results.withLock { $0[index] = result }
        }
        for (index, entry) in days.enumerated() {
            guard let result = results.withLock({ $0[index] }) else { continue }
            let counted = try result.get()
            try connection.transaction { _ in
                try record(counted.files, by: entry.keys, counted.seen, of: entry.day)
            }
        }
    }

    private var passes: CountingPass {
        CountingPass(specification: specification, directory: options.directory)
    }

    /// Counts a day again, whatever is there.
    func recount(_ day: Day) throws {
        let keys = try specification.historyKeys()
        guard !keys.isEmpty else { return }
        try countAtOnce([(day, keys)]) {}
    }

    /// Adds up the shards of a day that was extracted.
    func merge(_ shards: [ExtractedShard], of day: Day) throws -> [CountsFile] {
        try specification.historyKeys().enumerated().map { index, key in
            let runs = try shards.compactMap { shard in shard.counts.map { $0[index] } }.map { file in
                guard
                    let counts = CountsFile.open(file.path, key: key.hash, day: day, checksum: file.checksum)
                else { throw ExtractionError.counts(path: file.path) }
                return counts
            }
            return try CountsFile.write(
                runs, in: key.folder(below: options.directory, day), name: "counts", key: key.hash, day: day)
        }
    }

    /// Removes the shards' files.
    func removeShards(_ shards: [ExtractedShard]) {
        for file in shards.flatMap({ $0.counts ?? [] }) {
            let url = URL(fileURLWithPath: file.path)
            _ = try? OwnFiles(in: url.deletingLastPathComponent().path, .countsFile).remove(url.lastPathComponent)
        }
    }

    /// Makes a day's counts by all keys valid.
    func record(_ files: [CountsFile], _ seen: SeenLogs, of day: Day) throws {
        try record(files, by: specification.historyKeys(), seen, of: day)
    }

    private func record(_ files: [CountsFile], by keys: [HistoryKey], _ seen: SeenLogs, of day: Day) throws {
        guard !keys.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let source = String(decoding: try encoder.encode(specification.source), as: UTF8.self)
        // In an order that all jobs share, so that no two of them wait for each other's rows.
        for (key, file) in zip(keys, files).sorted(by: { $0.0.hash < $1.0.hash }) {
            try manifest.record(file, key, day, seen, source: source)
        }
    }
}

/// A day's counts by some keys.
struct CountedDay: Sendable {
    var files: [CountsFile]
    var seen: SeenLogs
}

/// A pass over a day's logs that reads the columns of keys, and the labels.
struct CountingPass: Sendable {
    let specification: ExtractionSpecification
    let directory: String

    /// - Parameters:
    ///   - connection: A connection to the logs, outside of a transaction.
    ///   - progress: Called with the number of rows since its last call.
    func count(
        _ day: Day, by keys: [HistoryKey], on connection: Connection, progress: (Int) throws -> Void
    ) throws -> CountedDay {
        let reduced = specification.counting(keys)
        let days = LogDays(reduced.source)
        try connection.script(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
            SET LOCAL idle_in_transaction_session_timeout = 0;
            SET LOCAL statement_timeout = 0;
            SET LOCAL max_parallel_workers_per_gather = 0;
            SET LOCAL jit = off;
            SET LOCAL work_mem = '64MB';
            """)
        defer { try? connection.script("ROLLBACK") }
        let range = try days.instants(of: day, on: connection)
        let extractor = try ShardExtractor(
            reduced, attribution: try Attribution(reduced.source, on: connection),
            connection: connection, offsets: try days.zoneOffsets(in: range, on: connection),
            counting: ShardExtractor.Counting(keys: keys, history: nil, scratchFolder: directory))
        var (runs, seen) = ([[SortedCounts]](repeating: [], count: keys.count), SeenLogs())
        for (part, shard) in range.parts(specification.shards).enumerated() {
            let counted = try extractor.count(.init(day: day, part: part, range: shard), progress: progress)
            for key in keys.indices { runs[key] += counted.runs[key] }
            seen = seen + counted.seen
        }
        let files = try zip(keys, runs).map { key, runs in
            try CountsFile.write(
                runs, in: key.folder(below: directory, day), name: "counts", key: key.hash, day: day)
        }
        return CountedDay(files: files, seen: seen)
    }
}
