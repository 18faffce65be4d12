import AdLogs
import Days
import Dispatch
import Foundation
import Postgres

extension Extraction {
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
                    built.append(try naming(day) { try Self.countingAnew { try lead(day, learned, progress) } })
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

    /// Repeats work that found counts gone which were there moments ago; each attempt counts missing days anew.
    static func countingAnew<Result>(_ body: () throws -> Result) throws -> Result {
        for _ in 0..<2 {
            do { return try body() } catch ExtractionError.counts {}
        }
        return try body()
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
        let mark = BuildMark(of: build.id, exported, snapshot, in: build.folder)
        // Without it nobody helps; what is wrong with the folder, its files will say.
        try? mark.write()
        defer { mark.remove() }
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
            // Files in another folder would be of no use to the leading process, nor would files at other paths.
            other.folder == options.directory, other.mark(in: folder(of: day)).isThere,
            try builds.hasFreeShard(other.id), let history = try self.history(of: other, day)
        else { return false }
        let logDays = LogDays(learned.source)
        let range = try logDays.instants(of: day, on: source)
        let build = DayBuild(
            id: other.id, day: day, specification: learned,
            attribution: try Attribution(learned.source, on: source),
            offsets: try logDays.zoneOffsets(in: range, on: source), exportedSnapshot: other.exportedSnapshot,
            snapshot: other.snapshot, folder: folder(of: day), history: history, scratchFolder: options.directory)
        return try work(on: build, progress: { try progress(day, $0) }, finished: { _, _ in }).shards > 0
    }

    /// Returns what the rows of another process's build read, which stays the same as long as the build lasts; nil if
    /// its counts are not on this machine, so that its leading process must do without this one.
    private func history(of other: BuildTable.OtherBuild, _ day: Day) throws -> DayHistory? {
        if let helped, helped.build == other.id { return helped.history }
        helped = nil
        do {
            helped = (
                other.id,
                try DayHistory(
                    specification.historyKeys(), other.history, asOf: day, folder: options.directory,
                    threads: options.workers)
            )
        } catch ExtractionError.counts {
            helped = (other.id, nil)
        }
        return helped?.history
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
