// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0032 = (name: "0032_feature_importance.sql", sql: #"""
-- What drives the light net: how much worse it scores the unseen day without what one feature says.

CREATE TABLE rocket.feature_importance (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    feature text NOT NULL,
    impressions bigint NOT NULL,
    auc double precision,
    auc_without double precision,
    log_loss_rise double precision NOT NULL,
    log_loss_rise_standard_error double precision,
    PRIMARY KEY (version, day, feature)
);
COMMENT ON TABLE rocket.feature_importance IS 'Permutation importance: the light net scores impressions of the unseen day with the values of one feature dealt among them at random (evaluation.importance_rows). Crosses and histories are features of their own: what they take from a column stays when the column''s own feature is dealt.';
COMMENT ON COLUMN rocket.feature_importance.version IS 'The version.';
COMMENT ON COLUMN rocket.feature_importance.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.feature_importance.feature IS 'The feature whose values were dealt.';
COMMENT ON COLUMN rocket.feature_importance.impressions IS 'Impressions, evenly spread over the day.';
COMMENT ON COLUMN rocket.feature_importance.auc IS 'AUC of the light net on them; null when only one class occurs.';
COMMENT ON COLUMN rocket.feature_importance.auc_without IS 'AUC with the values dealt.';
COMMENT ON COLUMN rocket.feature_importance.log_loss_rise IS 'By how much log loss rises, in nats an impression; 0 or less: the net does not need it.';
COMMENT ON COLUMN rocket.feature_importance.log_loss_rise_standard_error IS 'Its standard error over impressions; null with one.';

CREATE TRIGGER feature_importance_seal BEFORE INSERT OR UPDATE OR DELETE ON rocket.feature_importance
    FOR EACH ROW EXECUTE FUNCTION rocket.check_seal('reports');

GRANT INSERT, DELETE ON rocket.feature_importance TO rocket_writer;
GRANT SELECT ON rocket.feature_importance TO rocket_writer, rocket_report_reader;

"""#)
}
