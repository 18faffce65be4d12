// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0015 = (name: "0015_views.sql", sql: #"""
-- What an ads team asks, each answered by SELECT * FROM a view. Views of earlier migrations get comments on their columns.

CREATE VIEW rocket.auc_by_day AS
SELECT
    v.model, e.day, e.arm, e.net, e.version, v.state, e.auc, e.auc_standard_error,
    e.auc - 1.96 * e.auc_standard_error AS auc_low, e.auc + 1.96 * e.auc_standard_error AS auc_high,
    e.gauc, e.log_loss, e.normalized_entropy, e.pcoc, e.oracle_auc, e.impressions, e.clicks, e.evaluated_at
FROM rocket.evaluation_reports e JOIN rocket.model_versions v USING (version)
ORDER BY v.model, e.day DESC, e.version DESC, e.arm <> 'rocket', e.arm, e.net DESC;
COMMENT ON VIEW rocket.auc_by_day IS 'How good was each net on each unseen day? One row a version, day, arm and net, newest day first.';
COMMENT ON COLUMN rocket.auc_by_day.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.auc_by_day.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.auc_by_day.arm IS 'How the net was trained: rocket (light and booster together), light alone, booster alone, …';
COMMENT ON COLUMN rocket.auc_by_day.net IS 'light or booster.';
COMMENT ON COLUMN rocket.auc_by_day.version IS 'The version; several may have been judged on one day.';
COMMENT ON COLUMN rocket.auc_by_day.state IS 'State of the version now: candidate, live, retired or rejected.';
COMMENT ON COLUMN rocket.auc_by_day.auc IS 'Area under the ROC curve; null when the day has one class only.';
COMMENT ON COLUMN rocket.auc_by_day.auc_standard_error IS 'DeLong standard error of auc.';
COMMENT ON COLUMN rocket.auc_by_day.auc_low IS 'auc less 1.96 standard errors: lower end of its 95 % interval.';
COMMENT ON COLUMN rocket.auc_by_day.auc_high IS 'auc and 1.96 standard errors: upper end of its 95 % interval.';
COMMENT ON COLUMN rocket.auc_by_day.gauc IS 'Impression-weighted mean of the AUC within each group (user).';
COMMENT ON COLUMN rocket.auc_by_day.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.auc_by_day.normalized_entropy IS 'log_loss over the entropy of the mean click rate; below 1 is better than guessing it.';
COMMENT ON COLUMN rocket.auc_by_day.pcoc IS 'Predicted over observed clicks; 1 is calibrated.';
COMMENT ON COLUMN rocket.auc_by_day.oracle_auc IS 'Generated logs: AUC of the true probabilities, the best reachable.';
COMMENT ON COLUMN rocket.auc_by_day.impressions IS 'Impressions of the day.';
COMMENT ON COLUMN rocket.auc_by_day.clicks IS 'Clicked impressions of the day.';
COMMENT ON COLUMN rocket.auc_by_day.evaluated_at IS 'When it was measured.';

CREATE VIEW rocket.rocket_gain AS
SELECT
    r.model, r.evaluated_day AS day, r.version, r.light_alone_auc, r.light_auc AS rocket_light_auc,
    r.booster_alone_auc, r.booster_auc AS rocket_booster_auc, r.light_auc - r.light_alone_auc AS gain,
    r.booster_alone_auc - r.light_alone_auc AS gap, r.gap_closed, c.lower_bound AS gap_closed_low,
    c.upper_bound AS gap_closed_high, c.confidence, r.times_faster, r.impressions, r.clicks
FROM rocket.model_report r
LEFT JOIN rocket.model_comparisons c
    ON c.version = r.version AND c.day = r.evaluated_day AND c.comparison = 'gap_closed'
WHERE r.light_alone_auc IS NOT NULL
ORDER BY r.model, r.evaluated_day DESC, r.version DESC;
COMMENT ON VIEW rocket.rocket_gain IS 'Did rocket help? The light net taught by the booster beside the same net alone, on the same unseen impressions. Only of versions whose job file asks for the baseline light.';
COMMENT ON COLUMN rocket.rocket_gain.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.rocket_gain.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.rocket_gain.version IS 'The version.';
COMMENT ON COLUMN rocket.rocket_gain.light_alone_auc IS 'AUC of the light net trained alone.';
COMMENT ON COLUMN rocket.rocket_gain.rocket_light_auc IS 'AUC of the light net taught by the booster: the one that is served.';
COMMENT ON COLUMN rocket.rocket_gain.booster_alone_auc IS 'AUC of the booster trained alone; null without that baseline.';
COMMENT ON COLUMN rocket.rocket_gain.rocket_booster_auc IS 'AUC of the booster trained with the light net.';
COMMENT ON COLUMN rocket.rocket_gain.gain IS 'rocket_light_auc - light_alone_auc; above 0: rocket helped.';
COMMENT ON COLUMN rocket.rocket_gain.gap IS 'booster_alone_auc - light_alone_auc: what there was to win.';
COMMENT ON COLUMN rocket.rocket_gain.gap_closed IS 'gain over gap; null where the booster alone does not beat the light net alone.';
COMMENT ON COLUMN rocket.rocket_gain.gap_closed_low IS 'Lower bound of gap_closed, by a bootstrap over users; null where it was not measured.';
COMMENT ON COLUMN rocket.rocket_gain.gap_closed_high IS 'Upper bound of gap_closed, likewise.';
COMMENT ON COLUMN rocket.rocket_gain.confidence IS 'Of each bound by itself (one-sided).';
COMMENT ON COLUMN rocket.rocket_gain.times_faster IS 'Median latency of the booster over the light net''s, at the largest batch size.';
COMMENT ON COLUMN rocket.rocket_gain.impressions IS 'Impressions of the day.';
COMMENT ON COLUMN rocket.rocket_gain.clicks IS 'Clicked impressions of the day.';

CREATE VIEW rocket.latency_by_version AS
SELECT
    v.model, l.version, v.state, l.batch_size, l.mode, l.p50_us AS light_p50_us, l.p99_us AS light_p99_us,
    l.p999_us AS light_p999_us, b.p50_us AS booster_p50_us, b.p99_us AS booster_p99_us,
    b.p999_us AS booster_p999_us, b.p50_us / nullif(l.p50_us, 0) AS times_faster,
    l.scores_per_second AS light_scores_per_second, b.scores_per_second AS booster_scores_per_second,
    l.calls_per_second AS light_calls_per_second, b.calls_per_second AS booster_calls_per_second, l.cpu_model,
    l.measured_at
FROM rocket.latency_reports l
JOIN rocket.model_versions v USING (version)
LEFT JOIN rocket.latency_reports b
    ON b.version = l.version AND b.batch_size = l.batch_size AND b.mode = l.mode AND b.net = 'booster'
WHERE l.net = 'light'
ORDER BY v.model, l.version DESC, l.mode, l.batch_size;
COMMENT ON VIEW rocket.latency_by_version IS 'How fast is each version? Microseconds of one call on one thread, light beside booster; compare rows of the same cpu_model only.';
COMMENT ON COLUMN rocket.latency_by_version.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.latency_by_version.version IS 'The version.';
COMMENT ON COLUMN rocket.latency_by_version.state IS 'State of the version now: candidate, live, retired or rejected.';
COMMENT ON COLUMN rocket.latency_by_version.batch_size IS 'Candidates scored in one call.';
COMMENT ON COLUMN rocket.latency_by_version.mode IS 'back_to_back: a call begins when the one before has ended. paced: calls begin at a fixed rate, and latency counts from the intended start.';
COMMENT ON COLUMN rocket.latency_by_version.light_p50_us IS 'Light net: median microseconds a call.';
COMMENT ON COLUMN rocket.latency_by_version.light_p99_us IS 'Light net: 99th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_by_version.light_p999_us IS 'Light net: 99.9th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_by_version.booster_p50_us IS 'Booster: median microseconds a call.';
COMMENT ON COLUMN rocket.latency_by_version.booster_p99_us IS 'Booster: 99th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_by_version.booster_p999_us IS 'Booster: 99.9th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_by_version.times_faster IS 'booster_p50_us over light_p50_us.';
COMMENT ON COLUMN rocket.latency_by_version.light_scores_per_second IS 'Light net: candidates scored in a second.';
COMMENT ON COLUMN rocket.latency_by_version.booster_scores_per_second IS 'Booster: candidates scored in a second.';
COMMENT ON COLUMN rocket.latency_by_version.light_calls_per_second IS 'Light net: rate of the paced calls; null back to back.';
COMMENT ON COLUMN rocket.latency_by_version.booster_calls_per_second IS 'Booster: rate of the paced calls; null back to back.';
COMMENT ON COLUMN rocket.latency_by_version.cpu_model IS 'The CPU it was measured on.';
COMMENT ON COLUMN rocket.latency_by_version.measured_at IS 'When it was measured.';

CREATE VIEW rocket.failed_nights AS
SELECT
    h.model, h.evaluated_day AS day, h.run_id, h.command, h.status, h.exit_code,
    CASE
        WHEN h.status = 'died' THEN 'its process ended without a word: killed, or its machine stopped'
        WHEN h.exit_code = 1 THEN 'an error of the program or the machine'
        WHEN h.exit_code = 4 THEN 'locked: another run was under way'
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
COMMENT ON VIEW rocket.failed_nights IS 'Which runs failed, why, and did a later one make it good? Newest first. A job that could not read its job file or reach the database left no row; the log and the exit code tell of those.';
COMMENT ON COLUMN rocket.failed_nights.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.failed_nights.day IS 'The unseen day of the run; null where it has none, or failed before it knew.';
COMMENT ON COLUMN rocket.failed_nights.run_id IS 'The run.';
COMMENT ON COLUMN rocket.failed_nights.command IS 'The command that ran: nightly, backfill, extract, train, evaluate, …';
COMMENT ON COLUMN rocket.failed_nights.status IS 'failed, interrupted (a signal asked it to stop) or died.';
COMMENT ON COLUMN rocket.failed_nights.exit_code IS 'Exit code of the command; null where it died.';
COMMENT ON COLUMN rocket.failed_nights.kind IS 'What the exit code means.';
COMMENT ON COLUMN rocket.failed_nights.error IS 'What went wrong, as the command said it.';
COMMENT ON COLUMN rocket.failed_nights.failed_stage IS 'The stage that it was in, with the day or arm; null: between two.';
COMMENT ON COLUMN rocket.failed_nights.started_at IS 'Start of the run.';
COMMENT ON COLUMN rocket.failed_nights.last_seen_at IS 'When its process last said that it is there.';
COMMENT ON COLUMN rocket.failed_nights.attempts IS 'How often the run was begun: once, and again each time that the database went away under it.';
COMMENT ON COLUMN rocket.failed_nights.host IS 'Machine the run was on.';
COMMENT ON COLUMN rocket.failed_nights.made_good_by IS 'The first later run of the same work and day (of any day, where it had none) that ended well; null: the night is still open.';

CREATE VIEW rocket.calibration_by_slice AS
SELECT
    v.model, s.day, s.version, v.state, s.net, s.feature, s.slice,
    CASE WHEN s.id IS NULL THEN '(others)' WHEN s.id = 0 THEN '(missing)' ELSE coalesce(s.value, '(id ' || s.id || ')') END
        AS value,
    s.impressions, s.clicks, s.clicks::double precision / nullif(s.impressions, 0) AS click_rate, s.mean_prediction,
    s.pcoc, s.calibration_error, s.auc, s.auc_standard_error, s.log_loss, s.normalized_entropy
FROM rocket.slice_reports s JOIN rocket.model_versions v USING (version)
ORDER BY v.model, s.day DESC, s.version DESC, s.net DESC, s.feature, s.slice;
COMMENT ON VIEW rocket.calibration_by_slice IS 'For whom is the model right? Predicted beside observed clicks of each value of the features that the job file slices by (evaluation.slices), largest slice first.';
COMMENT ON COLUMN rocket.calibration_by_slice.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.calibration_by_slice.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.calibration_by_slice.version IS 'The version.';
COMMENT ON COLUMN rocket.calibration_by_slice.state IS 'State of the version now: candidate, live, retired or rejected.';
COMMENT ON COLUMN rocket.calibration_by_slice.net IS 'light or booster, as trained in rocket.';
COMMENT ON COLUMN rocket.calibration_by_slice.feature IS 'The feature.';
COMMENT ON COLUMN rocket.calibration_by_slice.slice IS 'From 1, the slice with the most impressions first.';
COMMENT ON COLUMN rocket.calibration_by_slice.value IS 'A value of the slice; several by commas where their hashes collide; (missing): no value; (others): all smaller slices together.';
COMMENT ON COLUMN rocket.calibration_by_slice.impressions IS 'Impressions of the slice.';
COMMENT ON COLUMN rocket.calibration_by_slice.clicks IS 'Those that were clicked.';
COMMENT ON COLUMN rocket.calibration_by_slice.click_rate IS 'Share of clicked impressions.';
COMMENT ON COLUMN rocket.calibration_by_slice.mean_prediction IS 'Mean predicted click probability.';
COMMENT ON COLUMN rocket.calibration_by_slice.pcoc IS 'Predicted over observed clicks; 1 is calibrated; null without clicks.';
COMMENT ON COLUMN rocket.calibration_by_slice.calibration_error IS 'Expected calibration error within the slice.';
COMMENT ON COLUMN rocket.calibration_by_slice.auc IS 'Area under the ROC curve; null when only one class occurs.';
COMMENT ON COLUMN rocket.calibration_by_slice.auc_standard_error IS 'DeLong standard error of auc.';
COMMENT ON COLUMN rocket.calibration_by_slice.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.calibration_by_slice.normalized_entropy IS 'log_loss over the entropy of the slice''s click rate.';

CREATE VIEW rocket.stale_days AS
WITH newest AS (
    -- As rocket status: of each model the specification used last that has cached days.
    SELECT DISTINCT ON (s.model) s.model, s.specification_hash
    FROM rocket.extraction_specifications s
    WHERE EXISTS (SELECT FROM rocket.cache_days d WHERE d.specification_hash = s.specification_hash)
    ORDER BY s.model, s.first_used_at DESC
), changed AS (
    SELECT v.model, v.specification_hash, i.day, v.version, v.state
    FROM rocket.model_versions v
    JOIN rocket.version_inputs i USING (version)
    JOIN rocket.cache_days d ON d.specification_hash = v.specification_hash AND d.day = i.day
    LEFT JOIN rocket.cache_manifest m
        ON m.specification_hash = v.specification_hash AND m.day = i.day AND m.part = i.part
    GROUP BY v.model, v.specification_hash, i.day, v.version, v.state
    HAVING bool_or(m.checksum IS DISTINCT FROM i.checksum)
), ends AS (
    SELECT n.model, n.specification_hash, min(d.day) AS first, max(d.day) AS last
    FROM newest n JOIN rocket.cache_days d USING (specification_hash) GROUP BY n.model, n.specification_hash
)
SELECT
    c.model, c.day, 'rebuilt' AS reason, array_agg(c.version ORDER BY c.version) AS versions,
    bool_or(c.state = 'live') AS live_is_affected, r.labels_flipped, r.rows_added, r.rows_gone, d.built_at,
    c.specification_hash
FROM changed c
JOIN rocket.cache_days d USING (specification_hash, day)
LEFT JOIN (
    SELECT specification_hash, day, sum(labels_flipped)::bigint AS labels_flipped,
           sum(rows_added)::bigint AS rows_added, sum(rows_gone)::bigint AS rows_gone
    FROM rocket.cache_rebuilds GROUP BY specification_hash, day) r USING (specification_hash, day)
GROUP BY c.model, c.specification_hash, c.day, r.labels_flipped, r.rows_added, r.rows_gone, d.built_at
UNION ALL
SELECT
    e.model, gap.day::date, 'not cached', '{}', false, NULL, NULL, NULL, NULL, e.specification_hash
FROM ends e
CROSS JOIN LATERAL generate_series(e.first::timestamp, e.last::timestamp, interval '1 day') AS gap (day)
WHERE NOT EXISTS (
    SELECT FROM rocket.cache_days d WHERE d.specification_hash = e.specification_hash AND d.day = gap.day::date)
ORDER BY 1, 2;
COMMENT ON VIEW rocket.stale_days IS 'Which days are stale, as far as the cache knows: those built again since a version was trained or judged on them, and those that are not cached between the first and the last that is. It does not read the logs: which cached days the logs have moved on from, rocket status finds out, and rocket backfill --stale mends it, after which they are here.';
COMMENT ON COLUMN rocket.stale_days.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.stale_days.day IS 'The day.';
COMMENT ON COLUMN rocket.stale_days.reason IS 'rebuilt: its cache files are others than those that the versions were made from. not cached: no impressions, or never extracted.';
COMMENT ON COLUMN rocket.stale_days.versions IS 'Versions trained or judged on files of the day that are not valid any more.';
COMMENT ON COLUMN rocket.stale_days.live_is_affected IS 'Whether the live version is one of them.';
COMMENT ON COLUMN rocket.stale_days.labels_flipped IS 'Impressions whose label changed in the rebuilds of rocket backfill --stale, all together; null: it was rebuilt otherwise.';
COMMENT ON COLUMN rocket.stale_days.rows_added IS 'Impressions that came, likewise.';
COMMENT ON COLUMN rocket.stale_days.rows_gone IS 'Impressions that went, likewise.';
COMMENT ON COLUMN rocket.stale_days.built_at IS 'When the files that are valid now were built.';
COMMENT ON COLUMN rocket.stale_days.specification_hash IS 'The extraction specification of the cached days.';

COMMENT ON COLUMN rocket.model_report.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.model_report.version IS 'The version.';
COMMENT ON COLUMN rocket.model_report.trained_from IS 'First day that the weights have seen.';
COMMENT ON COLUMN rocket.model_report.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.model_report.evaluated_day IS 'The unseen day.';
COMMENT ON COLUMN rocket.model_report.impressions IS 'Impressions of the day.';
COMMENT ON COLUMN rocket.model_report.clicks IS 'Clicked impressions of the day.';
COMMENT ON COLUMN rocket.model_report.light_auc IS 'AUC of the light net, trained with the booster.';
COMMENT ON COLUMN rocket.model_report.booster_auc IS 'AUC of the booster, trained with the light net.';
COMMENT ON COLUMN rocket.model_report.oracle_auc IS 'Generated logs: AUC of the true probabilities, the best reachable.';
COMMENT ON COLUMN rocket.model_report.light_minus_booster IS 'light_auc - booster_auc.';
COMMENT ON COLUMN rocket.model_report.light_alone_auc IS 'AUC of the light net trained alone; null without that baseline.';
COMMENT ON COLUMN rocket.model_report.booster_alone_auc IS 'AUC of the booster trained alone; null without that baseline.';
COMMENT ON COLUMN rocket.model_report.gap_closed IS '(light_auc - light_alone_auc) / (booster_alone_auc - light_alone_auc); null where the booster alone does not win.';
COMMENT ON COLUMN rocket.model_report.light_gauc IS 'Light net: impression-weighted mean of the AUC within each group (user).';
COMMENT ON COLUMN rocket.model_report.booster_gauc IS 'Booster: likewise.';
COMMENT ON COLUMN rocket.model_report.light_log_loss IS 'Light net: mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.model_report.booster_log_loss IS 'Booster: mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.model_report.light_ne IS 'Light net: log loss over the entropy of the mean click rate.';
COMMENT ON COLUMN rocket.model_report.booster_ne IS 'Booster: likewise.';
COMMENT ON COLUMN rocket.model_report.light_pcoc IS 'Light net: predicted over observed clicks.';
COMMENT ON COLUMN rocket.model_report.booster_pcoc IS 'Booster: predicted over observed clicks.';
COMMENT ON COLUMN rocket.model_report.latency_batch_size IS 'Candidates a call of the latencies: the largest measured.';
COMMENT ON COLUMN rocket.model_report.light_p50_us IS 'Light net: median microseconds a call, back to back.';
COMMENT ON COLUMN rocket.model_report.light_p99_us IS 'Light net: 99th percentile, microseconds.';
COMMENT ON COLUMN rocket.model_report.booster_p50_us IS 'Booster: median microseconds a call, back to back.';
COMMENT ON COLUMN rocket.model_report.booster_p99_us IS 'Booster: 99th percentile, microseconds.';
COMMENT ON COLUMN rocket.model_report.times_faster IS 'booster_p50_us over light_p50_us.';
COMMENT ON COLUMN rocket.model_report.created_at IS 'When the version was committed.';

COMMENT ON COLUMN rocket.latest_models.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.latest_models.version IS 'Its newest version.';
COMMENT ON COLUMN rocket.latest_models.trained_from IS 'First day that the weights have seen.';
COMMENT ON COLUMN rocket.latest_models.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.latest_models.evaluated_day IS 'The latest unseen day it was judged on; null: none.';
COMMENT ON COLUMN rocket.latest_models.light_auc IS 'AUC of the light net on that day.';
COMMENT ON COLUMN rocket.latest_models.booster_auc IS 'AUC of the booster on that day.';
COMMENT ON COLUMN rocket.latest_models.gap_closed IS 'How much of the way from light alone to booster alone rocket went; null: not known.';
COMMENT ON COLUMN rocket.latest_models.light_pcoc IS 'Light net: predicted over observed clicks.';
COMMENT ON COLUMN rocket.latest_models.light_p99_us IS 'Light net: 99th percentile of a call at the largest batch size, microseconds.';
COMMENT ON COLUMN rocket.latest_models.booster_p99_us IS 'Booster: likewise.';
COMMENT ON COLUMN rocket.latest_models.artifact_bytes IS 'Size of model.safetensors.';
COMMENT ON COLUMN rocket.latest_models.artifact_sha256 IS 'SHA-256 of model.safetensors, hexadecimal.';
COMMENT ON COLUMN rocket.latest_models.created_at IS 'When the version was committed.';

COMMENT ON COLUMN rocket.nightly_history.run_id IS 'Number of the run.';
COMMENT ON COLUMN rocket.nightly_history.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.nightly_history.command IS 'The command that ran: nightly, backfill, extract, train, evaluate, …';
COMMENT ON COLUMN rocket.nightly_history.evaluated_day IS 'The unseen day.';
COMMENT ON COLUMN rocket.nightly_history.status IS 'running, done, nothing_to_do, failed, interrupted, or died: its process is gone without a word.';
COMMENT ON COLUMN rocket.nightly_history.exit_code IS 'Exit code of the command; 8: the gate holds the version back.';
COMMENT ON COLUMN rocket.nightly_history.version IS 'The version that it made or found already made.';
COMMENT ON COLUMN rocket.nightly_history.light_auc IS 'AUC of the light net on the unseen day.';
COMMENT ON COLUMN rocket.nightly_history.booster_auc IS 'AUC of the booster on the unseen day.';
COMMENT ON COLUMN rocket.nightly_history.gap_closed IS 'How much of the way from light alone to booster alone rocket went; null: not known.';
COMMENT ON COLUMN rocket.nightly_history.started_at IS 'Start of the run.';
COMMENT ON COLUMN rocket.nightly_history.duration IS 'How long it took; null while it runs.';
COMMENT ON COLUMN rocket.nightly_history.rows_extracted IS 'Impressions that it extracted.';
COMMENT ON COLUMN rocket.nightly_history.host IS 'Machine the run is or was on.';
COMMENT ON COLUMN rocket.nightly_history.error IS 'What went wrong, as the command said it.';
COMMENT ON COLUMN rocket.nightly_history.pid IS 'Process of the run on that machine.';
COMMENT ON COLUMN rocket.nightly_history.program_version IS 'Version of the program.';
COMMENT ON COLUMN rocket.nightly_history.bytes_written IS 'Bytes of cache files that it wrote.';
COMMENT ON COLUMN rocket.nightly_history.peak_memory_bytes IS 'Largest resident memory of its process so far.';
COMMENT ON COLUMN rocket.nightly_history.attempts IS 'How often it was begun: once, and again each time that the database went away under it.';
COMMENT ON COLUMN rocket.nightly_history.heartbeat_at IS 'When its process last said that it is there.';
COMMENT ON COLUMN rocket.nightly_history.stage IS 'What it is doing, with the day or arm; null when it has ended.';

COMMENT ON COLUMN rocket.nights.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.nights.evaluated_day IS 'The unseen day, by which a night is named.';
COMMENT ON COLUMN rocket.nights.version IS 'Its newest version; null: none was made.';
COMMENT ON COLUMN rocket.nights.state IS 'State of that version now: candidate, live, retired or rejected.';
COMMENT ON COLUMN rocket.nights.backfilled IS 'Whether a backfill made that version.';
COMMENT ON COLUMN rocket.nights.versions IS 'How many versions the night has.';
COMMENT ON COLUMN rocket.nights.last_run IS 'The last run of the night.';
COMMENT ON COLUMN rocket.nights.last_command IS 'nightly or backfill.';
COMMENT ON COLUMN rocket.nights.last_status IS 'How that run stands: running, done, nothing_to_do, failed, interrupted or died.';
COMMENT ON COLUMN rocket.nights.last_error IS 'What went wrong in it.';

COMMENT ON COLUMN rocket.live_models.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.live_models.version IS 'The version to serve.';
COMMENT ON COLUMN rocket.live_models.live_since IS 'When it became live.';
COMMENT ON COLUMN rocket.live_models.deployed_by IS 'Database role that made it live.';
COMMENT ON COLUMN rocket.live_models.action IS 'promote or rollback.';
COMMENT ON COLUMN rocket.live_models.forced IS 'Whether it went past the gate.';
COMMENT ON COLUMN rocket.live_models.reason IS 'Why, in the words of who did it.';
COMMENT ON COLUMN rocket.live_models.trained_from IS 'First day that the weights have seen.';
COMMENT ON COLUMN rocket.live_models.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.live_models.evaluated_day IS 'The first unseen day it was judged on.';
COMMENT ON COLUMN rocket.live_models.light_auc IS 'AUC of the light net on that day.';
COMMENT ON COLUMN rocket.live_models.booster_auc IS 'AUC of the booster on that day.';
COMMENT ON COLUMN rocket.live_models.light_pcoc IS 'Light net: predicted over observed clicks.';
COMMENT ON COLUMN rocket.live_models.light_p99_us IS 'Light net: 99th percentile of a call at the largest batch size, microseconds.';
COMMENT ON COLUMN rocket.live_models.artifact_sha256 IS 'SHA-256 of model.safetensors, hexadecimal.';

COMMENT ON COLUMN rocket.experiment_report.fingerprint IS 'SHA-256 of settings and data, without seed and arms: which experiment.';
COMMENT ON COLUMN rocket.experiment_report.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.experiment_report.evaluated_day IS 'The unseen day.';
COMMENT ON COLUMN rocket.experiment_report.arm IS 'How it was trained: light, booster, rocket, a variant of the paper, or rocket with another hint (rocket logit_mse λ=0.3).';
COMMENT ON COLUMN rocket.experiment_report.net IS 'light or booster.';
COMMENT ON COLUMN rocket.experiment_report.seeds IS 'Seeds with a defined AUC, which the means are over.';
COMMENT ON COLUMN rocket.experiment_report.auc IS 'Mean AUC over the seeds.';
COMMENT ON COLUMN rocket.experiment_report.auc_standard_error IS 'Standard error of that mean; null with one seed.';
COMMENT ON COLUMN rocket.experiment_report.gauc IS 'Mean GAUC.';
COMMENT ON COLUMN rocket.experiment_report.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.experiment_report.pcoc IS 'Mean of predicted over observed clicks.';
COMMENT ON COLUMN rocket.experiment_report.validation_auc IS 'Mean AUC on the held-out training rows; null where none were held out.';
COMMENT ON COLUMN rocket.experiment_report.oracle_auc IS 'Generated logs: AUC of the true probabilities.';
COMMENT ON COLUMN rocket.experiment_report.seconds IS 'Mean time of a training.';
COMMENT ON COLUMN rocket.experiment_report.last_at IS 'When the last of them was written.';
COMMENT ON COLUMN rocket.experiment_report.gap_closed IS '0 at the light net alone, 1 at the booster alone; null where the booster does not win.';
COMMENT ON COLUMN rocket.experiment_results.arm IS 'How it was trained: rocket, light, booster, distillation, rocket_without_block, …; rocket with another hint than the job file''s is named by it: rocket logit_mse, rocket λ=0.3, rocket logit_mse λ=0.3.';

COMMENT ON COLUMN rocket.feature_report.model IS 'Model name of the job that used the specification first.';
COMMENT ON COLUMN rocket.feature_report.day IS 'The day.';
COMMENT ON COLUMN rocket.feature_report.feature IS 'Name of the feature.';
COMMENT ON COLUMN rocket.feature_report.coverage IS 'Share of the rows that have a value.';
COMMENT ON COLUMN rocket.feature_report.distinct_ids IS 'Different ids; null for numeric features.';
COMMENT ON COLUMN rocket.feature_report.unseen_share IS 'Share of these ids that no cached day of the 30 before had; null on the first day.';
COMMENT ON COLUMN rocket.feature_report.collision_rate IS 'Estimated share of the values that share their id with another.';
COMMENT ON COLUMN rocket.feature_report.mean IS 'Mean of a numeric feature after its transform; of a multi-valued one the mean number of values.';
COMMENT ON COLUMN rocket.feature_report.standard_deviation IS 'Of a numeric feature after its transform.';
COMMENT ON COLUMN rocket.feature_report.psi IS 'Population stability index against the cached day before: below 0.1 stable, above 0.25 another distribution.';
COMMENT ON COLUMN rocket.feature_report.specification_hash IS 'The extraction specification.';

COMMENT ON COLUMN rocket.click_delay_curve.model IS 'Model name of the job that used the specification first.';
COMMENT ON COLUMN rocket.click_delay_curve.day IS 'Day of the clicks.';
COMMENT ON COLUMN rocket.click_delay_curve.below_seconds IS 'Clicks younger than this and not younger than the row before; 2^62 for all that are older.';
COMMENT ON COLUMN rocket.click_delay_curve.clicks IS 'How many.';
COMMENT ON COLUMN rocket.click_delay_curve.share_below IS 'Share of the day''s first and late clicks that are younger.';
COMMENT ON COLUMN rocket.click_delay_curve.missed_share IS 'Share of the clicks that the attribution window misses.';
COMMENT ON COLUMN rocket.click_delay_curve.specification_hash IS 'The extraction specification.';

"""#)
}
