// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0002 = (name: "0002_rocket.sql", sql: #"""
-- The job's own tables: what ran, what is cached, what was trained, how good and how fast it is.

CREATE SCHEMA IF NOT EXISTS rocket;
COMMENT ON SCHEMA rocket IS 'Results of the nightly rocket job: runs, cache manifest, model versions, reports.';

CREATE TABLE rocket.runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command text NOT NULL,
    model text NOT NULL,
    evaluated_day date,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'nothing_to_do', 'failed')),
    exit_code integer,
    error text,
    version bigint,
    host text NOT NULL,
    pid integer NOT NULL,
    program_version text NOT NULL,
    job_file text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((status = 'running') = (ended_at IS NULL))
);
CREATE INDEX runs_model_idx ON rocket.runs (model, started_at DESC);
COMMENT ON TABLE rocket.runs IS 'Run ledger: one row a run of the job, also of runs that failed.';
COMMENT ON COLUMN rocket.runs.run_id IS 'Number of the run.';
COMMENT ON COLUMN rocket.runs.command IS 'The command that ran: nightly, backfill, extract, train, evaluate.';
COMMENT ON COLUMN rocket.runs.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.runs.evaluated_day IS 'The unseen day that the run judged its model on.';
COMMENT ON COLUMN rocket.runs.status IS 'running, done, nothing_to_do or failed.';
COMMENT ON COLUMN rocket.runs.exit_code IS 'Exit code of the command, see the README.';
COMMENT ON COLUMN rocket.runs.error IS 'What went wrong, as the command said it.';
COMMENT ON COLUMN rocket.runs.version IS 'The model version that the run made or found already made.';
COMMENT ON COLUMN rocket.runs.host IS 'Machine the run was on.';
COMMENT ON COLUMN rocket.runs.pid IS 'Process of the run on that machine.';
COMMENT ON COLUMN rocket.runs.program_version IS 'Version of the program.';
COMMENT ON COLUMN rocket.runs.job_file IS 'Path of the job file.';
COMMENT ON COLUMN rocket.runs.started_at IS 'Start of the run.';
COMMENT ON COLUMN rocket.runs.ended_at IS 'End of the run; null while it runs.';

CREATE TABLE rocket.run_stages (
    run_id bigint NOT NULL REFERENCES rocket.runs ON DELETE CASCADE,
    stage integer NOT NULL,
    name text NOT NULL,
    seconds double precision NOT NULL,
    rows bigint,
    bytes bigint,
    detail text,
    PRIMARY KEY (run_id, stage)
);
COMMENT ON TABLE rocket.run_stages IS 'What each stage of a run did and how long it took.';
COMMENT ON COLUMN rocket.run_stages.run_id IS 'The run.';
COMMENT ON COLUMN rocket.run_stages.stage IS 'Position of the stage in the run, from 1.';
COMMENT ON COLUMN rocket.run_stages.name IS 'extract, train, evaluate, latency, publish.';
COMMENT ON COLUMN rocket.run_stages.seconds IS 'Wall-clock seconds.';
COMMENT ON COLUMN rocket.run_stages.rows IS 'Rows handled, where it counts rows.';
COMMENT ON COLUMN rocket.run_stages.bytes IS 'Bytes written, where it writes.';
COMMENT ON COLUMN rocket.run_stages.detail IS 'What it worked on: a day, an arm.';

CREATE TABLE rocket.cache_manifest (
    specification_hash text NOT NULL,
    day date NOT NULL,
    part integer NOT NULL,
    model text NOT NULL,
    path text NOT NULL,
    bytes bigint NOT NULL,
    rows bigint NOT NULL,
    clicks bigint NOT NULL,
    checksum text NOT NULL,
    click_events bigint NOT NULL,
    duplicate_clicks bigint NOT NULL,
    late_clicks bigint NOT NULL,
    early_clicks bigint NOT NULL,
    orphan_clicks bigint NOT NULL,
    source_snapshot text NOT NULL,
    builder_version text NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (specification_hash, day, part)
);
COMMENT ON TABLE rocket.cache_manifest IS 'The cache files that are valid; a file without a row here is not.';
COMMENT ON COLUMN rocket.cache_manifest.specification_hash IS 'SHA-256 of everything in the job file that decides the bytes of the file.';
COMMENT ON COLUMN rocket.cache_manifest.day IS 'Day of the impressions, in the job''s time zone.';
COMMENT ON COLUMN rocket.cache_manifest.part IS 'Part of the day, from 0.';
COMMENT ON COLUMN rocket.cache_manifest.model IS 'Model name of the job that built it.';
COMMENT ON COLUMN rocket.cache_manifest.path IS 'Where the file is, as the builder saw it.';
COMMENT ON COLUMN rocket.cache_manifest.bytes IS 'Size of the file.';
COMMENT ON COLUMN rocket.cache_manifest.rows IS 'Impressions in it.';
COMMENT ON COLUMN rocket.cache_manifest.clicks IS 'Impressions in it that count as clicked.';
COMMENT ON COLUMN rocket.cache_manifest.checksum IS 'Checksum of the file, as its reader computes it.';
COMMENT ON COLUMN rocket.cache_manifest.click_events IS 'Click events whose time falls on the day.';
COMMENT ON COLUMN rocket.cache_manifest.duplicate_clicks IS 'Clicks within the window beyond the first of an impression.';
COMMENT ON COLUMN rocket.cache_manifest.late_clicks IS 'Clicks on the day''s impressions after the attribution window; they do not count.';
COMMENT ON COLUMN rocket.cache_manifest.early_clicks IS 'Clicks before their impression; they do not count.';
COMMENT ON COLUMN rocket.cache_manifest.orphan_clicks IS 'Click events on the day that name no known impression.';
COMMENT ON COLUMN rocket.cache_manifest.source_snapshot IS 'pg_current_snapshot() of the transaction that read the logs.';
COMMENT ON COLUMN rocket.cache_manifest.builder_version IS 'Version of the program that built it.';
COMMENT ON COLUMN rocket.cache_manifest.built_at IS 'When the row was written.';

CREATE TABLE rocket.model_versions (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    run_id bigint REFERENCES rocket.runs ON DELETE SET NULL,
    trained_from date NOT NULL,
    trained_to date NOT NULL,
    evaluated_day date,
    fingerprint text NOT NULL,
    specification_hash text NOT NULL,
    seed text NOT NULL,
    job_file text NOT NULL,
    training jsonb NOT NULL,
    light_parameters bigint NOT NULL,
    booster_parameters bigint NOT NULL,
    embedding_parameters bigint NOT NULL,
    program_version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (trained_from <= trained_to),
    CHECK (evaluated_day > trained_to)
);
CREATE UNIQUE INDEX model_versions_fingerprint_idx ON rocket.model_versions (model, fingerprint);
CREATE INDEX model_versions_model_idx ON rocket.model_versions (model, version DESC);
COMMENT ON TABLE rocket.model_versions IS 'Trained models. A version exists with its artifacts and reports, or not at all.';
COMMENT ON COLUMN rocket.model_versions.version IS 'Number of the version, unique over all models.';
COMMENT ON COLUMN rocket.model_versions.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.model_versions.run_id IS 'The run that made it.';
COMMENT ON COLUMN rocket.model_versions.trained_from IS 'First day trained on.';
COMMENT ON COLUMN rocket.model_versions.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.model_versions.evaluated_day IS 'The day after, judged on and never trained on; null when only trained.';
COMMENT ON COLUMN rocket.model_versions.fingerprint IS 'SHA-256 of settings and data; the same work is not done twice.';
COMMENT ON COLUMN rocket.model_versions.specification_hash IS 'The cache specification it was trained from.';
COMMENT ON COLUMN rocket.model_versions.seed IS 'Seed of every random choice (unsigned 64 bit, hence text).';
COMMENT ON COLUMN rocket.model_versions.job_file IS 'The job file''s text.';
COMMENT ON COLUMN rocket.model_versions.training IS 'Training report: steps, speed, loss curve, the gradient-block proof, of every arm.';
COMMENT ON COLUMN rocket.model_versions.light_parameters IS 'Dense parameters of the light net.';
COMMENT ON COLUMN rocket.model_versions.booster_parameters IS 'Dense parameters of the booster net.';
COMMENT ON COLUMN rocket.model_versions.embedding_parameters IS 'Parameters of the embedding tables.';
COMMENT ON COLUMN rocket.model_versions.program_version IS 'Version of the program.';
COMMENT ON COLUMN rocket.model_versions.created_at IS 'When it was committed.';

CREATE TABLE rocket.version_inputs (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('training', 'evaluation')),
    day date NOT NULL,
    part integer NOT NULL,
    rows bigint NOT NULL,
    clicks bigint NOT NULL,
    checksum text NOT NULL,
    PRIMARY KEY (version, role, day, part)
);
COMMENT ON TABLE rocket.version_inputs IS 'Lineage: the cache files a version was trained and evaluated on.';
COMMENT ON COLUMN rocket.version_inputs.version IS 'The version.';
COMMENT ON COLUMN rocket.version_inputs.role IS 'training or evaluation.';
COMMENT ON COLUMN rocket.version_inputs.day IS 'Day of the file.';
COMMENT ON COLUMN rocket.version_inputs.part IS 'Part of the day.';
COMMENT ON COLUMN rocket.version_inputs.rows IS 'Impressions in it.';
COMMENT ON COLUMN rocket.version_inputs.clicks IS 'Clicks in it.';
COMMENT ON COLUMN rocket.version_inputs.checksum IS 'The file''s checksum at that time.';

CREATE TABLE rocket.artifacts (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    name text NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (version, name)
);
COMMENT ON TABLE rocket.artifacts IS 'Files of a version; their bytes are in rocket.artifact_chunks.';
COMMENT ON COLUMN rocket.artifacts.version IS 'The version.';
COMMENT ON COLUMN rocket.artifacts.name IS 'File name: model.safetensors, features.json.';
COMMENT ON COLUMN rocket.artifacts.bytes IS 'Size of the file.';
COMMENT ON COLUMN rocket.artifacts.sha256 IS 'SHA-256 of the file, hexadecimal.';

CREATE TABLE rocket.artifact_chunks (
    version bigint NOT NULL,
    name text NOT NULL,
    chunk integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (version, name, chunk),
    FOREIGN KEY (version, name) REFERENCES rocket.artifacts ON DELETE CASCADE
);
-- Weights do not compress; trying costs time at every write.
ALTER TABLE rocket.artifact_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE rocket.artifact_chunks IS 'Bytes of the artifacts, in order.';
COMMENT ON COLUMN rocket.artifact_chunks.version IS 'The version.';
COMMENT ON COLUMN rocket.artifact_chunks.name IS 'The artifact.';
COMMENT ON COLUMN rocket.artifact_chunks.chunk IS 'Position, from 0.';
COMMENT ON COLUMN rocket.artifact_chunks.data IS 'Up to 4 MiB of the file.';

CREATE TABLE rocket.evaluation_reports (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    arm text NOT NULL,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    auc double precision,
    auc_standard_error double precision,
    gauc double precision,
    gauc_groups bigint NOT NULL,
    log_loss double precision,
    normalized_entropy double precision,
    pcoc double precision,
    pr_auc double precision,
    calibration_error double precision,
    mean_prediction double precision,
    oracle_auc double precision,
    evaluated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, day, arm, net)
);
COMMENT ON TABLE rocket.evaluation_reports IS 'How good each net is on a day it has not seen.';
COMMENT ON COLUMN rocket.evaluation_reports.version IS 'The version.';
COMMENT ON COLUMN rocket.evaluation_reports.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.evaluation_reports.arm IS 'How the net was trained: rocket (light and booster together), light alone, booster alone.';
COMMENT ON COLUMN rocket.evaluation_reports.net IS 'light or booster.';
COMMENT ON COLUMN rocket.evaluation_reports.impressions IS 'Impressions of the day.';
COMMENT ON COLUMN rocket.evaluation_reports.clicks IS 'Clicked impressions of the day.';
COMMENT ON COLUMN rocket.evaluation_reports.auc IS 'Area under the ROC curve; null when the day has one class only.';
COMMENT ON COLUMN rocket.evaluation_reports.auc_standard_error IS 'DeLong standard error of auc.';
COMMENT ON COLUMN rocket.evaluation_reports.gauc IS 'Impression-weighted mean of the AUC within each group (user).';
COMMENT ON COLUMN rocket.evaluation_reports.gauc_groups IS 'Groups with both classes, those that gauc is over.';
COMMENT ON COLUMN rocket.evaluation_reports.log_loss IS 'Mean cross-entropy in nats.';
COMMENT ON COLUMN rocket.evaluation_reports.normalized_entropy IS 'log_loss over the entropy of the mean click rate; below 1 is better than guessing it.';
COMMENT ON COLUMN rocket.evaluation_reports.pcoc IS 'Predicted over observed clicks; 1 is calibrated.';
COMMENT ON COLUMN rocket.evaluation_reports.pr_auc IS 'Average precision.';
COMMENT ON COLUMN rocket.evaluation_reports.calibration_error IS 'Expected calibration error.';
COMMENT ON COLUMN rocket.evaluation_reports.mean_prediction IS 'Mean predicted click probability.';
COMMENT ON COLUMN rocket.evaluation_reports.oracle_auc IS 'AUC of the true probabilities, where the log has them (generated logs): the best reachable.';
COMMENT ON COLUMN rocket.evaluation_reports.evaluated_at IS 'When it was measured.';

CREATE TABLE rocket.latency_reports (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    batch_size integer NOT NULL,
    calls bigint NOT NULL,
    mean_us double precision NOT NULL,
    p50_us double precision NOT NULL,
    p90_us double precision NOT NULL,
    p99_us double precision NOT NULL,
    p999_us double precision NOT NULL,
    scores_per_second double precision NOT NULL,
    cpu_model text NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, net, batch_size)
);
COMMENT ON TABLE rocket.latency_reports IS 'How long scoring takes on one thread, light and booster measured in turn in one run.';
COMMENT ON COLUMN rocket.latency_reports.version IS 'The version.';
COMMENT ON COLUMN rocket.latency_reports.net IS 'light or booster.';
COMMENT ON COLUMN rocket.latency_reports.batch_size IS 'Candidates scored in one call.';
COMMENT ON COLUMN rocket.latency_reports.calls IS 'Calls measured, after a warm-up.';
COMMENT ON COLUMN rocket.latency_reports.mean_us IS 'Mean microseconds a call.';
COMMENT ON COLUMN rocket.latency_reports.p50_us IS 'Median microseconds a call.';
COMMENT ON COLUMN rocket.latency_reports.p90_us IS '90th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_reports.p99_us IS '99th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_reports.p999_us IS '99.9th percentile, microseconds.';
COMMENT ON COLUMN rocket.latency_reports.scores_per_second IS 'Candidates scored in a second.';
COMMENT ON COLUMN rocket.latency_reports.cpu_model IS 'The CPU it was measured on.';
COMMENT ON COLUMN rocket.latency_reports.measured_at IS 'When it was measured.';

CREATE TABLE rocket.quarantine_rows (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    file text,
    line bigint,
    key text,
    reason text NOT NULL,
    raw text,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quarantine_rows_source_idx ON rocket.quarantine_rows (source, seen_at);
COMMENT ON TABLE rocket.quarantine_rows IS 'Input rows that could not be used, with the reason; nothing is dropped silently.';
COMMENT ON COLUMN rocket.quarantine_rows.quarantine_id IS 'Number of the row.';
COMMENT ON COLUMN rocket.quarantine_rows.source IS 'What read it: the import format.';
COMMENT ON COLUMN rocket.quarantine_rows.file IS 'The file it was in.';
COMMENT ON COLUMN rocket.quarantine_rows.line IS 'Line of the file, from 1.';
COMMENT ON COLUMN rocket.quarantine_rows.key IS 'Impression id, where it could be read.';
COMMENT ON COLUMN rocket.quarantine_rows.reason IS 'What was wrong with it.';
COMMENT ON COLUMN rocket.quarantine_rows.raw IS 'The row as it stood, cut at 2,000 bytes.';
COMMENT ON COLUMN rocket.quarantine_rows.seen_at IS 'When it was met.';

CREATE TABLE rocket.imports (
    import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file text NOT NULL,
    sha256 text NOT NULL,
    format text NOT NULL,
    impressions_table text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    quarantined bigint NOT NULL,
    first_day date,
    last_day date,
    imported_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (sha256, impressions_table)
);
COMMENT ON TABLE rocket.imports IS 'Files that were imported; the same bytes are not imported twice into a table.';
COMMENT ON COLUMN rocket.imports.import_id IS 'Number of the import.';
COMMENT ON COLUMN rocket.imports.file IS 'The file as it was named.';
COMMENT ON COLUMN rocket.imports.sha256 IS 'SHA-256 of its bytes.';
COMMENT ON COLUMN rocket.imports.format IS 'Format it was read as.';
COMMENT ON COLUMN rocket.imports.impressions_table IS 'Table the impressions went to.';
COMMENT ON COLUMN rocket.imports.impressions IS 'Impressions written.';
COMMENT ON COLUMN rocket.imports.clicks IS 'Click events written.';
COMMENT ON COLUMN rocket.imports.quarantined IS 'Rows that went to rocket.quarantine_rows.';
COMMENT ON COLUMN rocket.imports.first_day IS 'First UTC day of the impressions.';
COMMENT ON COLUMN rocket.imports.last_day IS 'Last UTC day of the impressions.';
COMMENT ON COLUMN rocket.imports.imported_at IS 'When it was imported.';

CREATE TABLE rocket.sample_logs (
    impressions_table text NOT NULL,
    day date NOT NULL,
    settings text NOT NULL,
    impressions bigint NOT NULL,
    click_events bigint NOT NULL,
    clicked_impressions bigint NOT NULL,
    late_clicks bigint NOT NULL,
    duplicate_clicks bigint NOT NULL,
    oracle_auc double precision,
    generated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (impressions_table, day)
);
COMMENT ON TABLE rocket.sample_logs IS 'Days of generated logs, with the best AUC that anything can reach on them.';
COMMENT ON COLUMN rocket.sample_logs.impressions_table IS 'Table the impressions went to.';
COMMENT ON COLUMN rocket.sample_logs.day IS 'UTC day.';
COMMENT ON COLUMN rocket.sample_logs.settings IS 'Seed and settings of the generator, JSON.';
COMMENT ON COLUMN rocket.sample_logs.impressions IS 'Impressions written.';
COMMENT ON COLUMN rocket.sample_logs.click_events IS 'Click events written.';
COMMENT ON COLUMN rocket.sample_logs.clicked_impressions IS 'Impressions clicked within the window.';
COMMENT ON COLUMN rocket.sample_logs.late_clicks IS 'Clicks after the window.';
COMMENT ON COLUMN rocket.sample_logs.duplicate_clicks IS 'Repeated clicks.';
COMMENT ON COLUMN rocket.sample_logs.oracle_auc IS 'AUC of the true click probabilities on the day.';
COMMENT ON COLUMN rocket.sample_logs.generated_at IS 'When it was generated.';

"""#)
}
