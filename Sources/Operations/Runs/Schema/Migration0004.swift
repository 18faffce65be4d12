// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0004 = (name: "0004_extraction.sql", sql: #"""
-- Extraction by several workers and machines: a day is built in shards of one snapshot, its files become valid together,
-- and what was seen is kept, so that logs that change later are noticed.

-- Files of the format before are not read any more; the next run builds what it needs.
DELETE FROM rocket.cache_manifest;

ALTER TABLE rocket.cache_manifest
    ADD COLUMN first_clicks bigint NOT NULL,
    ADD COLUMN duplicate_impressions bigint NOT NULL,
    ADD COLUMN rejected_rows bigint NOT NULL;
COMMENT ON COLUMN rocket.cache_manifest.part IS 'Shard of the day, from 0; shards are parts of equal length in time.';
COMMENT ON COLUMN rocket.cache_manifest.path IS 'Where the file is, as the builder saw it; its name ends with its checksum.';
COMMENT ON COLUMN rocket.cache_manifest.click_events IS 'Click events whose own time falls in the shard; the sum of the five columns below.';
COMMENT ON COLUMN rocket.cache_manifest.first_clicks IS 'Of these: the first click within the window after its impression.';
COMMENT ON COLUMN rocket.cache_manifest.duplicate_clicks IS 'Of these: later clicks within the window.';
COMMENT ON COLUMN rocket.cache_manifest.late_clicks IS 'Of these: clicks after the attribution window; they do not count.';
COMMENT ON COLUMN rocket.cache_manifest.early_clicks IS 'Of these: clicks before their impression; they do not count.';
COMMENT ON COLUMN rocket.cache_manifest.orphan_clicks IS 'Of these: clicks that name no impression known from a week before to a day after.';
COMMENT ON COLUMN rocket.cache_manifest.duplicate_impressions IS 'Impressions with the time and id of another.';
COMMENT ON COLUMN rocket.cache_manifest.rejected_rows IS 'Impressions left out because a value does not convert; see rocket.rejected_rows.';

CREATE TABLE rocket.extraction_specifications (
    specification_hash text PRIMARY KEY,
    model text NOT NULL,
    specification jsonb NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rocket.extraction_specifications IS 'What cache files were built from: log source and features, as the job file had them.';
COMMENT ON COLUMN rocket.extraction_specifications.specification_hash IS 'SHA-256 of everything in the job file that decides the bytes of the files.';
COMMENT ON COLUMN rocket.extraction_specifications.model IS 'Model name of the job that used it first.';
COMMENT ON COLUMN rocket.extraction_specifications.specification IS 'Source, features, group and shards.';
COMMENT ON COLUMN rocket.extraction_specifications.first_used_at IS 'When it was used first.';

CREATE TABLE rocket.quantile_boundaries (
    specification_hash text NOT NULL REFERENCES rocket.extraction_specifications ON DELETE CASCADE,
    feature text NOT NULL,
    boundaries double precision[] NOT NULL,
    learned_day date NOT NULL,
    PRIMARY KEY (specification_hash, feature)
);
COMMENT ON TABLE rocket.quantile_boundaries IS 'Boundaries of bucketed features, learned from the first day extracted and never changed after.';
COMMENT ON COLUMN rocket.quantile_boundaries.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.quantile_boundaries.feature IS 'Name of the feature.';
COMMENT ON COLUMN rocket.quantile_boundaries.boundaries IS 'Upper ends of all buckets but the last, ascending.';
COMMENT ON COLUMN rocket.quantile_boundaries.learned_day IS 'The day they were learned from.';

CREATE TABLE rocket.cache_days (
    specification_hash text NOT NULL REFERENCES rocket.extraction_specifications ON DELETE CASCADE,
    day date NOT NULL,
    parts integer NOT NULL,
    rows bigint NOT NULL,
    clicks bigint NOT NULL,
    click_events bigint NOT NULL,
    first_clicks bigint NOT NULL,
    duplicate_clicks bigint NOT NULL,
    late_clicks bigint NOT NULL,
    early_clicks bigint NOT NULL,
    orphan_clicks bigint NOT NULL,
    missed_share double precision,
    duplicate_impressions bigint NOT NULL,
    rejected_rows bigint NOT NULL,
    seen_impressions bigint NOT NULL,
    seen_impression_times bigint NOT NULL,
    seen_clicked bigint NOT NULL,
    seen_clicked_times bigint NOT NULL,
    source_snapshot text NOT NULL,
    builder_version text NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (specification_hash, day)
);
COMMENT ON TABLE rocket.cache_days IS 'The days that are cached: their files'' sums, what became of their clicks, and what was seen of the logs.';
COMMENT ON COLUMN rocket.cache_days.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.cache_days.day IS 'The day, in the job''s time zone.';
COMMENT ON COLUMN rocket.cache_days.parts IS 'How many files it has in rocket.cache_manifest.';
COMMENT ON COLUMN rocket.cache_days.rows IS 'Impressions in the files.';
COMMENT ON COLUMN rocket.cache_days.clicks IS 'Impressions in the files that count as clicked.';
COMMENT ON COLUMN rocket.cache_days.click_events IS 'Click events whose own time falls on the day; the sum of the five columns below.';
COMMENT ON COLUMN rocket.cache_days.first_clicks IS 'Of these: the first click within the window after its impression.';
COMMENT ON COLUMN rocket.cache_days.duplicate_clicks IS 'Of these: later clicks within the window.';
COMMENT ON COLUMN rocket.cache_days.late_clicks IS 'Of these: clicks after the attribution window.';
COMMENT ON COLUMN rocket.cache_days.early_clicks IS 'Of these: clicks before their impression.';
COMMENT ON COLUMN rocket.cache_days.orphan_clicks IS 'Of these: clicks that name no known impression.';
COMMENT ON COLUMN rocket.cache_days.missed_share IS 'late over first and late: the share of clicks that the window misses.';
COMMENT ON COLUMN rocket.cache_days.duplicate_impressions IS 'Impressions with the time and id of another.';
COMMENT ON COLUMN rocket.cache_days.rejected_rows IS 'Impressions left out because a value does not convert.';
COMMENT ON COLUMN rocket.cache_days.seen_impressions IS 'Impressions that the log had then, the rejected ones included.';
COMMENT ON COLUMN rocket.cache_days.seen_impression_times IS 'Sum of their times in microseconds, modulo 10^15.';
COMMENT ON COLUMN rocket.cache_days.seen_clicked IS 'How many of them counted as clicked then.';
COMMENT ON COLUMN rocket.cache_days.seen_clicked_times IS 'Sum of the clicked ones'' times in microseconds, modulo 10^15.';
COMMENT ON COLUMN rocket.cache_days.source_snapshot IS 'pg_current_snapshot() of the one moment that all files show.';
COMMENT ON COLUMN rocket.cache_days.builder_version IS 'Version of the program that built it.';
COMMENT ON COLUMN rocket.cache_days.built_at IS 'When it became valid.';

CREATE TABLE rocket.click_delays (
    specification_hash text NOT NULL,
    day date NOT NULL,
    below_seconds bigint NOT NULL,
    clicks bigint NOT NULL,
    PRIMARY KEY (specification_hash, day, below_seconds),
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
COMMENT ON TABLE rocket.click_delays IS 'Click-delay curve of a day: how old first and late clicks were; see rocket.click_delay_curve.';
COMMENT ON COLUMN rocket.click_delays.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.click_delays.day IS 'Day of the clicks.';
COMMENT ON COLUMN rocket.click_delays.below_seconds IS 'Clicks younger than this and not younger than the entry before; 2^62 for all that are older.';
COMMENT ON COLUMN rocket.click_delays.clicks IS 'How many.';

CREATE TABLE rocket.rejected_rows (
    rejected_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    specification_hash text NOT NULL,
    day date NOT NULL,
    part integer NOT NULL,
    key text,
    feature text NOT NULL,
    reason text NOT NULL,
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
CREATE INDEX rejected_rows_day_idx ON rocket.rejected_rows (specification_hash, day);
COMMENT ON TABLE rocket.rejected_rows IS 'Impressions that extraction left out; the first of each day, all of them are counted in rocket.cache_days.';
COMMENT ON COLUMN rocket.rejected_rows.rejected_id IS 'Number of the row.';
COMMENT ON COLUMN rocket.rejected_rows.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.rejected_rows.day IS 'Day of the impression.';
COMMENT ON COLUMN rocket.rejected_rows.part IS 'Shard of the day.';
COMMENT ON COLUMN rocket.rejected_rows.key IS 'Id of the impression; null where that is what is missing.';
COMMENT ON COLUMN rocket.rejected_rows.feature IS 'The feature whose value does not convert.';
COMMENT ON COLUMN rocket.rejected_rows.reason IS 'What the value is, and why it does not convert.';

CREATE TABLE rocket.cache_rebuilds (
    rebuild_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    specification_hash text NOT NULL,
    day date NOT NULL,
    labels_flipped bigint NOT NULL,
    rows_added bigint NOT NULL,
    rows_gone bigint NOT NULL,
    rebuilt_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rocket.cache_rebuilds IS 'Days whose logs had changed after they were cached, and what building them again changed.';
COMMENT ON COLUMN rocket.cache_rebuilds.rebuild_id IS 'Number of the rebuild.';
COMMENT ON COLUMN rocket.cache_rebuilds.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.cache_rebuilds.day IS 'The day.';
COMMENT ON COLUMN rocket.cache_rebuilds.labels_flipped IS 'Impressions whose label is another now.';
COMMENT ON COLUMN rocket.cache_rebuilds.rows_added IS 'Impressions that were not there before.';
COMMENT ON COLUMN rocket.cache_rebuilds.rows_gone IS 'Impressions that are not there any more.';
COMMENT ON COLUMN rocket.cache_rebuilds.rebuilt_at IS 'When it was rebuilt.';

CREATE TABLE rocket.extraction_builds (
    build_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    specification_hash text NOT NULL,
    day date NOT NULL,
    exported_snapshot text NOT NULL,
    source_snapshot text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (specification_hash, day)
);
COMMENT ON TABLE rocket.extraction_builds IS 'Days that are being built now; a row of a process that died is replaced by the next one.';
COMMENT ON COLUMN rocket.extraction_builds.build_id IS 'Number of the build.';
COMMENT ON COLUMN rocket.extraction_builds.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.extraction_builds.day IS 'The day.';
COMMENT ON COLUMN rocket.extraction_builds.exported_snapshot IS 'pg_export_snapshot() of the leading process: every worker reads this moment.';
COMMENT ON COLUMN rocket.extraction_builds.source_snapshot IS 'pg_current_snapshot() of that moment.';
COMMENT ON COLUMN rocket.extraction_builds.host IS 'Machine of the leading process.';
COMMENT ON COLUMN rocket.extraction_builds.pid IS 'The leading process on that machine.';
COMMENT ON COLUMN rocket.extraction_builds.started_at IS 'When it began.';

CREATE TABLE rocket.extraction_shards (
    build_id bigint NOT NULL REFERENCES rocket.extraction_builds ON DELETE CASCADE,
    part integer NOT NULL,
    first_microsecond bigint NOT NULL,
    next_microsecond bigint NOT NULL,
    path text,
    result jsonb,
    PRIMARY KEY (build_id, part)
);
COMMENT ON TABLE rocket.extraction_shards IS 'Shards of days that are being built; a worker holds the row lock of the one it works on (SKIP LOCKED).';
COMMENT ON COLUMN rocket.extraction_shards.build_id IS 'The build.';
COMMENT ON COLUMN rocket.extraction_shards.part IS 'Shard of the day, from 0.';
COMMENT ON COLUMN rocket.extraction_shards.first_microsecond IS 'Its first instant, microseconds since 1970.';
COMMENT ON COLUMN rocket.extraction_shards.next_microsecond IS 'The first instant after it.';
COMMENT ON COLUMN rocket.extraction_shards.path IS 'Its finished file; null while it waits or is worked on.';
COMMENT ON COLUMN rocket.extraction_shards.result IS 'Counts of the finished file.';

CREATE TABLE rocket.feature_statistics (
    specification_hash text NOT NULL,
    day date NOT NULL,
    feature text NOT NULL,
    coverage double precision NOT NULL,
    distinct_ids bigint,
    unseen_share double precision,
    collision_rate double precision,
    mean double precision,
    standard_deviation double precision,
    psi double precision,
    reference jsonb NOT NULL,
    PRIMARY KEY (specification_hash, day, feature),
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
COMMENT ON TABLE rocket.feature_statistics IS 'What each feature was like on each cached day.';
COMMENT ON COLUMN rocket.feature_statistics.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.feature_statistics.day IS 'The day.';
COMMENT ON COLUMN rocket.feature_statistics.feature IS 'Name of the feature.';
COMMENT ON COLUMN rocket.feature_statistics.coverage IS 'Share of the rows that have a value.';
COMMENT ON COLUMN rocket.feature_statistics.distinct_ids IS 'Different ids; null for numeric features.';
COMMENT ON COLUMN rocket.feature_statistics.unseen_share IS 'Share of these ids that no cached day of the 30 before had; null on the first day.';
COMMENT ON COLUMN rocket.feature_statistics.collision_rate IS 'Estimated share of the values that share their id with another (from the share of ids that are taken); null where ids are no hashes.';
COMMENT ON COLUMN rocket.feature_statistics.mean IS 'Mean of a numeric feature after its transform; of a multi-valued one the mean number of values.';
COMMENT ON COLUMN rocket.feature_statistics.standard_deviation IS 'Of a numeric feature after its transform.';
COMMENT ON COLUMN rocket.feature_statistics.psi IS 'Population stability index against the cached day before: below 0.1 stable, above 0.25 another distribution.';
COMMENT ON COLUMN rocket.feature_statistics.reference IS 'What the next day''s psi is measured against: the commonest ids with their counts, or deciles.';

CREATE TABLE rocket.feature_ids (
    specification_hash text NOT NULL,
    day date NOT NULL,
    feature text NOT NULL,
    ids bytea NOT NULL,
    PRIMARY KEY (specification_hash, day, feature),
    FOREIGN KEY (specification_hash, day) REFERENCES rocket.cache_days ON DELETE CASCADE
);
COMMENT ON TABLE rocket.feature_ids IS 'Which ids a feature had on a day, to tell which are new.';
COMMENT ON COLUMN rocket.feature_ids.specification_hash IS 'The extraction specification.';
COMMENT ON COLUMN rocket.feature_ids.day IS 'The day.';
COMMENT ON COLUMN rocket.feature_ids.feature IS 'Name of the feature.';
COMMENT ON COLUMN rocket.feature_ids.ids IS 'One bit an id, the lowest bit of the first byte is id 0.';

CREATE VIEW rocket.click_delay_curve AS
SELECT
    s.model, d.day, d.below_seconds, d.clicks,
    sum(d.clicks) OVER (PARTITION BY d.specification_hash, d.day ORDER BY d.below_seconds)
        / nullif(sum(d.clicks) OVER (PARTITION BY d.specification_hash, d.day), 0) AS share_below,
    c.missed_share, d.specification_hash
FROM rocket.click_delays d
JOIN rocket.cache_days c USING (specification_hash, day)
JOIN rocket.extraction_specifications s USING (specification_hash)
ORDER BY s.model, d.day, d.below_seconds;
COMMENT ON VIEW rocket.click_delay_curve IS 'How many of a day''s clicks come within a second, a minute, an hour … of their impression, and what share the window misses.';

CREATE VIEW rocket.feature_report AS
SELECT
    s.model, f.day, f.feature, f.coverage, f.distinct_ids, f.unseen_share, f.collision_rate, f.mean,
    f.standard_deviation, f.psi, f.specification_hash
FROM rocket.feature_statistics f JOIN rocket.extraction_specifications s USING (specification_hash)
ORDER BY s.model, f.day DESC, f.psi DESC NULLS LAST, f.feature;
COMMENT ON VIEW rocket.feature_report IS 'Each feature''s coverage, ids and drift, newest day first, what drifts most on top.';

"""#)
}
