import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import Postgres
import Synchronization

/// One worker of an extraction: two connections, one that reads the logs at the build's moment, one that holds the claim
/// on a shard. A worker that dies loses both, and with them its claim. Used by one thread at a time.
final class ShardWorker: @unchecked Sendable {
    private let source: Connection
    private let claims: Connection

    init(_ settings: ConnectionSettings) throws {
        source = try Connection(settings, applicationName: "rocket extract, reading")
        claims = try Connection(settings, applicationName: "rocket extract, claims")
    }

    /// Extracts shards of a build until none is left that nobody works on.
    ///
    /// - Parameter finished: told the path of each file that this worker finished.
    /// - Returns: false when the build's snapshot is gone, because its leading process ended.
    func work(
        on build: DayBuild, outcome: CrewOutcome, progress: (Int) -> Void, finished: (String) -> Void
    ) throws -> Bool {
        guard try begin(build) else { return false }
        defer { try? source.script("ROLLBACK") }
        let extractor = ShardExtractor(
            specification: build.specification, attribution: build.attribution, connection: source,
            offsets: build.offsets)
        while !outcome.hasFailed {
            guard let path = try extractOne(of: build, by: extractor, progress) else { break }
            outcome.countShard()
            finished(path)
        }
        return true
    }

    /// Claims, extracts and finishes one shard in one transaction.
    ///
    /// - Returns: the file's path; nil when no shard is free.
    private func extractOne(
        of build: DayBuild, by extractor: ShardExtractor, _ progress: (Int) -> Void
    ) throws -> String? {
        try claims.transaction { claims -> String? in
            try claims.script("SET LOCAL idle_in_transaction_session_timeout = 0")
            guard let shard = try claim(build, on: claims) else { return nil }
            let extracted = try extractor.extract(shard, into: build.folder, progress: progress)
            let result = String(decoding: try JSONEncoder().encode(extracted), as: UTF8.self)
            try claims.execute(
                "UPDATE rocket.extraction_shards SET path = $3, result = $4 WHERE build_id = $1 AND part = $2",
                [.int(build.id), .int(shard.part), .text(extracted.file.path), .json(result)])
            return extracted.file.path
        }
    }

    /// Opens a transaction that sees the build's moment.
    private func begin(_ build: DayBuild) throws -> Bool {
        let snapshot = try source.quoteLiteral(build.exportedSnapshot)
        do {
            // A log is read once and in its own order: neither parallel plans nor compiled expressions pay.
            try source.script(
                """
                BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
                SET TRANSACTION SNAPSHOT \(snapshot);
                SET LOCAL idle_in_transaction_session_timeout = 0;
                SET LOCAL statement_timeout = 0;
                SET LOCAL max_parallel_workers_per_gather = 0;
                SET LOCAL jit = off;
                SET LOCAL work_mem = '64MB';
                """)
            return true
        } catch {
            try? source.script("ROLLBACK")
            guard Self.isGone(error.sqlState) else { throw error }
            return false
        }
    }

    /// What the server says of a snapshot whose transaction has ended.
    private static func isGone(_ sqlState: String?) -> Bool {
        ["22023", "42704", "55000"].contains(sqlState)
    }

    private func claim(_ build: DayBuild, on claims: Connection) throws -> ShardExtractor.Shard? {
        try claims.execute(
            """
            SELECT part, first_microsecond, next_microsecond FROM rocket.extraction_shards
            WHERE build_id = $1 AND path IS NULL ORDER BY part LIMIT 1 FOR UPDATE SKIP LOCKED
            """, [.int(build.id)]
        ).first.map { row in
            let range = Instant(microseconds: Int64(try row.int("first_microsecond")))
            return ShardExtractor.Shard(
                day: build.day, part: try row.int("part"),
                range: range..<Instant(microseconds: Int64(try row.int("next_microsecond"))))
        }
    }
}

/// What the workers of a process came to together.
final class CrewOutcome: Sendable {
    private let state = Mutex(State())

    private struct State {
        var rows = 0
        var shards = 0
        var isGone = false
        var failure: (any Error)?
    }

    /// The others stop after the shard at hand.
    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

    func snapshotIsGone() { state.withLock { $0.isGone = true } }

    func countShard() { state.withLock { $0.shards += 1 } }

    /// Counts rows and tells their sum, to one thread at a time.
    func add(rows: Int, then report: (Int) -> Void) {
        state.withLock {
            $0.rows += rows
            report($0.rows)
        }
    }

    func result() throws -> (shards: Int, isThere: Bool) {
        let (failure, shards, isGone) = state.withLock { ($0.failure, $0.shards, $0.isGone) }
        if let failure { throw failure }
        return (shards, !isGone)
    }
}
