// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0013 = (name: "0013_backfill.sql", sql: #"""
-- Versions of a backfill are marked, and a view tells what is done for which night.

ALTER TABLE rocket.model_versions ADD COLUMN backfilled boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN rocket.model_versions.backfilled IS 'Made by a backfill: from the days before evaluated_day only, and without asking the promotion gate unless that was wanted.';

CREATE VIEW rocket.nights AS
SELECT
    coalesce(v.model, r.model) AS model, coalesce(v.evaluated_day, r.evaluated_day) AS evaluated_day, v.version, v.state,
    v.backfilled, coalesce(v.versions, 0) AS versions, r.run_id AS last_run, r.command AS last_command,
    r.status AS last_status, r.error AS last_error
FROM (
    SELECT DISTINCT ON (model, evaluated_day) model, evaluated_day, version, state, backfilled,
           count(*) OVER (PARTITION BY model, evaluated_day) AS versions
    FROM rocket.model_versions WHERE evaluated_day IS NOT NULL ORDER BY model, evaluated_day, version DESC) v
FULL JOIN (
    SELECT DISTINCT ON (model, evaluated_day) model, evaluated_day, run_id, command, error,
           CASE WHEN status = 'running' AND NOT rocket.run_is_alive(run_id) THEN 'died' ELSE status END AS status
    FROM rocket.runs WHERE evaluated_day IS NOT NULL AND command IN ('nightly', 'backfill')
    ORDER BY model, evaluated_day, run_id DESC) r
    ON r.model = v.model AND r.evaluated_day = v.evaluated_day
ORDER BY 1, 2 DESC;
COMMENT ON VIEW rocket.nights IS 'One row a model and night, named by the day that is judged on: its newest version, whether a backfill made it, and how the last run of the night ended.';

"""#)
}
