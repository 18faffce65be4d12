// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0006 = (name: "0006_experiments.sql", sql: #"""
-- The paper's arms side by side, on the same days with several seeds: rocket experiment.

CREATE TABLE rocket.experiment_results (
    fingerprint text NOT NULL,
    arm text NOT NULL,
    net text NOT NULL CHECK (net IN ('light', 'booster')),
    seed text NOT NULL,
    model text NOT NULL,
    trained_from date NOT NULL,
    trained_to date NOT NULL,
    evaluated_day date NOT NULL,
    auc double precision,
    gauc double precision,
    log_loss double precision NOT NULL,
    pcoc double precision,
    oracle_auc double precision,
    steps bigint NOT NULL,
    kept_step bigint,
    validation_auc double precision,
    seconds double precision NOT NULL,
    job_file text NOT NULL,
    program_version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (fingerprint, arm, net, seed)
);
COMMENT ON TABLE rocket.experiment_results IS 'One net of one arm with one seed, trained and judged by rocket experiment; its weights are not kept.';
COMMENT ON COLUMN rocket.experiment_results.fingerprint IS 'SHA-256 of settings and data, without the seed: what the seeds and arms of one experiment have in common.';
COMMENT ON COLUMN rocket.experiment_results.arm IS 'How it was trained: rocket, light, booster, distillation, rocket_without_block, …';
COMMENT ON COLUMN rocket.experiment_results.net IS 'light or booster.';
COMMENT ON COLUMN rocket.experiment_results.seed IS 'Of every random choice; text, because it may be larger than a bigint.';
COMMENT ON COLUMN rocket.experiment_results.model IS 'Model name of the job file.';
COMMENT ON COLUMN rocket.experiment_results.trained_from IS 'First day trained on.';
COMMENT ON COLUMN rocket.experiment_results.trained_to IS 'Last day trained on.';
COMMENT ON COLUMN rocket.experiment_results.evaluated_day IS 'The unseen day.';
COMMENT ON COLUMN rocket.experiment_results.auc IS 'Area under the ROC curve; null when only one class occurs.';
COMMENT ON COLUMN rocket.experiment_results.gauc IS 'AUC within groups, weighted by impressions; null without groups.';
COMMENT ON COLUMN rocket.experiment_results.log_loss IS 'Mean cross-entropy.';
COMMENT ON COLUMN rocket.experiment_results.pcoc IS 'Mean prediction over click rate.';
COMMENT ON COLUMN rocket.experiment_results.oracle_auc IS 'AUC of the true probabilities on the same rows, for generated logs.';
COMMENT ON COLUMN rocket.experiment_results.steps IS 'Training steps.';
COMMENT ON COLUMN rocket.experiment_results.kept_step IS 'Step whose weights were kept, by the held-out rows; null: the last.';
COMMENT ON COLUMN rocket.experiment_results.validation_auc IS 'AUC on the held-out training rows at that step: what settings may be chosen by; null where none were held out.';
COMMENT ON COLUMN rocket.experiment_results.seconds IS 'Time of training.';
COMMENT ON COLUMN rocket.experiment_results.job_file IS 'Text of the job file.';
COMMENT ON COLUMN rocket.experiment_results.program_version IS 'Version of the program.';
COMMENT ON COLUMN rocket.experiment_results.created_at IS 'When it was written.';

-- AUC − AUC of the light net alone, over AUC of the booster alone − that, each a mean over the same seeds.
CREATE VIEW rocket.experiment_report AS
WITH arms AS (
    SELECT fingerprint, model, evaluated_day, arm, net, count(auc) AS seeds, avg(auc) AS auc,
           stddev_samp(auc) / sqrt(count(auc)) AS auc_standard_error, avg(gauc) AS gauc, avg(log_loss) AS log_loss,
           avg(pcoc) AS pcoc, avg(validation_auc) AS validation_auc, avg(oracle_auc) AS oracle_auc, avg(seconds) AS seconds, max(created_at) AS last_at
    FROM rocket.experiment_results
    GROUP BY fingerprint, model, evaluated_day, arm, net
)
SELECT a.*,
       CASE WHEN booster.auc > light.auc THEN (a.auc - light.auc) / (booster.auc - light.auc) END AS gap_closed
FROM arms a
LEFT JOIN arms light ON light.fingerprint = a.fingerprint AND light.arm = 'light' AND light.net = 'light'
LEFT JOIN arms booster ON booster.fingerprint = a.fingerprint AND booster.arm = 'booster' AND booster.net = 'booster';
COMMENT ON VIEW rocket.experiment_report IS 'Means over seeds of each arm and net of an experiment, with the standard error of the mean AUC; gap_closed is 0 at the light net alone and 1 at the booster alone.';

"""#)
}
