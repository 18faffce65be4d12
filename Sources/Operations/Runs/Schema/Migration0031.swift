// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0031 = (name: "0031_cache_copies.sql", sql: #"""
-- Where the files of the cache are: in which folder of which machine, and for which job.

CREATE TABLE rocket.cache_copies (
    content_hash text NOT NULL,
    day date NOT NULL,
    part integer NOT NULL,
    host text NOT NULL,
    folder text NOT NULL,
    model text NOT NULL,
    job_file text NOT NULL,
    path text NOT NULL,
    checksum text NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (content_hash, day, part, host, folder)
);
COMMENT ON TABLE rocket.cache_copies IS 'Where the files of the cache are. What a day holds is in rocket.cache_manifest and rocket.history_counts; a file counts as long as its checksum is theirs, wherever it is.';
COMMENT ON COLUMN rocket.cache_copies.content_hash IS 'What is in the file: an extraction specification, or the counts_hash of counts.';
COMMENT ON COLUMN rocket.cache_copies.day IS 'The day.';
COMMENT ON COLUMN rocket.cache_copies.part IS 'Part of the day, from 0; counts have one.';
COMMENT ON COLUMN rocket.cache_copies.host IS 'The machine that built it; empty if an earlier release did.';
COMMENT ON COLUMN rocket.cache_copies.folder IS 'The cache.directory that it was built in; empty if an earlier release built it.';
COMMENT ON COLUMN rocket.cache_copies.model IS 'Model name of the job that built it.';
COMMENT ON COLUMN rocket.cache_copies.job_file IS 'Path of that job''s file.';
COMMENT ON COLUMN rocket.cache_copies.path IS 'The file; earlier releases recorded it relative to the folder they ran in.';
COMMENT ON COLUMN rocket.cache_copies.checksum IS 'The file''s checksum.';
COMMENT ON COLUMN rocket.cache_copies.built_at IS 'When it was built.';

INSERT INTO rocket.cache_copies (content_hash, day, part, host, folder, model, job_file, path, checksum, built_at)
SELECT specification_hash, day, part, '', '', model, '', path, checksum, built_at FROM rocket.cache_manifest
UNION ALL
SELECT counts_hash, day, 0, '', '', '', '', path, checksum, counted_at FROM rocket.history_counts;

ALTER TABLE rocket.extraction_builds ADD COLUMN folder text;
COMMENT ON COLUMN rocket.extraction_builds.folder IS 'The leading process''s cache.directory; only processes with the same one help it.';

-- A file is built again in the same place, and old days are removed.
GRANT UPDATE, DELETE ON rocket.cache_copies TO rocket_writer;

"""#)
}
