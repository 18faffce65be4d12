// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0023 = (name: "0023_search.sql", sql: #"""
-- Trials of rocket experiment --search.

CREATE TABLE rocket.search_trials (
    fingerprint text NOT NULL,
    rung integer NOT NULL CHECK (rung >= 0),
    changes text NOT NULL,
    model text NOT NULL,
    trained_to date NOT NULL,
    most_epochs integer NOT NULL CHECK (most_epochs > 0),
    light_log_loss double precision NOT NULL,
    booster_log_loss double precision,
    epochs double precision NOT NULL,
    seconds double precision NOT NULL,
    job_file text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (fingerprint, rung, changes)
);
COMMENT ON TABLE rocket.search_trials IS 'One job file that rocket experiment --search tried, on training rows alone: trained without the latest of them, judged on these.';
COMMENT ON COLUMN rocket.search_trials.fingerprint IS 'SHA-256 of the job file''s settings, the data and the searched keys: what the trials of one search have in common.';
COMMENT ON COLUMN rocket.search_trials.rung IS 'From 0; each rung trains the best of the one before for more epochs.';
COMMENT ON COLUMN rocket.search_trials.changes IS 'Keys that differ from the job file, with their values; empty: the job file as it is.';
COMMENT ON COLUMN rocket.search_trials.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.search_trials.trained_to IS 'Last training day.';
COMMENT ON COLUMN rocket.search_trials.most_epochs IS 'Epochs at most.';
COMMENT ON COLUMN rocket.search_trials.light_log_loss IS 'Mean cross-entropy of the light net on the held-out rows, at its best point: what decides.';
COMMENT ON COLUMN rocket.search_trials.booster_log_loss IS 'Booster: likewise.';
COMMENT ON COLUMN rocket.search_trials.epochs IS 'Epochs up to the light net''s best point.';
COMMENT ON COLUMN rocket.search_trials.seconds IS 'Time of training, judgements included.';
COMMENT ON COLUMN rocket.search_trials.job_file IS 'The job file''s text with the changes.';
COMMENT ON COLUMN rocket.search_trials.created_at IS 'When it was written.';

"""#)
}
