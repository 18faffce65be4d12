import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import Postgres
import Synchronization

/// One worker of an extraction: one connection that reads the logs at the build's snapshot, and two that hold claims on
/// shards in turn, so that one shard's file is finished while the next one is read. A worker that dies loses its
/// connections, and with them its claims. Used by one thread at a time.
final class ShardWorker: @unchecked Sendable {
    private let source: Connection
    private let claims: [ShardClaim]

    init(_ databases: Extraction.Databases) throws {
        source = try Connection(databases.source, applicationName: "rocket extract, reading")
        claims = try (0..<2).map { _ in
            ShardClaim(try Connection(databases.results, applicationName: "rocket extract, claims"))
        }
    }

    /// Extracts shards of a build until no unclaimed one is left.
    ///
    /// - Parameter finished: Called with the path and contents of each file that this worker finished.
    /// - Returns: False if the build's snapshot is gone because its leading process ended.
    func work(
        on build: DayBuild, outcome: CrewOutcome, progress: (Int) throws -> Void,
        finished: @escaping @Sendable (String, ShardTally) -> Void
    ) throws -> Bool {
        guard try begin(build) else { return false }
        defer {
            for claim in claims { claim.wait() }
            try? source.script("ROLLBACK")
        }
        let extractor = try ShardExtractor(
            build.specification, attribution: build.attribution, connection: source, offsets: build.offsets,
            counting: ShardExtractor.Counting(
                keys: build.history.keys, history: build.history, scratchFolder: build.scratchFolder))
        var turn = 0
        while !outcome.hasFailed {
            let claim = claims[turn]
            claim.wait()
            guard let shard = try claim.take(from: build) else { break }
            do {
                let extracted = try extractor.extract(shard, into: build.folder, progress: progress)
                claim.finish(extracted, shard.part, of: build, outcome, finished)
            } catch {
                claim.abandon()
                throw error
            }
            turn = 1 - turn
        }
        return true
    }

    /// Opens a transaction that sees the build's snapshot.
    private func begin(_ build: DayBuild) throws -> Bool {
        let snapshot = try source.quoteLiteral(build.exportedSnapshot)
        do {
            // The log is read once, in index order: neither parallel plans nor JIT compilation pay off.
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

    /// Returns whether the server reports a snapshot whose transaction has ended.
    private static func isGone(_ sqlState: String?) -> Bool {
        ["22023", "42704", "55000"].contains(sqlState)
    }
}

/// The combined outcome of a process's workers.
final class CrewOutcome: Sendable {
    private let state = Mutex(State())

    private struct State {
        var rows = 0
        var shards = 0
        var isGone = false
        var failure: (any Error)?
    }

    /// Whether a worker failed; the others then stop after their current shard.
    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

    func snapshotIsGone() { state.withLock { $0.isGone = true } }

    func countShard() { state.withLock { $0.shards += 1 } }

    /// Counts rows and reports their sum, on one thread at a time.
    func add(rows: Int, then report: (Int) throws -> Void) throws {
        try state.withLock {
            $0.rows += rows
            try report($0.rows)
        }
    }

    func result() throws -> (shards: Int, isThere: Bool) {
        let (failure, shards, isGone) = state.withLock { ($0.failure, $0.shards, $0.isGone) }
        if let failure { throw failure }
        return (shards, !isGone)
    }
}
