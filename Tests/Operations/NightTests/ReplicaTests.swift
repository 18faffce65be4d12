import CacheUpkeep
import Deployment
import Foundation
import OperationsSupport
import Postgres
import Reports
import Runs
import TestSupport
import Testing

/// Logs on a streaming replica, results in another database on a primary.
@Suite struct ReplicaTests {
    /// - Parameter body: is given the primary with the logs, its replica, and the folder of the primary.
    private static func withReplica(_ body: (_ primary: String, _ replica: String) throws -> Void) throws {
        try TestCluster.run { folder, primary in
            try TestCluster.replica(of: folder) { _, replica in try body(primary, replica) }
        }
    }

    /// Waits until the replica shows what the primary has now. What the replica cancels for its recovery is asked
    /// again: where the recovery waits for nobody, any statement may be in its way.
    private static func catchUp(_ replica: String, _ primary: Connection) throws {
        let now = try #require(try primary.execute("SELECT pg_current_wal_lsn()::text AS lsn").first).text("lsn")
        while true {
            do {
                let row = try TestDatabase.connect(replica).execute(
                    "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn AS ok", [.text(now)]
                ).first
                if try row?.bool("ok") == true { return }
            } catch let error as PostgresError where error.isTransient {}
            usleep(10_000)
        }
    }

    @Test(
        "A night reads its logs from a replica and writes its results to another database, and each only knows its own")
    func night() throws {
        try Self.withReplica { primary, replica in
            let connection = try TestDatabase.connect(primary)
            let migrations = try Migrations(directory: TestDatabase.repository + "/migrations")
            _ = try migrations.apply(on: connection)
            try connection.script("CREATE DATABASE results")
            let results = primary.replacing("/rocket?", with: "/results?")
            let other = try TestDatabase.connect(results)
            _ = try migrations.apply(on: other)
            try other.script("DROP SCHEMA ad_log CASCADE")
            try TestJob.withJob(on: primary) { job in
                try connection.script("DROP SCHEMA rocket CASCADE")
                try Self.catchUp(replica, connection)
                func session() throws -> TestJob {
                    try TestJob(
                        jobFile: job, database: results, sourceDatabase: replica, log: TestJob.log)
                }
                let outcome = try session().nightly(asOf: .instant("2026-01-08 01:00+00"))
                let report = try #require(try ReportReader(database: results).reports(version: outcome.version).first)
                #expect(report.impressions == 4_000)
                #expect(try logHealth(model: nil, database: results, sourceDatabase: replica).first?.stale == [])
                _ = try session().evaluate(version: outcome.version, day: nil)
                let deployments = try Deployments(database: results, sourceDatabase: replica)
                let version = try #require(outcome.version)
                let day = try TestJob.day("2026-01-07")
                let prediction = try deployments.predict(.number(version), of: nil, day: day, progress: { _ in })
                #expect(prediction.impressions == 4_000)
                // Today has no impressions; the replica's clock is its last commit's.
                #expect(throws: JobError.self) { try session().nightly(asOf: .now) }
            }
        }
    }

    @Test("A statement that a replica cancels for its recovery is worth running again")
    func conflict() throws {
        try Self.withReplica { primary, replica in
            let (writer, reader) = (try TestDatabase.connect(primary), try TestDatabase.connect(replica))
            try TestDatabase.connect(replica).script("ALTER SYSTEM SET max_standby_streaming_delay = 0")
            try TestDatabase.connect(replica).script("SELECT pg_reload_conf()")
            try writer.script("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x")
            try Self.catchUp(replica, writer)
            try reader.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t")
            try writer.script("DELETE FROM t")
            try writer.script("VACUUM t")
            try Self.catchUp(replica, writer)
            let error = #expect(throws: PostgresError.self) { try reader.execute("SELECT count(*) FROM t") }
            #expect(error?.isTransient == true)
        }
    }

    @Test("A session of the logs cannot write")
    func readOnly() throws {
        try TestDatabase.run { url in
            let source = try Connection(.source(url: url, results: nil), applicationName: "tests")
            let error = #expect(throws: PostgresError.self) {
                try source.execute("INSERT INTO ad_log.impressions VALUES ('a', now())")
            }
            #expect(error?.sqlState == "25006")
        }
    }
}
