// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0008 = (name: "0008_evaluation.sql", sql: #"""
-- Where a model is right and where it is not: by predicted probability, and by slices of the log.

CREATE TABLE rocket.reliability_bins (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    arm text NOT NULL,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    bin integer NOT NULL,
    impressions bigint NOT NULL,
    clicks double precision NOT NULL,
    lowest double precision NOT NULL,
    highest double precision NOT NULL,
    mean_prediction double precision NOT NULL,
    click_rate double precision NOT NULL,
    PRIMARY KEY (version, day, arm, net, bin)
);
COMMENT ON TABLE rocket.reliability_bins IS 'Predicted beside observed click rate, in bins of equal mass by predicted probability.';
COMMENT ON COLUMN rocket.reliability_bins.version IS 'The version.';
COMMENT ON COLUMN rocket.reliability_bins.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.reliability_bins.arm IS 'How the net was trained.';
COMMENT ON COLUMN rocket.reliability_bins.net IS 'light or booster.';
COMMENT ON COLUMN rocket.reliability_bins.bin IS 'From 1, the lowest probabilities first.';
COMMENT ON COLUMN rocket.reliability_bins.impressions IS 'Impressions in it.';
COMMENT ON COLUMN rocket.reliability_bins.clicks IS 'Clicks in it; a fraction where equal probabilities lie on both sides of an edge.';
COMMENT ON COLUMN rocket.reliability_bins.lowest IS 'Lowest predicted probability.';
COMMENT ON COLUMN rocket.reliability_bins.highest IS 'Highest predicted probability.';
COMMENT ON COLUMN rocket.reliability_bins.mean_prediction IS 'Mean predicted probability.';
COMMENT ON COLUMN rocket.reliability_bins.click_rate IS 'Share of clicked impressions.';

CREATE TABLE rocket.slice_reports (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    feature text NOT NULL,
    slice integer NOT NULL,
    id bigint,
    value text,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    auc double precision,
    auc_standard_error double precision,
    log_loss double precision NOT NULL,
    normalized_entropy double precision,
    pcoc double precision,
    calibration_error double precision NOT NULL,
    mean_prediction double precision NOT NULL,
    PRIMARY KEY (version, day, net, feature, slice)
);
COMMENT ON TABLE rocket.slice_reports IS 'How good the nets are on the impressions of one value of a feature (evaluation.slices).';
COMMENT ON COLUMN rocket.slice_reports.version IS 'The version.';
COMMENT ON COLUMN rocket.slice_reports.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.slice_reports.net IS 'light or booster, as trained in rocket.';
COMMENT ON COLUMN rocket.slice_reports.feature IS 'The feature.';
COMMENT ON COLUMN rocket.slice_reports.slice IS 'From 1, the slice with the most impressions first; the last may be all others together.';
COMMENT ON COLUMN rocket.slice_reports.id IS 'Feature id; 0: missing. Null: all others together.';
COMMENT ON COLUMN rocket.slice_reports.value IS 'A value of the day that has the id; several by commas where their hashes collide.';
COMMENT ON COLUMN rocket.slice_reports.impressions IS 'Impressions.';
COMMENT ON COLUMN rocket.slice_reports.clicks IS 'Those that were clicked.';
COMMENT ON COLUMN rocket.slice_reports.auc IS 'Area under the ROC curve; null when only one class occurs.';
COMMENT ON COLUMN rocket.slice_reports.auc_standard_error IS 'DeLong''s standard error of auc.';
COMMENT ON COLUMN rocket.slice_reports.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.slice_reports.normalized_entropy IS 'log_loss over the entropy of the slice''s click rate.';
COMMENT ON COLUMN rocket.slice_reports.pcoc IS 'Predicted over observed clicks; null without clicks.';
COMMENT ON COLUMN rocket.slice_reports.calibration_error IS 'Expected calibration error.';
COMMENT ON COLUMN rocket.slice_reports.mean_prediction IS 'Mean predicted click probability.';

"""#)
}
