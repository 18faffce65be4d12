// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0005 = (name: "0005_warm_start.sql", sql: #"""
-- A version may go on from the one before instead of being trained from nothing.

ALTER TABLE rocket.model_versions
    ADD COLUMN parent_version bigint REFERENCES rocket.model_versions ON DELETE RESTRICT;
COMMENT ON COLUMN rocket.model_versions.parent_version IS 'Version whose weights and optimiser state this one began with (training.start: incremental); null: trained from nothing. version_inputs has only the days that were new.';
COMMENT ON COLUMN rocket.model_versions.trained_from IS 'First day that the weights have seen, by an ancestor perhaps.';

"""#)
}
