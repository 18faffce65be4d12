// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0016 = (name: "0016_intervals.sql", sql: #"""
-- How sure GAUC and NE are, and the live version on the same impressions as the version that would replace it.

ALTER TABLE rocket.evaluation_reports
    ADD COLUMN gauc_standard_error double precision,
    ADD COLUMN normalized_entropy_standard_error double precision;
COMMENT ON COLUMN rocket.evaluation_reports.gauc_standard_error IS 'Standard error of gauc over groups (users), by the delta method; null with fewer than two groups, and from earlier programs.';
COMMENT ON COLUMN rocket.evaluation_reports.normalized_entropy_standard_error IS 'Standard error of normalized_entropy, likewise; over impressions where the job file names no group.';

CREATE TABLE rocket.live_reports (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    live_version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    auc double precision,
    auc_standard_error double precision,
    gauc double precision,
    gauc_standard_error double precision,
    gauc_groups bigint NOT NULL,
    log_loss double precision NOT NULL,
    normalized_entropy double precision,
    normalized_entropy_standard_error double precision,
    pcoc double precision,
    pr_auc double precision,
    calibration_error double precision,
    evaluated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, day)
);
COMMENT ON TABLE rocket.live_reports IS 'How good the live version''s light net was on the day that another version was judged on, on the same impressions. Versions judged by earlier programs have none.';
COMMENT ON COLUMN rocket.live_reports.version IS 'The version that the gate judged.';
COMMENT ON COLUMN rocket.live_reports.day IS 'The day, which that version has not seen; for the live one the gate''s rule unseen tells.';
COMMENT ON COLUMN rocket.live_reports.live_version IS 'The version that was live then, and whose light net this is.';
COMMENT ON COLUMN rocket.live_reports.auc IS 'Area under the ROC curve; null when the day has one class only.';
COMMENT ON COLUMN rocket.live_reports.auc_standard_error IS 'DeLong standard error of auc.';
COMMENT ON COLUMN rocket.live_reports.gauc IS 'Impression-weighted mean of the AUC within each group (user).';
COMMENT ON COLUMN rocket.live_reports.gauc_standard_error IS 'Standard error of gauc over groups, by the delta method; null with fewer than two.';
COMMENT ON COLUMN rocket.live_reports.gauc_groups IS 'Groups with both classes, those that gauc is over.';
COMMENT ON COLUMN rocket.live_reports.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.live_reports.normalized_entropy IS 'log_loss over the entropy of the mean click rate; below 1 is better than guessing it.';
COMMENT ON COLUMN rocket.live_reports.normalized_entropy_standard_error IS 'Standard error of normalized_entropy over groups, or over impressions where the job file names none.';
COMMENT ON COLUMN rocket.live_reports.pcoc IS 'Predicted over observed clicks; 1 is calibrated.';
COMMENT ON COLUMN rocket.live_reports.pr_auc IS 'Average precision.';
COMMENT ON COLUMN rocket.live_reports.calibration_error IS 'Expected calibration error.';
COMMENT ON COLUMN rocket.live_reports.evaluated_at IS 'When it was measured.';

-- The owner's default privileges let the writer insert and both roles read; nothing is written again.

CREATE OR REPLACE VIEW rocket.auc_by_day AS
SELECT
    v.model, e.day, e.arm, e.net, e.version, v.state, e.auc, e.auc_standard_error,
    e.auc - 1.96 * e.auc_standard_error AS auc_low, e.auc + 1.96 * e.auc_standard_error AS auc_high,
    e.gauc, e.log_loss, e.normalized_entropy, e.pcoc, e.oracle_auc, e.impressions, e.clicks, e.evaluated_at,
    e.gauc_standard_error, e.gauc - 1.96 * e.gauc_standard_error AS gauc_low,
    e.gauc + 1.96 * e.gauc_standard_error AS gauc_high, e.normalized_entropy_standard_error,
    e.normalized_entropy - 1.96 * e.normalized_entropy_standard_error AS normalized_entropy_low,
    e.normalized_entropy + 1.96 * e.normalized_entropy_standard_error AS normalized_entropy_high,
    l.live_version, l.auc AS live_auc, l.gauc AS live_gauc, l.normalized_entropy AS live_normalized_entropy
FROM rocket.evaluation_reports e
JOIN rocket.model_versions v USING (version)
LEFT JOIN rocket.live_reports l USING (version, day)
ORDER BY v.model, e.day DESC, e.version DESC, e.arm <> 'rocket', e.arm, e.net DESC;
COMMENT ON COLUMN rocket.auc_by_day.gauc_standard_error IS 'Standard error of gauc over groups (users).';
COMMENT ON COLUMN rocket.auc_by_day.gauc_low IS 'Lower end of the 95 % interval of gauc.';
COMMENT ON COLUMN rocket.auc_by_day.gauc_high IS 'Upper end of it.';
COMMENT ON COLUMN rocket.auc_by_day.normalized_entropy_standard_error IS 'Standard error of normalized_entropy over groups, or over impressions where the job file names none.';
COMMENT ON COLUMN rocket.auc_by_day.normalized_entropy_low IS 'Lower end of the 95 % interval of normalized_entropy.';
COMMENT ON COLUMN rocket.auc_by_day.normalized_entropy_high IS 'Upper end of it.';
COMMENT ON COLUMN rocket.auc_by_day.live_version IS 'The version that was live when this one was judged; null: none, or it could not score the day.';
COMMENT ON COLUMN rocket.auc_by_day.live_auc IS 'AUC of that version''s light net on the same impressions; its other figures are in rocket.live_reports.';
COMMENT ON COLUMN rocket.auc_by_day.live_gauc IS 'GAUC of it.';
COMMENT ON COLUMN rocket.auc_by_day.live_normalized_entropy IS 'Normalized entropy of it.';

"""#)
}
