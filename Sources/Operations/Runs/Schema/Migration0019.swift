// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0019 = (name: "0019_day_account.sql", sql: #"""
-- An account of each cached day that adds up: every impression read and every click event is counted once. Days that an
-- earlier release built have no account; what it counted stays.

ALTER TABLE rocket.cache_days
    ADD COLUMN impressions_read bigint,
    ADD COLUMN repeated_impressions bigint,
    ADD COLUMN shared_id_impressions bigint,
    ADD COLUMN rejected_reasons jsonb,
    ADD COLUMN ambiguous_clicks bigint,
    ADD CONSTRAINT cache_days_impressions_add_up
        CHECK (impressions_read IS NULL OR impressions_read = rows + rejected_rows + repeated_impressions),
    ADD CONSTRAINT cache_days_clicks_add_up
        CHECK (ambiguous_clicks IS NULL OR click_events = first_clicks + duplicate_clicks + late_clicks + early_clicks
            + orphan_clicks + ambiguous_clicks),
    ADD CONSTRAINT cache_days_labels_are_clicks
        CHECK (ambiguous_clicks IS NULL OR (clicks <= first_clicks AND first_clicks <= click_events));
COMMENT ON COLUMN rocket.cache_days.impressions_read IS 'Impressions of the day that the log had: rows + rejected_rows + repeated_impressions. Null: built by a release that did not count them, like the other columns of the account.';
COMMENT ON COLUMN rocket.cache_days.rows IS 'Of these: impressions in the files, the ones used.';
COMMENT ON COLUMN rocket.cache_days.rejected_rows IS 'Of these: left out, because they have no id or a value does not convert.';
COMMENT ON COLUMN rocket.cache_days.rejected_reasons IS 'rejected_rows by reason: no_id, not_a_finite_number, too_large, list.';
COMMENT ON COLUMN rocket.cache_days.repeated_impressions IS 'Of these: left out, because another impression has the same id and time; one of each is kept.';
COMMENT ON COLUMN rocket.cache_days.duplicate_impressions IS 'As repeated_impressions; days without an account kept them.';
COMMENT ON COLUMN rocket.cache_days.shared_id_impressions IS 'Impressions whose id another of the day has too, at the same time or another; estimated from a sample where the day has more than 131,072 rows. source.repeated_share is held against it.';
COMMENT ON COLUMN rocket.cache_days.clicks IS 'Impressions in the files that are labelled as clicked.';
COMMENT ON COLUMN rocket.cache_days.click_events IS 'Click events that belong to the day, each to exactly one day: those within the window after the newest impression with their id belong to that impression''s day, all others to the day of their own time. The sum of the six columns below.';
COMMENT ON COLUMN rocket.cache_days.first_clicks IS 'Of these: labels, the first click within the window after its impression, of used and rejected impressions.';
COMMENT ON COLUMN rocket.cache_days.duplicate_clicks IS 'Of these: later clicks within the window of the same impression.';
COMMENT ON COLUMN rocket.cache_days.late_clicks IS 'Of these: clicks after the window of the newest impression before them.';
COMMENT ON COLUMN rocket.cache_days.early_clicks IS 'Of these: clicks before their impression, by a day at most.';
COMMENT ON COLUMN rocket.cache_days.orphan_clicks IS 'Of these: clicks without an id, and clicks that name no impression known from a week (or the window and a day, if that is longer) before to a day after them.';
COMMENT ON COLUMN rocket.cache_days.ambiguous_clicks IS 'Of these: clicks within the window whose newest impression is there more than once; they label none.';
COMMENT ON COLUMN rocket.cache_days.seen_impressions IS 'Impressions with an id that the log had then, the rejected and the repeated ones included.';
COMMENT ON COLUMN rocket.cache_days.seen_clicked IS 'How many of them were labelled then.';

ALTER TABLE rocket.cache_manifest ADD COLUMN ambiguous_clicks bigint;
COMMENT ON COLUMN rocket.cache_manifest.click_events IS 'Click events that belong to the shard, as in rocket.cache_days; the sum of the six columns below.';
COMMENT ON COLUMN rocket.cache_manifest.ambiguous_clicks IS 'Of these: clicks whose newest impression is there more than once. Null: built by a release that did not count them.';
COMMENT ON COLUMN rocket.cache_manifest.duplicate_impressions IS 'Left out, because another impression has the same id and time.';

COMMENT ON COLUMN rocket.rejected_rows.key IS 'Id of the impression, a list where it has several columns; null where that is what is missing.';
COMMENT ON COLUMN rocket.predictions.impression_id IS 'The impression''s id as text, a JSON list of texts where it has several columns.';

"""#)
}
