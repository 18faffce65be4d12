// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0014 = (name: "0014_roc.sql", sql: #"""
-- The ROC curve of each net, drawn through few enough points to look at.

CREATE TABLE rocket.roc_points (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    arm text NOT NULL,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    point integer NOT NULL,
    false_positive_rate double precision NOT NULL CHECK (false_positive_rate BETWEEN 0 AND 1),
    true_positive_rate double precision NOT NULL CHECK (true_positive_rate BETWEEN 0 AND 1),
    PRIMARY KEY (version, day, arm, net, point)
);
COMMENT ON TABLE rocket.roc_points IS 'ROC curve on an unseen day: at most 200 points of the exact curve, between which a straight line is near enough to it. Versions judged by earlier programs have none.';
COMMENT ON COLUMN rocket.roc_points.version IS 'The version.';
COMMENT ON COLUMN rocket.roc_points.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.roc_points.arm IS 'How the net was trained.';
COMMENT ON COLUMN rocket.roc_points.net IS 'light or booster.';
COMMENT ON COLUMN rocket.roc_points.point IS 'From 1 at (0, 0) to the last at (1, 1).';
COMMENT ON COLUMN rocket.roc_points.false_positive_rate IS 'Share of the impressions without a click that score at least so much.';
COMMENT ON COLUMN rocket.roc_points.true_positive_rate IS 'Share of the clicked impressions that score at least so much.';

-- A version that is judged again has its points replaced.
GRANT DELETE ON rocket.roc_points TO rocket_writer;

"""#)
}
