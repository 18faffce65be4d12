// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0009 = (name: "0009_latency.sql", sql: #"""
-- Latency at a fixed rate beside back to back, what an example costs, and exactly which program made a version.

ALTER TABLE rocket.latency_reports
    ADD COLUMN mode text NOT NULL DEFAULT 'back_to_back' CHECK (mode IN ('back_to_back', 'paced')),
    ADD COLUMN calls_per_second double precision,
    ADD COLUMN operations_per_example bigint,
    ADD COLUMN bytes_per_example double precision,
    DROP CONSTRAINT latency_reports_pkey,
    ADD PRIMARY KEY (version, net, batch_size, mode),
    ADD CHECK ((mode = 'paced') = (calls_per_second IS NOT NULL));
COMMENT ON COLUMN rocket.latency_reports.mode IS 'back_to_back: a call begins when the one before has ended. paced: calls begin at a fixed rate, and latency counts from the intended start, so that a stall counts for every call it delays.';
COMMENT ON COLUMN rocket.latency_reports.calls_per_second IS 'Rate of the paced calls: 2000, or 70 % of what the net did back to back where that is less.';
COMMENT ON COLUMN rocket.latency_reports.operations_per_example IS 'Floating-point operations of the dense layers'' products for one example.';
COMMENT ON COLUMN rocket.latency_reports.bytes_per_example IS 'Weights that an example reads: its embeddings, and its share of the dense weights, which a call reads once.';

ALTER TABLE rocket.model_versions
    ADD COLUMN program_revision text,
    ADD COLUMN program_sha256 text;
COMMENT ON COLUMN rocket.model_versions.program_revision IS 'Git revision of the program, with -dirty where its folder had other changes; null: not known.';
COMMENT ON COLUMN rocket.model_versions.program_sha256 IS 'SHA-256 of the program''s file.';

CREATE OR REPLACE VIEW rocket.model_report AS
SELECT
    v.model,
    v.version,
    v.trained_from,
    v.trained_to,
    e.day AS evaluated_day,
    e.impressions,
    e.clicks,
    e.auc AS light_auc,
    b.auc AS booster_auc,
    e.oracle_auc,
    e.auc - b.auc AS light_minus_booster,
    la.auc AS light_alone_auc,
    ba.auc AS booster_alone_auc,
    -- Null where the booster alone does not beat the light net alone: there is no gap to close.
    CASE WHEN ba.auc > la.auc THEN (e.auc - la.auc) / (ba.auc - la.auc) END AS gap_closed,
    e.gauc AS light_gauc,
    b.gauc AS booster_gauc,
    e.log_loss AS light_log_loss,
    b.log_loss AS booster_log_loss,
    e.normalized_entropy AS light_ne,
    b.normalized_entropy AS booster_ne,
    e.pcoc AS light_pcoc,
    b.pcoc AS booster_pcoc,
    ll.batch_size AS latency_batch_size,
    ll.p50_us AS light_p50_us,
    ll.p99_us AS light_p99_us,
    lb.p50_us AS booster_p50_us,
    lb.p99_us AS booster_p99_us,
    lb.p50_us / nullif(ll.p50_us, 0) AS times_faster,
    v.created_at
FROM rocket.model_versions v
JOIN rocket.evaluation_reports e ON e.version = v.version AND e.arm = 'rocket' AND e.net = 'light'
LEFT JOIN rocket.evaluation_reports b
    ON b.version = v.version AND b.day = e.day AND b.arm = 'rocket' AND b.net = 'booster'
LEFT JOIN rocket.evaluation_reports la
    ON la.version = v.version AND la.day = e.day AND la.arm = 'light' AND la.net = 'light'
LEFT JOIN rocket.evaluation_reports ba
    ON ba.version = v.version AND ba.day = e.day AND ba.arm = 'booster' AND ba.net = 'booster'
-- The largest batch measured stands for a request.
LEFT JOIN LATERAL (
    SELECT * FROM rocket.latency_reports l
    WHERE l.version = v.version AND l.net = 'light' AND l.mode = 'back_to_back'
    ORDER BY l.batch_size DESC LIMIT 1) ll ON true
LEFT JOIN rocket.latency_reports lb
    ON lb.version = v.version AND lb.net = 'booster' AND lb.batch_size = ll.batch_size AND lb.mode = 'back_to_back';

"""#)
}
