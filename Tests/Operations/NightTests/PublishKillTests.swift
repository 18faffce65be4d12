import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

@Suite struct PublishKillTests {
    /// What the transaction that ends a night writes to.
    private static let tables = [
        "model_versions", "version_inputs", "artifacts", "artifact_chunks", "evaluation_reports", "latency_reports",
        "model_comparisons", "gate_verdicts", "gate_rules", "deployments",
    ]

    @Test(
        "Killed at any statement of the transaction that publishes, a night leaves no version; the next one makes it whole"
    )
    func killed() throws {
        let alone = { (text: String) in text.replacing("  baselines: [light, booster]\n", with: "") }
        try TestJob.withJob(change: alone) { url, job in
            let connection = try TestDatabase.connect(url)
            // Named with its schema: the functions that deploy look for nothing outside of PostgreSQL's own.
            try connection.script(
                """
                CREATE SEQUENCE public.statement; CREATE TABLE public.stop (at bigint); INSERT INTO public.stop VALUES (0);
                CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('public.statement') = (SELECT at FROM public.stop) THEN PERFORM pg_sleep(10); END IF;
                    RETURN NULL;
                END $$;
                """)
            for table in Self.tables {
                try connection.script(
                    "CREATE TRIGGER pause AFTER INSERT OR UPDATE ON rocket.\(table) FOR EACH STATEMENT EXECUTE FUNCTION pause()"
                )
            }
            // Otherwise the server notices only after the sleep that its client is gone.
            let database = try connection.execute("SELECT current_database() AS name").first?.text("name") ?? ""
            try connection.script("ALTER DATABASE \(database) SET client_connection_check_interval = '5ms'")
            func count(_ sql: String) throws -> Int { try connection.execute(sql).first?.int("n") ?? -1 }
            let night = ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"]
            var stop = 0
            var ended: Int32?
            while ended == nil {
                stop += 1
                try connection.script(
                    "SELECT setval('public.statement', 1, false); UPDATE public.stop SET at = \(stop)")
                let process = try RocketProgram.started(night, database: url)
                while process.isRunning,
                    try count("SELECT last_value - (NOT is_called)::int AS n FROM public.statement") < stop
                {
                    usleep(1_000)
                }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                if process.terminationReason == .exit { ended = process.terminationStatus }
                while try count(
                    "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name LIKE 'rocket %' AND datname = current_database()"
                ) > 0 { usleep(1_000) }
                guard ended == nil else { break }
                for table in Self.tables {
                    #expect(
                        try count("SELECT count(*) AS n FROM rocket.\(table)") == 0,
                        "stop \(stop) left rows in \(table)")
                }
            }
            #expect(stop > 20, "every statement was stopped at, and one more that never came")
            #expect(ended == 0)
            #expect(try count("SELECT count(*) AS n FROM rocket.live_models") == 1)
            for table in Self.tables where table != "model_comparisons" {
                #expect(try count("SELECT count(*) AS n FROM rocket.\(table)") > 0)
            }
        }
    }
}
