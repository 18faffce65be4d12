// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0003 = (name: "0003_views.sql", sql: #"""
-- What people read. Each view answers one question with SELECT * FROM.

CREATE VIEW rocket.model_report AS
SELECT
    v.model,
    v.version,
    v.trained_from,
    v.trained_to,
    e.day AS evaluated_day,
    e.impressions,
    e.clicks,
    e.auc AS light_auc,
    b.auc AS booster_auc,
    e.oracle_auc,
    e.auc - b.auc AS light_minus_booster,
    la.auc AS light_alone_auc,
    ba.auc AS booster_alone_auc,
    -- Null where the booster alone does not beat the light net alone: there is no gap to close.
    CASE WHEN ba.auc > la.auc THEN (e.auc - la.auc) / (ba.auc - la.auc) END AS gap_closed,
    e.gauc AS light_gauc,
    b.gauc AS booster_gauc,
    e.log_loss AS light_log_loss,
    b.log_loss AS booster_log_loss,
    e.normalized_entropy AS light_ne,
    b.normalized_entropy AS booster_ne,
    e.pcoc AS light_pcoc,
    b.pcoc AS booster_pcoc,
    ll.batch_size AS latency_batch_size,
    ll.p50_us AS light_p50_us,
    ll.p99_us AS light_p99_us,
    lb.p50_us AS booster_p50_us,
    lb.p99_us AS booster_p99_us,
    lb.p50_us / nullif(ll.p50_us, 0) AS times_faster,
    v.created_at
FROM rocket.model_versions v
JOIN rocket.evaluation_reports e ON e.version = v.version AND e.arm = 'rocket' AND e.net = 'light'
LEFT JOIN rocket.evaluation_reports b
    ON b.version = v.version AND b.day = e.day AND b.arm = 'rocket' AND b.net = 'booster'
LEFT JOIN rocket.evaluation_reports la
    ON la.version = v.version AND la.day = e.day AND la.arm = 'light' AND la.net = 'light'
LEFT JOIN rocket.evaluation_reports ba
    ON ba.version = v.version AND ba.day = e.day AND ba.arm = 'booster' AND ba.net = 'booster'
-- The largest batch measured stands for a request.
LEFT JOIN LATERAL (
    SELECT * FROM rocket.latency_reports l WHERE l.version = v.version AND l.net = 'light'
    ORDER BY l.batch_size DESC LIMIT 1) ll ON true
LEFT JOIN rocket.latency_reports lb
    ON lb.version = v.version AND lb.net = 'booster' AND lb.batch_size = ll.batch_size;
COMMENT ON VIEW rocket.model_report IS
    'One row a version and evaluated day: light and booster AUC, how much of the gap rocket closed, latency.';

CREATE VIEW rocket.latest_models AS
SELECT DISTINCT ON (v.model)
    v.model, v.version, v.trained_from, v.trained_to, r.evaluated_day, r.light_auc, r.booster_auc, r.gap_closed,
    r.light_pcoc, r.light_p99_us, r.booster_p99_us, a.bytes AS artifact_bytes, a.sha256 AS artifact_sha256,
    v.created_at
FROM rocket.model_versions v
LEFT JOIN rocket.model_report r ON r.version = v.version
LEFT JOIN rocket.artifacts a ON a.version = v.version AND a.name = 'model.safetensors'
ORDER BY v.model, v.trained_to DESC, v.version DESC, r.evaluated_day DESC;
COMMENT ON VIEW rocket.latest_models IS 'The newest version of every model: the one trained up to the latest day.';

CREATE VIEW rocket.nightly_history AS
SELECT
    r.run_id, r.model, r.command, r.evaluated_day, r.status, r.exit_code, r.version, m.light_auc, m.booster_auc,
    m.gap_closed, r.started_at, r.ended_at - r.started_at AS duration, s.rows_extracted, r.host, r.error
FROM rocket.runs r
LEFT JOIN rocket.model_report m ON m.version = r.version AND m.evaluated_day = r.evaluated_day
LEFT JOIN LATERAL (
    SELECT sum(s.rows) AS rows_extracted FROM rocket.run_stages s WHERE s.run_id = r.run_id AND s.name = 'extract') s
    ON true
ORDER BY r.run_id DESC;
COMMENT ON VIEW rocket.nightly_history IS 'Every run, newest first: what it did, how long it took, what it made or why it failed.';

"""#)
}
