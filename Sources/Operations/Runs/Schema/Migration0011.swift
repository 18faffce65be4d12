// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0011 = (name: "0011_ledger.sql", sql: #"""
-- The ledger tells what a run is doing now, what it took, and whether its process is still there.

ALTER TABLE rocket.runs
    DROP CONSTRAINT runs_status_check,
    ADD CONSTRAINT runs_status_check
        CHECK (status IN ('running', 'done', 'nothing_to_do', 'failed', 'interrupted', 'died')),
    ADD COLUMN heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN peak_memory_bytes bigint,
    ADD COLUMN attempts integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN rocket.runs.status IS 'running, done, nothing_to_do, failed, interrupted (a signal asked it to stop) or died (its process ended without a word, which the next run noticed).';
COMMENT ON COLUMN rocket.runs.heartbeat_at IS 'When the process last said that it is there.';
COMMENT ON COLUMN rocket.runs.peak_memory_bytes IS 'Largest resident memory of the process so far.';
COMMENT ON COLUMN rocket.runs.attempts IS 'How often the run was begun: once, and again each time that the database went away under it.';

ALTER TABLE rocket.run_stages
    ADD COLUMN status text NOT NULL DEFAULT 'done' CHECK (status IN ('running', 'done', 'failed')),
    ADD COLUMN started_at timestamptz DEFAULT clock_timestamp(),
    ADD COLUMN peak_memory_bytes bigint,
    ALTER COLUMN seconds DROP NOT NULL;
COMMENT ON COLUMN rocket.run_stages.status IS 'running, done or failed.';
COMMENT ON COLUMN rocket.run_stages.started_at IS 'When the stage began.';
COMMENT ON COLUMN rocket.run_stages.seconds IS 'Wall-clock seconds; null while it runs, and where its process died.';
COMMENT ON COLUMN rocket.run_stages.peak_memory_bytes IS 'Largest resident memory of the process until the stage''s end.';

CREATE FUNCTION rocket.run_is_alive(run bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (classid::bigint << 32 | objid::bigint) = hashtextextended('rocket/run/' || run, 0))
$$;
COMMENT ON FUNCTION rocket.run_is_alive IS 'Whether a process holds the run''s lock; the lock goes with the process''s database session.';

CREATE OR REPLACE VIEW rocket.nightly_history AS
SELECT
    r.run_id, r.model, r.command, r.evaluated_day,
    CASE WHEN r.status = 'running' AND NOT rocket.run_is_alive(r.run_id) THEN 'died' ELSE r.status END AS status,
    r.exit_code, r.version, m.light_auc, m.booster_auc,
    m.gap_closed, r.started_at, r.ended_at - r.started_at AS duration, s.rows_extracted, r.host, r.error,
    r.pid, r.program_version, s.bytes_written, r.peak_memory_bytes, r.attempts, r.heartbeat_at, now.stage
FROM rocket.runs r
LEFT JOIN rocket.model_report m ON m.version = r.version AND m.evaluated_day = r.evaluated_day
LEFT JOIN LATERAL (
    SELECT sum(s.rows) FILTER (WHERE s.name = 'extract') AS rows_extracted, sum(s.bytes) AS bytes_written
    FROM rocket.run_stages s WHERE s.run_id = r.run_id) s ON true
LEFT JOIN LATERAL (
    SELECT concat_ws(' ', s.name, s.detail) AS stage FROM rocket.run_stages s
    WHERE s.run_id = r.run_id AND r.status = 'running' AND s.status = 'running' ORDER BY s.stage DESC LIMIT 1) now
    ON true
ORDER BY r.run_id DESC;
COMMENT ON VIEW rocket.nightly_history IS 'Every run, newest first: what it did or is doing (stage), how long it took, what it made or why it failed.';

"""#)
}
