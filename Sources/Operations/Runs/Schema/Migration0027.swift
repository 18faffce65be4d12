// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0027 = (name: "0027_history.sql", sql: #"""
-- Counts of earlier days as features.

CREATE TABLE rocket.history_counts (
    counts_hash text NOT NULL,
    day date NOT NULL,
    key text NOT NULL,
    source jsonb NOT NULL,
    path text NOT NULL,
    bytes bigint NOT NULL,
    keys bigint NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    checksum text NOT NULL,
    seen_impressions bigint NOT NULL,
    seen_impression_times bigint NOT NULL,
    seen_clicked bigint NOT NULL,
    seen_clicked_times bigint NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (counts_hash, day)
);
COMMENT ON TABLE rocket.history_counts IS 'Valid files of counts: what the log says of each key of a history on a day.';
COMMENT ON COLUMN rocket.history_counts.counts_hash IS 'SHA-256 of what the counts depend on besides the logs: log source and the key''s features.';
COMMENT ON COLUMN rocket.history_counts.day IS 'The day, in the job''s time zone.';
COMMENT ON COLUMN rocket.history_counts.key IS 'The key''s features.';
COMMENT ON COLUMN rocket.history_counts.source IS 'The log source, as the job file had it.';
COMMENT ON COLUMN rocket.history_counts.path IS 'The file.';
COMMENT ON COLUMN rocket.history_counts.bytes IS 'Its size.';
COMMENT ON COLUMN rocket.history_counts.keys IS 'Different values of the key on the day.';
COMMENT ON COLUMN rocket.history_counts.impressions IS 'Impressions that have a key.';
COMMENT ON COLUMN rocket.history_counts.clicks IS 'Of these: those that count as clicked.';
COMMENT ON COLUMN rocket.history_counts.checksum IS 'The file''s checksum.';
COMMENT ON COLUMN rocket.history_counts.seen_impressions IS 'Impressions that the log had then.';
COMMENT ON COLUMN rocket.history_counts.seen_impression_times IS 'Sum of their times in microseconds, modulo 10^15.';
COMMENT ON COLUMN rocket.history_counts.seen_clicked IS 'How many of them counted as clicked then.';
COMMENT ON COLUMN rocket.history_counts.seen_clicked_times IS 'Sum of the clicked ones'' times in microseconds, modulo 10^15.';
COMMENT ON COLUMN rocket.history_counts.counted_at IS 'When the file became valid.';

CREATE TABLE rocket.cache_history (
    specification_hash text NOT NULL,
    day date NOT NULL,
    counts_hash text NOT NULL,
    counted_day date NOT NULL,
    checksum text,
    PRIMARY KEY (specification_hash, day, counts_hash, counted_day),
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
COMMENT ON TABLE rocket.cache_history IS 'The days of counts that the histories of a cached day were made of.';
COMMENT ON COLUMN rocket.cache_history.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.cache_history.day IS 'The cached day.';
COMMENT ON COLUMN rocket.cache_history.counts_hash IS 'Which counts, as in rocket.history_counts.';
COMMENT ON COLUMN rocket.cache_history.counted_day IS 'A day of the history''s window.';
COMMENT ON COLUMN rocket.cache_history.checksum IS 'Of the counts'' file then; NULL if the day had no impressions.';

CREATE TABLE rocket.history_tables (
    specification_hash text NOT NULL,
    day date NOT NULL,
    key text NOT NULL,
    time_window text NOT NULL,
    lag integer NOT NULL,
    window_days integer NOT NULL,
    counted_days integer NOT NULL,
    keys bigint NOT NULL,
    impressions double precision NOT NULL,
    clicks double precision NOT NULL,
    prior double precision NOT NULL,
    strength double precision NOT NULL,
    PRIMARY KEY (specification_hash, day, key, time_window, lag),
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
COMMENT ON TABLE rocket.history_tables IS 'What was known of the keys of histories as of a cached day.';
COMMENT ON COLUMN rocket.history_tables.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.history_tables.day IS 'The cached day.';
COMMENT ON COLUMN rocket.history_tables.key IS 'The key''s features.';
COMMENT ON COLUMN rocket.history_tables.time_window IS 'The window as in the features'' names: 7d, half_3d.';
COMMENT ON COLUMN rocket.history_tables.lag IS 'Days from the newest day counted to the cached day.';
COMMENT ON COLUMN rocket.history_tables.window_days IS 'Days that the window counts.';
COMMENT ON COLUMN rocket.history_tables.counted_days IS 'Days of the window that had impressions.';
COMMENT ON COLUMN rocket.history_tables.keys IS 'Different values of the key in the window.';
COMMENT ON COLUMN rocket.history_tables.impressions IS 'Their impressions; with a half-life, each by its weight.';
COMMENT ON COLUMN rocket.history_tables.clicks IS 'Their clicks; likewise.';
COMMENT ON COLUMN rocket.history_tables.prior IS 'The mean click rate, to which rates of little-known keys are drawn.';
COMMENT ON COLUMN rocket.history_tables.strength IS 'k: how many impressions of a key count as much as the prior.';

ALTER TABLE rocket.extraction_builds ADD COLUMN history jsonb;
COMMENT ON COLUMN rocket.extraction_builds.history IS 'The files of counts that the rows'' histories are read from.';

-- A day is counted again, and counts that no window reaches are removed.
GRANT UPDATE, DELETE ON rocket.history_counts TO rocket_writer;

"""#)
}
