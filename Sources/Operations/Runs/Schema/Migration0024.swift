// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0024 = (name: "0024_texts.sql", sql: #"""
-- Texts that said too little, or oddly.

COMMENT ON COLUMN rocket.feature_ids.ids IS 'One bit per id, the lowest bit of the first byte is id 0. A feature with more than 2^28 possible ids has 2^22 bits, one for each remainder of an id divided by 2^22.';

CREATE OR REPLACE FUNCTION rocket.lock_deployments(locked_model text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key bigint := rocket.deployment_lock(locked_model);
    holder text;
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(key) THEN
        SELECT format(' (server process %s of user %s, application ‘%s’)', a.pid, a.usename, a.application_name)
        INTO holder
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
          AND (l.classid::bigint << 32 | l.objid::bigint) = key
        LIMIT 1;
        RAISE EXCEPTION 'another deployment of model ‘%’ is running%; nothing was changed', locked_model,
            coalesce(holder, '')
            USING ERRCODE = 'lock_not_available', HINT = 'Look at rocket.deployments and try again.';
    END IF;
END
$$;

CREATE OR REPLACE VIEW rocket.failed_nights AS
SELECT
    h.model, h.evaluated_day AS day, h.run_id, h.command, h.status, h.exit_code,
    CASE
        WHEN h.status = 'died' THEN 'its process ended without a word: killed, or its machine stopped'
        WHEN h.exit_code = 1 THEN 'an error of the program or the machine'
        WHEN h.exit_code = 4 THEN 'locked: another run held the lock'
        WHEN h.exit_code = 5 THEN 'the logs did not allow the work'
        WHEN h.exit_code = 6 THEN 'configuration'
        WHEN h.exit_code = 7 THEN 'database'
        WHEN h.exit_code = 9 THEN 'stopped by a signal'
    END AS kind,
    h.error, at.stage AS failed_stage, h.started_at, h.heartbeat_at AS last_seen_at, h.attempts, h.host,
    good.run_id AS made_good_by
FROM rocket.nightly_history h
LEFT JOIN LATERAL (
    SELECT concat_ws(' ', s.name, s.detail) AS stage FROM rocket.run_stages s
    WHERE s.run_id = h.run_id AND s.status <> 'done' ORDER BY s.stage DESC LIMIT 1) at ON true
-- A later run of the same night that ended well, found its work done, or made a version that the gate holds.
LEFT JOIN LATERAL (
    SELECT r.run_id FROM rocket.runs r
    WHERE r.model = h.model AND r.run_id > h.run_id AND r.status IN ('done', 'nothing_to_do')
      AND (r.command = h.command OR (r.command IN ('nightly', 'backfill') AND h.command IN ('nightly', 'backfill')))
      AND (h.evaluated_day IS NULL OR r.evaluated_day = h.evaluated_day)
    ORDER BY r.run_id LIMIT 1) good ON true
WHERE h.status IN ('failed', 'interrupted', 'died')
ORDER BY h.run_id DESC;

"""#)
}
