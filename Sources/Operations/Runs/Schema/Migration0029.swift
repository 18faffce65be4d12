// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0029 = (name: "0029_fleet.sql", sql: #"""
-- Several light nets in a version, of which one is served.

ALTER TABLE rocket.model_versions
    ADD COLUMN served_net text NOT NULL DEFAULT 'light' CHECK (served_net ~ '^[a-z][a-z0-9_]{0,31}$'),
    ADD COLUMN served_candidates integer,
    ADD COLUMN served_limit_us double precision;
COMMENT ON COLUMN rocket.model_versions.served_net IS 'The light net that is served: light, or one of nets.lights.';
COMMENT ON COLUMN rocket.model_versions.served_candidates IS 'Candidates per request of serve.largest_within_p99_us; null: the job file names the net.';
COMMENT ON COLUMN rocket.model_versions.served_limit_us IS 'That limit of the 99th percentile, microseconds; null likewise.';
COMMENT ON COLUMN rocket.model_versions.light_parameters IS 'Dense parameters of the light net that is served.';

CREATE TABLE rocket.version_nets (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    net text NOT NULL CHECK (net ~ '^[a-z][a-z0-9_]{0,31}$'),
    place integer NOT NULL,
    layers text NOT NULL,
    parameters bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (version, net)
);
COMMENT ON TABLE rocket.version_nets IS 'The nets of a version: light nets from the smallest to the largest, then the booster. Versions of earlier programs have none here.';
COMMENT ON COLUMN rocket.version_nets.version IS 'The version.';
COMMENT ON COLUMN rocket.version_nets.net IS 'Name of the net: light, one of nets.lights, or booster.';
COMMENT ON COLUMN rocket.version_nets.place IS 'The position, from 1.';
COMMENT ON COLUMN rocket.version_nets.layers IS 'Hidden widths, and what else the net is made of.';
COMMENT ON COLUMN rocket.version_nets.parameters IS 'Dense parameters and linear weights.';
COMMENT ON COLUMN rocket.version_nets.bytes IS 'What the net needs to score: these and its embeddings, 4 bytes each.';

CREATE TABLE rocket.net_comparisons (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    net text NOT NULL CHECK (net ~ '^[a-z][a-z0-9_]{0,31}$'),
    smaller_net text NOT NULL CHECK (smaller_net ~ '^[a-z][a-z0-9_]{0,31}$'),
    metric text NOT NULL CHECK (metric IN ('auc', 'log_loss')),
    estimate double precision NOT NULL,
    standard_error double precision NOT NULL,
    confidence double precision NOT NULL,
    lower_bound double precision NOT NULL,
    upper_bound double precision NOT NULL,
    PRIMARY KEY (version, day, net, smaller_net, metric)
);
COMMENT ON TABLE rocket.net_comparisons IS 'Each light net of a version minus the next smaller one on the same rows, with the uncertainty over users.';
COMMENT ON COLUMN rocket.net_comparisons.version IS 'The version.';
COMMENT ON COLUMN rocket.net_comparisons.day IS 'The day, which the version has not seen.';
COMMENT ON COLUMN rocket.net_comparisons.net IS 'The larger net.';
COMMENT ON COLUMN rocket.net_comparisons.smaller_net IS 'The net whose metric is subtracted.';
COMMENT ON COLUMN rocket.net_comparisons.metric IS 'auc, of which more is better, or log_loss, of which less is.';
COMMENT ON COLUMN rocket.net_comparisons.estimate IS 'The difference.';
COMMENT ON COLUMN rocket.net_comparisons.standard_error IS 'Its standard error over users: of AUC by a paired Poisson bootstrap, of log loss by the delta method.';
COMMENT ON COLUMN rocket.net_comparisons.confidence IS 'Of each bound, one-sided.';
COMMENT ON COLUMN rocket.net_comparisons.lower_bound IS 'The lower bound.';
COMMENT ON COLUMN rocket.net_comparisons.upper_bound IS 'The upper bound.';

CREATE TRIGGER version_nets_seal BEFORE INSERT OR UPDATE OR DELETE ON rocket.version_nets
    FOR EACH ROW EXECUTE FUNCTION rocket.check_seal('body');
CREATE TRIGGER net_comparisons_seal BEFORE INSERT OR UPDATE OR DELETE ON rocket.net_comparisons
    FOR EACH ROW EXECUTE FUNCTION rocket.check_seal('gate');

-- A net goes by any name that is safe in files and texts.
DO $$
DECLARE
    judged text;
BEGIN
    FOREACH judged IN ARRAY ARRAY['evaluation_reports', 'reliability_bins', 'roc_points', 'slice_reports', 'latency_reports']
    LOOP
        EXECUTE format('ALTER TABLE rocket.%I DROP CONSTRAINT %I', judged, judged || '_net_check');
        EXECUTE format('ALTER TABLE rocket.%I ADD CONSTRAINT %I CHECK (net ~ %L)', judged, judged || '_net_check',
            '^[a-z][a-z0-9_]{0,31}$');
    END LOOP;
END
$$;
COMMENT ON COLUMN rocket.evaluation_reports.net IS 'light or one of nets.lights, booster, or logistic_regression.';
COMMENT ON COLUMN rocket.reliability_bins.net IS 'As in rocket.evaluation_reports.';
COMMENT ON COLUMN rocket.roc_points.net IS 'As in rocket.evaluation_reports.';
COMMENT ON COLUMN rocket.slice_reports.net IS 'light or one of nets.lights, or booster, as trained in rocket.';
COMMENT ON COLUMN rocket.latency_reports.net IS 'light or one of nets.lights, or booster.';
COMMENT ON TABLE rocket.latency_reports IS 'How long scoring takes on one thread, all nets measured in turn in one run.';
COMMENT ON COLUMN rocket.auc_by_day.net IS 'light or one of nets.lights, booster, or logistic_regression.';
COMMENT ON COLUMN rocket.calibration_by_slice.net IS 'light or one of nets.lights, or booster, as trained in rocket.';
COMMENT ON COLUMN rocket.gate_rules.rule IS 'not_inferior, unseen, pcoc, clicks, finite, served_net, p99, coverage, constant, beats_logistic_regression, beats_logistic_regression_log_loss.';

ALTER TABLE rocket.artifacts DROP CONSTRAINT artifacts_name_is_known;
ALTER TABLE rocket.artifacts ADD CONSTRAINT artifacts_name_is_known
    CHECK (name IN ('model.safetensors', 'optimiser.safetensors', 'features.json', 'light.onnx', 'history.safetensors')
        OR name ~ '^light\.[a-z][a-z0-9_]{0,31}\.onnx$')
    NOT VALID;

-- The light net of these views is the one that is served.

CREATE OR REPLACE VIEW rocket.model_report AS
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
    -- Null where the gap may as well be none. Of versions of earlier programs it is known how sure the share is, not the gap.
    CASE
        WHEN gap.estimate IS NOT NULL THEN
            CASE WHEN gap.estimate > 1.96 * gap.standard_error THEN (e.auc - la.auc) / (ba.auc - la.auc) END
        WHEN ba.auc > la.auc AND closed.upper_bound - closed.lower_bound <= 1 THEN
            (e.auc - la.auc) / (ba.auc - la.auc)
    END AS gap_closed,
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
    v.created_at,
    lr.auc AS logistic_regression_auc,
    lr.log_loss AS logistic_regression_log_loss,
    gap.standard_error AS gap_standard_error,
    CASE
        WHEN la.auc IS NULL OR ba.auc IS NULL THEN NULL
        WHEN gap.estimate > 1.96 * gap.standard_error THEN NULL
        WHEN gap.estimate < -1.96 * gap.standard_error THEN
            format('there is no gap: the booster alone is worse than the light net alone, by %s ± %s',
                round(-gap.estimate::numeric, 4), round(gap.standard_error::numeric, 4))
        WHEN gap.estimate IS NOT NULL THEN
            format('the gap is inside its own error: %s ± %s', round(gap.estimate::numeric, 4),
                round(gap.standard_error::numeric, 4))
        WHEN ba.auc <= la.auc THEN 'there is no gap: the booster alone does not beat the light net alone'
        WHEN closed.upper_bound - closed.lower_bound <= 1 THEN NULL
        ELSE 'how sure the gap is was not measured'
    END AS gap_closed_note,
    v.served_net
FROM rocket.model_versions v
JOIN rocket.evaluation_reports e ON e.version = v.version AND e.arm = 'rocket' AND e.net = v.served_net
LEFT JOIN rocket.evaluation_reports b
    ON b.version = v.version AND b.day = e.day AND b.arm = 'rocket' AND b.net = 'booster'
LEFT JOIN rocket.evaluation_reports la
    ON la.version = v.version AND la.day = e.day AND la.arm = 'light' AND la.net = v.served_net
LEFT JOIN rocket.evaluation_reports ba
    ON ba.version = v.version AND ba.day = e.day AND ba.arm = 'booster' AND ba.net = 'booster'
LEFT JOIN rocket.evaluation_reports lr
    ON lr.version = v.version AND lr.day = e.day AND lr.arm = 'logistic_regression'
LEFT JOIN rocket.model_comparisons gap
    ON gap.version = v.version AND gap.day = e.day AND gap.comparison = 'booster_alone_minus_light_alone'
    AND gap.metric = 'auc'
LEFT JOIN rocket.model_comparisons closed
    ON closed.version = v.version AND closed.day = e.day AND closed.comparison = 'gap_closed'
-- The largest batch measured stands for a request.
LEFT JOIN LATERAL (
    SELECT * FROM rocket.latency_reports l
    WHERE l.version = v.version AND l.net = v.served_net AND l.mode = 'back_to_back'
    ORDER BY l.batch_size DESC LIMIT 1) ll ON true
LEFT JOIN rocket.latency_reports lb
    ON lb.version = v.version AND lb.net = 'booster' AND lb.batch_size = ll.batch_size AND lb.mode = 'back_to_back';
COMMENT ON COLUMN rocket.model_report.served_net IS 'The light net that is served, and whose figures the columns light_… are.';

CREATE OR REPLACE VIEW rocket.latency_by_version AS
SELECT
    v.model, l.version, v.state, l.batch_size, l.mode, l.p50_us AS light_p50_us, l.p99_us AS light_p99_us,
    l.p999_us AS light_p999_us, b.p50_us AS booster_p50_us, b.p99_us AS booster_p99_us,
    b.p999_us AS booster_p999_us, b.p50_us / nullif(l.p50_us, 0) AS times_faster,
    l.scores_per_second AS light_scores_per_second, b.scores_per_second AS booster_scores_per_second,
    l.calls_per_second AS light_calls_per_second, b.calls_per_second AS booster_calls_per_second, l.cpu_model,
    l.measured_at, v.served_net
FROM rocket.latency_reports l
JOIN rocket.model_versions v USING (version)
LEFT JOIN rocket.latency_reports b
    ON b.version = l.version AND b.batch_size = l.batch_size AND b.mode = l.mode AND b.net = 'booster'
WHERE l.net = v.served_net
ORDER BY v.model, l.version DESC, l.mode, l.batch_size;
COMMENT ON COLUMN rocket.latency_by_version.served_net IS 'The light net that is served, and whose figures the columns light_… are.';

CREATE VIEW rocket.quality_by_latency AS
SELECT
    v.model, v.version, e.day, e.net, e.net = v.served_net AS served, n.place, n.layers,
    coalesce(n.parameters, CASE e.net WHEN 'light' THEN v.light_parameters WHEN 'booster' THEN v.booster_parameters END)
        AS parameters,
    n.bytes, e.auc, e.auc_standard_error, e.log_loss, l.p50_us, l.p99_us, l.batch_size AS candidates, l.cpu_model,
    CASE WHEN e.net NOT IN ('booster', 'logistic_regression') THEN v.served_limit_us END AS limit_us
FROM rocket.evaluation_reports e
JOIN rocket.model_versions v USING (version)
LEFT JOIN rocket.version_nets n ON n.version = v.version AND n.net = e.net
-- Paced calls, as a server gets them, of as many candidates as the limit is for.
LEFT JOIN LATERAL (
    SELECT r.* FROM rocket.latency_reports r
    WHERE r.version = v.version AND r.net = e.net AND (v.served_candidates IS NULL OR r.batch_size = v.served_candidates)
    ORDER BY r.batch_size DESC, r.mode = 'paced' DESC LIMIT 1) l ON true
WHERE e.arm IN ('rocket', 'logistic_regression')
ORDER BY v.model, v.version DESC, e.day DESC, e.net IN ('booster', 'logistic_regression'), n.place, e.net;
COMMENT ON VIEW rocket.quality_by_latency IS 'How good is a net that answers in so many microseconds? One row a version, judged day and net: the light nets, the booster, and logistic regression where it was trained.';
COMMENT ON COLUMN rocket.quality_by_latency.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.quality_by_latency.version IS 'The version.';
COMMENT ON COLUMN rocket.quality_by_latency.day IS 'The day, which the version has not seen.';
COMMENT ON COLUMN rocket.quality_by_latency.net IS 'light or one of nets.lights, booster, or logistic_regression.';
COMMENT ON COLUMN rocket.quality_by_latency.served IS 'Whether it is the light net that is served.';
COMMENT ON COLUMN rocket.quality_by_latency.place IS 'Order by size, from 1; null: not known.';
COMMENT ON COLUMN rocket.quality_by_latency.layers IS 'What the net is made of; null: not known.';
COMMENT ON COLUMN rocket.quality_by_latency.parameters IS 'Dense parameters and linear weights; null for logistic regression.';
COMMENT ON COLUMN rocket.quality_by_latency.bytes IS 'What it needs to score, embeddings included; null: not known.';
COMMENT ON COLUMN rocket.quality_by_latency.auc IS 'Area under the ROC curve.';
COMMENT ON COLUMN rocket.quality_by_latency.auc_standard_error IS 'Its DeLong standard error.';
COMMENT ON COLUMN rocket.quality_by_latency.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.quality_by_latency.p50_us IS 'Median microseconds of a call, paced where that was measured; null: not measured.';
COMMENT ON COLUMN rocket.quality_by_latency.p99_us IS '99th percentile, likewise.';
COMMENT ON COLUMN rocket.quality_by_latency.candidates IS 'Candidates per call: serve.candidates, or the most that were measured.';
COMMENT ON COLUMN rocket.quality_by_latency.cpu_model IS 'The processor; compare rows of the same one only.';
COMMENT ON COLUMN rocket.quality_by_latency.limit_us IS 'The limit of serve.largest_within_p99_us; null: the job file names the net.';
GRANT SELECT ON rocket.quality_by_latency TO rocket_writer, rocket_report_reader;

"""#)
}
