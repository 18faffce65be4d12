// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0022 = (name: "0022_epochs.sql", sql: #"""
-- For how many epochs a training goes where the job file leaves it open (training.epochs: auto).

CREATE TABLE rocket.epoch_choices (
    fingerprint text NOT NULL,
    training text NOT NULL,
    model text NOT NULL,
    settings text NOT NULL,
    trained_to date NOT NULL,
    rows bigint NOT NULL CHECK (rows > 0),
    epochs double precision NOT NULL CHECK (epochs > 0),
    origin text NOT NULL CHECK (origin IN ('searched', 'cut_short', 'reused', 'too_few')),
    choice jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (fingerprint, training)
);
CREATE INDEX epoch_choices_by_settings ON rocket.epoch_choices (model, settings, training, trained_to);
COMMENT ON TABLE rocket.epoch_choices IS 'Numbers of epochs that training.epochs: auto has chosen, one per piece of work and training; written once, so that a disturbed run ends with the same weights.';
COMMENT ON COLUMN rocket.epoch_choices.fingerprint IS 'SHA-256 of settings and data: as in model_versions, or as in experiment_results.';
COMMENT ON COLUMN rocket.epoch_choices.training IS 'What is trained: rocket, booster, light, …; with teacher: finished, rocket is the light net''s training.';
COMMENT ON COLUMN rocket.epoch_choices.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.epoch_choices.settings IS 'SHA-256 of the settings alone: later nights with the same ones may use the number.';
COMMENT ON COLUMN rocket.epoch_choices.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.epoch_choices.rows IS 'Rows of the training days, held-out ones included.';
COMMENT ON COLUMN rocket.epoch_choices.epochs IS 'The number; written into a job file as training.epochs (or booster_epochs) it gives the same weights.';
COMMENT ON COLUMN rocket.epoch_choices.origin IS 'searched: found on the held-out latest rows; cut_short: likewise, but training.budget ended the search; reused: of an earlier night''s search; too_few: the held-out rows tell nothing, so it is 1.';
COMMENT ON COLUMN rocket.epoch_choices.choice IS 'The same as JSON, with the log loss of the held-out rows at each judgement.';
COMMENT ON COLUMN rocket.epoch_choices.created_at IS 'When it was written.';

"""#)
}
