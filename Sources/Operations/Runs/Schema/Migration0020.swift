// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0020 = (name: "0020_logistic_regression.sql", sql: #"""
-- Logistic regression as a baseline: what any net must beat.

ALTER TABLE rocket.evaluation_reports
    DROP CONSTRAINT evaluation_reports_net_check,
    ADD CONSTRAINT evaluation_reports_net_check CHECK (net IN ('light', 'booster', 'logistic_regression'));
ALTER TABLE rocket.reliability_bins
    DROP CONSTRAINT reliability_bins_net_check,
    ADD CONSTRAINT reliability_bins_net_check CHECK (net IN ('light', 'booster', 'logistic_regression'));
ALTER TABLE rocket.roc_points
    DROP CONSTRAINT roc_points_net_check,
    ADD CONSTRAINT roc_points_net_check CHECK (net IN ('light', 'booster', 'logistic_regression'));
ALTER TABLE rocket.experiment_results
    DROP CONSTRAINT experiment_results_net_check,
    ADD CONSTRAINT experiment_results_net_check CHECK (net IN ('light', 'booster', 'logistic_regression'));
COMMENT ON COLUMN rocket.evaluation_reports.arm IS 'How the net was trained: rocket (light and booster together), light alone, booster alone, …; logistic_regression.';
COMMENT ON COLUMN rocket.evaluation_reports.net IS 'light, booster or logistic_regression.';
COMMENT ON COLUMN rocket.experiment_results.net IS 'light, booster or logistic_regression.';
COMMENT ON COLUMN rocket.auc_by_day.net IS 'light, booster or logistic_regression.';
COMMENT ON COLUMN rocket.experiment_report.net IS 'light, booster or logistic_regression.';

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
    v.created_at,
    lr.auc AS logistic_regression_auc,
    lr.log_loss AS logistic_regression_log_loss
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
-- The largest batch measured stands for a request.
LEFT JOIN LATERAL (
    SELECT * FROM rocket.latency_reports l
    WHERE l.version = v.version AND l.net = 'light' AND l.mode = 'back_to_back'
    ORDER BY l.batch_size DESC LIMIT 1) ll ON true
LEFT JOIN rocket.latency_reports lb
    ON lb.version = v.version AND lb.net = 'booster' AND lb.batch_size = ll.batch_size AND lb.mode = 'back_to_back';
COMMENT ON COLUMN rocket.model_report.logistic_regression_auc IS 'AUC of logistic regression on the same features; null without that baseline.';
COMMENT ON COLUMN rocket.model_report.logistic_regression_log_loss IS 'Its mean cross-entropy in nats.';

"""#)
}
