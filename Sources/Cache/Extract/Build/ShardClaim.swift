import AdLogs
import Dispatch
import Foundation
import KeyCounts
import Postgres

/// A claim on a shard: a transaction that locks its row, on a separate connection. Used by one thread at a time, in
/// addition to the one that finishes the shard.
final class ShardClaim: @unchecked Sendable {
    private let connection: Connection
    private let ending = DispatchGroup()

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// Claims a shard that nobody works on; nil if there is none.
    func take(from build: DayBuild) throws -> ShardExtractor.Shard? {
        do {
            try connection.script("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
            let row = try connection.execute(
                """
                SELECT part, first_microsecond, next_microsecond FROM rocket.extraction_shards
                WHERE build_id = $1 AND path IS NULL ORDER BY part LIMIT 1 FOR UPDATE SKIP LOCKED
                """, [.int(build.id)]
            ).first
            guard let row else {
                try connection.script("ROLLBACK")
                return nil
            }
            let first = Instant(microseconds: Int64(try row.int("first_microsecond")))
            let next = Instant(microseconds: Int64(try row.int("next_microsecond")))
            return ShardExtractor.Shard(day: build.day, part: try row.int("part"), range: first..<next)
        } catch {
            abandon()
            throw error
        }
    }

    /// Finishes the shard on another thread: first its file, then its row.
    ///
    /// - Parameters:
    ///   - outcome: Receives the success or the failure.
    ///   - finished: Called with the file's path and contents.
    func finish(
        _ extracted: UnfinishedShard, _ part: Int, of build: DayBuild, _ outcome: CrewOutcome,
        _ finished: @escaping @Sendable (String, ShardTally) -> Void
    ) {
        DispatchQueue.global().async(group: ending) { [self] in
            do {
                let (shard, tally) = try extracted.finish { try build.write($0, of: part) }
                let result = String(decoding: try JSONEncoder().encode(shard), as: UTF8.self)
                try connection.execute(
                    "UPDATE rocket.extraction_shards SET path = $3, result = $4 WHERE build_id = $1 AND part = $2",
                    [.int(build.id), .int(part), .text(shard.file.path), .json(result)])
                try connection.script("COMMIT")
                outcome.countShard()
                finished(shard.file.path, tally)
            } catch {
                abandon()
                outcome.fail(error)
            }
        }
    }

    /// Waits until the last shard is finished.
    func wait() { ending.wait() }

    /// Releases the shard.
    func abandon() {
        try? connection.script("ROLLBACK")
    }
}
