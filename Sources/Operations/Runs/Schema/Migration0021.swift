// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0021 = (name: "0021_gains.sql", sql: #"""
-- Paired differences in AUC and log loss for every claim of a report, and no share of a gap that may as well be none.

ALTER TABLE rocket.model_comparisons
    ADD COLUMN metric text NOT NULL DEFAULT 'auc' CHECK (metric IN ('auc', 'log_loss')),
    DROP CONSTRAINT model_comparisons_pkey,
    ADD PRIMARY KEY (version, day, comparison, metric),
    DROP CONSTRAINT model_comparisons_comparison_check,
    ADD CONSTRAINT model_comparisons_comparison_check CHECK (comparison IN (
        'light_minus_live', 'light_minus_booster', 'gap_closed', 'light_minus_light_alone', 'booster_minus_booster_alone',
        'light_minus_logistic_regression', 'booster_alone_minus_light_alone'));
COMMENT ON TABLE rocket.model_comparisons IS 'Differences on the same rows with their uncertainty over users (evaluation.group): of AUC by a paired Poisson bootstrap, of log loss by the delta method.';
COMMENT ON COLUMN rocket.model_comparisons.comparison IS 'The first net''s metric minus the second''s: light_minus_live, light_minus_booster, light_minus_light_alone, booster_minus_booster_alone, light_minus_logistic_regression, booster_alone_minus_light_alone (the gap). gap_closed is the share of the gap; absent where the gap is inside 1.96 of its own standard errors.';
COMMENT ON COLUMN rocket.model_comparisons.metric IS 'auc, of which more is better, or log_loss, of which less is.';
COMMENT ON COLUMN rocket.model_comparisons.standard_error IS 'Over users: standard deviation over the replicates, or by the delta method.';
COMMENT ON COLUMN rocket.model_comparisons.lower_bound IS 'Quantile 1 - confidence of the replicates, or of the normal distribution.';
COMMENT ON COLUMN rocket.model_comparisons.upper_bound IS 'Quantile confidence, likewise.';
COMMENT ON COLUMN rocket.model_comparisons.replicates IS 'Replicates in which it was defined; 0: by the delta method.';

COMMENT ON COLUMN rocket.gate_rules.rule IS 'not_inferior, unseen, pcoc, clicks, finite, p99, coverage, constant, beats_logistic_regression, beats_logistic_regression_log_loss.';

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
    END AS gap_closed_note
FROM rocket.model_versions v
JOIN rocket.evaluation_reports e ON e.version = v.version AND e.arm = 'rocket' AND e.net = 'light'
LEFT JOIN rocket.evaluation_reports b
    ON b.version = v.version AND b.day = e.day AND b.arm = 'rocket' AND b.net = 'booster'
LEFT JOIN rocket.evaluation_reports la
    ON la.version = v.version AND la.day = e.day AND la.arm = 'light' AND la.net = 'light'
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
    WHERE l.version = v.version AND l.net = 'light' AND l.mode = 'back_to_back'
    ORDER BY l.batch_size DESC LIMIT 1) ll ON true
LEFT JOIN rocket.latency_reports lb
    ON lb.version = v.version AND lb.net = 'booster' AND lb.batch_size = ll.batch_size AND lb.mode = 'back_to_back';
COMMENT ON COLUMN rocket.model_report.gap_closed IS '(light_auc - light_alone_auc) / (booster_alone_auc - light_alone_auc); null where the gap is inside its own error.';
COMMENT ON COLUMN rocket.model_report.gap_standard_error IS 'Standard error of booster_alone_auc - light_alone_auc, over users; null: not measured.';
COMMENT ON COLUMN rocket.model_report.gap_closed_note IS 'Why gap_closed is null; null where it is not, and without the baselines light and booster.';

CREATE OR REPLACE VIEW rocket.rocket_gain AS
SELECT
    r.model, r.evaluated_day AS day, r.version, r.light_alone_auc, r.light_auc AS rocket_light_auc,
    r.booster_alone_auc, r.booster_auc AS rocket_booster_auc, r.light_auc - r.light_alone_auc AS gain,
    r.booster_alone_auc - r.light_alone_auc AS gap, r.gap_closed,
    CASE WHEN r.gap_closed IS NOT NULL THEN c.lower_bound END AS gap_closed_low,
    CASE WHEN r.gap_closed IS NOT NULL THEN c.upper_bound END AS gap_closed_high, c.confidence, r.times_faster,
    r.impressions, r.clicks, la.standard_error AS gain_standard_error, ll.estimate AS log_loss_gain,
    ll.standard_error AS log_loss_gain_standard_error, r.booster_auc - r.booster_alone_auc AS booster_gain,
    ba.standard_error AS booster_gain_standard_error, bl.estimate AS booster_log_loss_gain,
    bl.standard_error AS booster_log_loss_gain_standard_error, r.gap_standard_error, r.gap_closed_note
FROM rocket.model_report r
LEFT JOIN rocket.model_comparisons c
    ON c.version = r.version AND c.day = r.evaluated_day AND c.comparison = 'gap_closed'
LEFT JOIN rocket.model_comparisons la
    ON la.version = r.version AND la.day = r.evaluated_day AND la.comparison = 'light_minus_light_alone'
    AND la.metric = 'auc'
LEFT JOIN rocket.model_comparisons ll
    ON ll.version = r.version AND ll.day = r.evaluated_day AND ll.comparison = 'light_minus_light_alone'
    AND ll.metric = 'log_loss'
LEFT JOIN rocket.model_comparisons ba
    ON ba.version = r.version AND ba.day = r.evaluated_day AND ba.comparison = 'booster_minus_booster_alone'
    AND ba.metric = 'auc'
LEFT JOIN rocket.model_comparisons bl
    ON bl.version = r.version AND bl.day = r.evaluated_day AND bl.comparison = 'booster_minus_booster_alone'
    AND bl.metric = 'log_loss'
WHERE r.light_alone_auc IS NOT NULL
ORDER BY r.model, r.evaluated_day DESC, r.version DESC;
COMMENT ON COLUMN rocket.rocket_gain.gap_closed IS 'gain over gap; null where the gap is inside its own error, of which gap_closed_note tells.';
COMMENT ON COLUMN rocket.rocket_gain.gain_standard_error IS 'Standard error of gain, paired and over users; null: not measured, by an earlier program.';
COMMENT ON COLUMN rocket.rocket_gain.log_loss_gain IS 'Log loss of the light net in rocket minus that alone; below 0: rocket helped.';
COMMENT ON COLUMN rocket.rocket_gain.log_loss_gain_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.rocket_gain.booster_gain IS 'rocket_booster_auc - booster_alone_auc; below 0: rocket hurt the booster.';
COMMENT ON COLUMN rocket.rocket_gain.booster_gain_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.rocket_gain.booster_log_loss_gain IS 'Log loss of the booster in rocket minus that alone.';
COMMENT ON COLUMN rocket.rocket_gain.booster_log_loss_gain_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.rocket_gain.gap_standard_error IS 'Standard error of gap, likewise.';
COMMENT ON COLUMN rocket.rocket_gain.gap_closed_note IS 'Why gap_closed is null.';

-- Each seed's arms began with the same weights and saw the same batches, so differences are taken seed by seed.
CREATE OR REPLACE VIEW rocket.experiment_report AS
WITH arms AS (
    SELECT fingerprint, model, evaluated_day, arm, net, count(auc) AS seeds, avg(auc) AS auc,
           stddev_samp(auc) / sqrt(count(auc)) AS auc_standard_error, avg(gauc) AS gauc, avg(log_loss) AS log_loss,
           avg(pcoc) AS pcoc, avg(validation_auc) AS validation_auc, avg(oracle_auc) AS oracle_auc, avg(seconds) AS seconds, max(created_at) AS last_at
    FROM rocket.experiment_results
    GROUP BY fingerprint, model, evaluated_day, arm, net
), gains AS (
    SELECT a.fingerprint, a.arm, a.net, o.arm AS than, count(a.auc - o.auc) AS seeds, avg(a.auc - o.auc) AS auc,
           stddev_samp(a.auc - o.auc) / sqrt(count(a.auc - o.auc)) AS auc_error,
           avg(a.log_loss - o.log_loss) AS log_loss,
           stddev_samp(a.log_loss - o.log_loss) / sqrt(count(*)) AS log_loss_error
    FROM rocket.experiment_results a
    JOIN rocket.experiment_results o
        ON o.fingerprint = a.fingerprint AND o.seed = a.seed AND a.arm <> o.arm
        AND ((o.arm = a.net AND o.net = a.net) OR o.arm = 'logistic_regression')
    GROUP BY a.fingerprint, a.arm, a.net, o.arm
), sums AS (
    -- x is what the net is above the light net alone, g the gap: means, variances of the means, and their covariance.
    SELECT a.fingerprint, a.arm, a.net, count(*) AS n, avg(a.auc - l.auc) AS x, avg(b.auc - l.auc) AS g,
           var_samp(a.auc - l.auc) / count(*) AS xx, var_samp(b.auc - l.auc) / count(*) AS gg,
           covar_samp(a.auc - l.auc, b.auc - l.auc) / count(*) AS xg
    FROM rocket.experiment_results a
    JOIN rocket.experiment_results l
        ON l.fingerprint = a.fingerprint AND l.seed = a.seed AND l.arm = 'light' AND l.net = 'light'
    JOIN rocket.experiment_results b
        ON b.fingerprint = a.fingerprint AND b.seed = a.seed AND b.arm = 'booster' AND b.net = 'booster'
    WHERE a.auc + l.auc + b.auc IS NOT NULL AND a.net <> 'logistic_regression'
    GROUP BY a.fingerprint, a.arm, a.net
), student AS (
    -- Student's t, 95 % of both sides, of n - 1 degrees of freedom; beyond 30 that of 30, which is a little wider.
    SELECT *, (ARRAY[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
        2.042])[least(n - 1, 30)]::double precision AS t
    FROM sums
), fieller AS (
    -- Fieller's interval of a ratio of paired means (Fieller 1954), which is one where the gap is clear: h < 1.
    SELECT *, x / nullif(g, 0) AS r, t * t * gg / nullif(g * g, 0) AS h, g > t * sqrt(gg) AS is_clear FROM student
)
SELECT a.*,
    CASE WHEN f.is_clear THEN f.r END AS gap_closed,
    alone.auc AS auc_gain, alone.auc_error AS auc_gain_standard_error, alone.log_loss AS log_loss_gain,
    alone.log_loss_error AS log_loss_gain_standard_error, alone.seeds AS gain_seeds,
    lr.auc AS auc_over_logistic_regression, lr.auc_error AS auc_over_logistic_regression_standard_error,
    lr.log_loss AS log_loss_over_logistic_regression,
    lr.log_loss_error AS log_loss_over_logistic_regression_standard_error,
    CASE WHEN f.is_clear THEN (f.r - coalesce(f.h * f.xg / nullif(f.gg, 0), 0) - f.half) / (1 - f.h) END AS gap_closed_low,
    CASE WHEN f.is_clear THEN (f.r - coalesce(f.h * f.xg / nullif(f.gg, 0), 0) + f.half) / (1 - f.h) END AS gap_closed_high,
    CASE
        WHEN f.n IS NULL OR f.is_clear THEN NULL
        WHEN f.n = 1 THEN 'one seed tells no error of the gap'
        WHEN f.g < -f.t * sqrt(f.gg) THEN
            format('there is no gap: the booster alone is worse than the light net alone, by %s ± %s',
                round(-f.g::numeric, 4), round(sqrt(f.gg)::numeric, 4))
        ELSE format('the gap is inside its own error: %s ± %s', round(f.g::numeric, 4), round(sqrt(f.gg)::numeric, 4))
    END AS gap_closed_note
FROM arms a
LEFT JOIN gains alone
    ON alone.fingerprint = a.fingerprint AND alone.arm = a.arm AND alone.net = a.net AND alone.than = a.net
LEFT JOIN gains lr
    ON lr.fingerprint = a.fingerprint AND lr.arm = a.arm AND lr.net = a.net AND lr.than = 'logistic_regression'
LEFT JOIN (
    SELECT *, t / g * sqrt(greatest(0, xx - 2 * r * xg + r * r * gg - h * (xx - coalesce(xg * xg / nullif(gg, 0), 0)))) AS half
    FROM fieller) f ON f.fingerprint = a.fingerprint AND f.arm = a.arm AND f.net = a.net;
COMMENT ON VIEW rocket.experiment_report IS 'Means over seeds of each arm and net of an experiment, with standard errors; what a net gained, seed by seed, over the same net alone and over logistic regression; gap_closed is 0 at the light net alone and 1 at the booster alone.';
COMMENT ON COLUMN rocket.experiment_report.gap_closed IS '0 at the light net alone, 1 at the booster alone, over the seeds that have both; null where the gap is inside its own error.';
COMMENT ON COLUMN rocket.experiment_report.auc_gain IS 'AUC minus that of the same net trained alone, a mean over the seeds of both; null of what was trained alone.';
COMMENT ON COLUMN rocket.experiment_report.auc_gain_standard_error IS 'Standard error of auc_gain over the seeds, paired; null with one seed.';
COMMENT ON COLUMN rocket.experiment_report.log_loss_gain IS 'Log loss minus that of the same net trained alone; below 0 is better.';
COMMENT ON COLUMN rocket.experiment_report.log_loss_gain_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.experiment_report.gain_seeds IS 'Seeds of the gains.';
COMMENT ON COLUMN rocket.experiment_report.auc_over_logistic_regression IS 'AUC minus that of logistic regression, seed by seed.';
COMMENT ON COLUMN rocket.experiment_report.auc_over_logistic_regression_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.experiment_report.log_loss_over_logistic_regression IS 'Log loss minus that of logistic regression; below 0 is better.';
COMMENT ON COLUMN rocket.experiment_report.log_loss_over_logistic_regression_standard_error IS 'Its standard error, likewise.';
COMMENT ON COLUMN rocket.experiment_report.gap_closed_low IS 'Lower end of the 95 % interval of gap_closed over the seeds (Fieller).';
COMMENT ON COLUMN rocket.experiment_report.gap_closed_high IS 'Upper end, likewise.';
COMMENT ON COLUMN rocket.experiment_report.gap_closed_note IS 'Why gap_closed is null.';

"""#)
}
