// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0010 = (name: "0010_predictions.sql", sql: #"""
-- What a version says of impressions of the log.

CREATE TABLE rocket.predictions (
    version bigint NOT NULL REFERENCES rocket.model_versions,
    impression_id text NOT NULL,
    shown_at timestamptz NOT NULL,
    probability double precision CHECK (probability BETWEEN 0 AND 1),
    problem text,
    predicted_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((probability IS NULL) <> (problem IS NULL))
);
CREATE INDEX predictions_version_shown_at ON rocket.predictions (version, shown_at);
COMMENT ON TABLE rocket.predictions IS 'Click probabilities by rocket predict, a row for each impression of a day; a day that is predicted again replaces what was there of it.';
COMMENT ON COLUMN rocket.predictions.impression_id IS 'The impression''s id as text.';
COMMENT ON COLUMN rocket.predictions.probability IS 'Of a click, by the light net; null where the impression cannot be scored.';
COMMENT ON COLUMN rocket.predictions.problem IS 'Why it cannot be scored.';
COMMENT ON COLUMN rocket.predictions.version IS 'Whose light net says so.';
COMMENT ON COLUMN rocket.predictions.shown_at IS 'When the impression was shown.';
COMMENT ON COLUMN rocket.predictions.predicted_at IS 'When the transaction began that wrote the row.';

"""#)
}
