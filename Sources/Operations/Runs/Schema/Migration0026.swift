// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0026 = (name: "0026_search_final.sql", sql: #"""
-- The final of a search: the best variant against the job file as it is.

ALTER TABLE rocket.search_trials
    ADD COLUMN seeds integer CHECK (seeds > 0),
    ADD COLUMN standard_error double precision;
COMMENT ON COLUMN rocket.search_trials.rung IS 'From 0; each rung trains the best of the one before for more epochs. 3 is the final: the best variant and the job file as it is, trained as a night would, on all rows but the latest fifth, which judges and which no trial saw.';
COMMENT ON COLUMN rocket.search_trials.seeds IS 'Of the final: trainings, of which the log losses are means; null: one.';
COMMENT ON COLUMN rocket.search_trials.standard_error IS 'Of the final''s variant: standard error of its log loss minus that of the job file as it is, over users and seeds.';

"""#)
}
