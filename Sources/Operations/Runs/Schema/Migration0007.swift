// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0007 = (name: "0007_deployments.sql", sql: #"""
-- Which version serves: states, the gate that decides it, and a ledger of what was live when.

ALTER TABLE rocket.model_versions
    ADD COLUMN state text NOT NULL DEFAULT 'candidate'
        CHECK (state IN ('candidate', 'live', 'retired', 'rejected'));
COMMENT ON COLUMN rocket.model_versions.state IS 'candidate: made, never live. live: the one to serve. retired: was live, or was put away. rejected: rolled back from. Changed only by rocket.promote_version, rollback_model and retire_version.';
CREATE UNIQUE INDEX model_versions_live_idx ON rocket.model_versions (model) WHERE state = 'live';

CREATE TABLE rocket.model_comparisons (
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    day date NOT NULL,
    comparison text NOT NULL CHECK (comparison IN ('light_minus_live', 'light_minus_booster', 'gap_closed')),
    live_version bigint,
    estimate double precision NOT NULL,
    standard_error double precision NOT NULL,
    confidence double precision NOT NULL,
    lower_bound double precision NOT NULL,
    upper_bound double precision NOT NULL,
    replicates integer NOT NULL,
    clusters bigint NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, day, comparison)
);
COMMENT ON TABLE rocket.model_comparisons IS 'AUC differences on the same rows, by a paired Poisson bootstrap over users (evaluation.group).';
COMMENT ON COLUMN rocket.model_comparisons.version IS 'The version.';
COMMENT ON COLUMN rocket.model_comparisons.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.model_comparisons.comparison IS 'light_minus_live, light_minus_booster (AUC of the light net minus the other''s) or gap_closed.';
COMMENT ON COLUMN rocket.model_comparisons.live_version IS 'The version that was live; for light_minus_live.';
COMMENT ON COLUMN rocket.model_comparisons.estimate IS 'On the day as it was.';
COMMENT ON COLUMN rocket.model_comparisons.standard_error IS 'Standard deviation over the replicates.';
COMMENT ON COLUMN rocket.model_comparisons.confidence IS 'Of each bound by itself (one-sided).';
COMMENT ON COLUMN rocket.model_comparisons.lower_bound IS 'Quantile 1 - confidence of the replicates.';
COMMENT ON COLUMN rocket.model_comparisons.upper_bound IS 'Quantile confidence of the replicates.';
COMMENT ON COLUMN rocket.model_comparisons.replicates IS 'Replicates in which it was defined.';
COMMENT ON COLUMN rocket.model_comparisons.clusters IS 'Users, or rows where the job file names no group.';
COMMENT ON COLUMN rocket.model_comparisons.measured_at IS 'When it was measured.';

CREATE TABLE rocket.gate_verdicts (
    version bigint PRIMARY KEY REFERENCES rocket.model_versions ON DELETE CASCADE,
    verdict text NOT NULL CHECK (verdict IN ('promoted', 'held', 'first_model')),
    live_version bigint REFERENCES rocket.model_versions ON DELETE RESTRICT,
    day date,
    judged_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rocket.gate_verdicts IS 'What the promotion gate said of a version when it was made.';
COMMENT ON COLUMN rocket.gate_verdicts.version IS 'The version.';
COMMENT ON COLUMN rocket.gate_verdicts.verdict IS 'promoted: every rule passed and it became live. first_model: the same, and nothing was live before. held: a rule failed or could not be decided.';
COMMENT ON COLUMN rocket.gate_verdicts.live_version IS 'The version that was live then; null: none.';
COMMENT ON COLUMN rocket.gate_verdicts.day IS 'The unseen day.';
COMMENT ON COLUMN rocket.gate_verdicts.judged_at IS 'When.';

CREATE TABLE rocket.gate_rules (
    version bigint NOT NULL REFERENCES rocket.gate_verdicts ON DELETE CASCADE,
    rule text NOT NULL,
    passed boolean NOT NULL,
    value double precision,
    lowest double precision,
    highest double precision,
    detail text NOT NULL,
    PRIMARY KEY (version, rule)
);
COMMENT ON TABLE rocket.gate_rules IS 'Each rule of the gate with its numbers.';
COMMENT ON COLUMN rocket.gate_rules.version IS 'The version.';
COMMENT ON COLUMN rocket.gate_rules.rule IS 'not_inferior, pcoc, p99, clicks, finite, coverage, unseen.';
COMMENT ON COLUMN rocket.gate_rules.passed IS 'Whether it passed; a rule whose value is undefined did not.';
COMMENT ON COLUMN rocket.gate_rules.value IS 'What was found; null: undefined.';
COMMENT ON COLUMN rocket.gate_rules.lowest IS 'The least that passes; null: no such bound.';
COMMENT ON COLUMN rocket.gate_rules.highest IS 'The most that passes; null: no such bound.';
COMMENT ON COLUMN rocket.gate_rules.detail IS 'The rule in words.';

CREATE TABLE rocket.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    action text NOT NULL CHECK (action IN ('promote', 'rollback', 'retire')),
    version bigint REFERENCES rocket.model_versions ON DELETE RESTRICT,
    previous_version bigint REFERENCES rocket.model_versions ON DELETE RESTRICT,
    forced boolean NOT NULL DEFAULT false,
    reason text,
    deployed_by text NOT NULL DEFAULT session_user,
    deployed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (NOT forced OR reason IS NOT NULL)
);
CREATE INDEX deployments_model_idx ON rocket.deployments (model, deployment_id DESC);
COMMENT ON TABLE rocket.deployments IS 'Ledger of what became live when; rows are only ever added.';
COMMENT ON COLUMN rocket.deployments.deployment_id IS 'Number of the deployment.';
COMMENT ON COLUMN rocket.deployments.model IS 'Model name.';
COMMENT ON COLUMN rocket.deployments.action IS 'promote, rollback or retire.';
COMMENT ON COLUMN rocket.deployments.version IS 'What is live from now on; null: nothing.';
COMMENT ON COLUMN rocket.deployments.previous_version IS 'What was live before; null: nothing.';
COMMENT ON COLUMN rocket.deployments.forced IS 'Whether it went past the gate.';
COMMENT ON COLUMN rocket.deployments.reason IS 'Why, in the words of who did it.';
COMMENT ON COLUMN rocket.deployments.deployed_by IS 'Database role.';
COMMENT ON COLUMN rocket.deployments.deployed_at IS 'When.';

CREATE FUNCTION rocket.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rocket.deployments is a ledger; its rows are never changed or removed'
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Go on with rocket.promote_version, rocket.rollback_model or rocket.retire_version.';
END
$$;
COMMENT ON FUNCTION rocket.refuse_change() IS 'Keeps the ledger of deployments as it was written.';
CREATE TRIGGER deployments_append_only BEFORE UPDATE OR DELETE ON rocket.deployments
    FOR EACH ROW EXECUTE FUNCTION rocket.refuse_change();
CREATE TRIGGER deployments_no_truncate BEFORE TRUNCATE ON rocket.deployments
    FOR EACH STATEMENT EXECUTE FUNCTION rocket.refuse_change();

CREATE FUNCTION rocket.deployment_lock(model text) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN hashtextextended('rocket deployment ' || model, 0);
COMMENT ON FUNCTION rocket.deployment_lock(text) IS 'Key of the advisory lock under which a model''s deployments happen.';

-- A state that the ledger does not know of would be a lie, so the functions below say whose states they change.
CREATE FUNCTION rocket.check_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state = 'candidate' THEN
        RETURN NEW;
    END IF;
    IF current_setting('rocket.deploying', true) IS DISTINCT FROM NEW.model THEN
        RAISE EXCEPTION 'the state of version % is changed by rocket.promote_version, rollback_model and retire_version only',
            NEW.version USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rocket.check_state() IS 'Keeps states from being changed past the ledger.';
CREATE TRIGGER model_versions_state BEFORE INSERT OR UPDATE OF state ON rocket.model_versions
    FOR EACH ROW EXECUTE FUNCTION rocket.check_state();

CREATE FUNCTION rocket.check_artifacts(checked_version bigint) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    artifact record;
    stored bigint;
    found text;
BEGIN
    IF NOT EXISTS (SELECT FROM rocket.artifacts a WHERE a.version = checked_version) THEN
        RAISE EXCEPTION 'version % has no artifacts', checked_version USING ERRCODE = 'data_corrupted';
    END IF;
    FOR artifact IN SELECT * FROM rocket.artifacts a WHERE a.version = checked_version LOOP
        SELECT coalesce(sum(octet_length(c.data)), 0) INTO stored
        FROM rocket.artifact_chunks c WHERE c.version = checked_version AND c.name = artifact.name;
        IF stored <> artifact.bytes THEN
            RAISE EXCEPTION 'artifact % of version % has % bytes, its row says %', artifact.name, checked_version, stored,
                artifact.bytes USING ERRCODE = 'data_corrupted';
        END IF;
        -- A bytea holds less than 1 GiB; the program checks larger ones chunk by chunk before it calls.
        IF artifact.bytes < 1000000000 THEN
            SELECT encode(sha256(coalesce(string_agg(c.data, ''::bytea ORDER BY c.chunk), ''::bytea)), 'hex') INTO found
            FROM rocket.artifact_chunks c WHERE c.version = checked_version AND c.name = artifact.name;
            IF found <> artifact.sha256 THEN
                RAISE EXCEPTION 'artifact % of version % has SHA-256 %, its row says %; the stored bytes are damaged',
                    artifact.name, checked_version, found, artifact.sha256 USING ERRCODE = 'data_corrupted';
            END IF;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rocket.check_artifacts(bigint) IS 'Compares a version''s artifacts with their sizes and SHA-256; an error names what is damaged.';

-- The one place where a version becomes live or stops being it.
CREATE FUNCTION rocket.deploy(
    deployed_model text, deployed_action text, deployed_version bigint, previous_state text, was_forced boolean,
    given_reason text
) RETURNS rocket.deployments LANGUAGE plpgsql AS $$
DECLARE
    previous bigint;
    entry rocket.deployments;
BEGIN
    SELECT v.version INTO previous FROM rocket.model_versions v WHERE v.model = deployed_model AND v.state = 'live';
    PERFORM set_config('rocket.deploying', deployed_model, true);
    UPDATE rocket.model_versions SET state = previous_state WHERE version = previous;
    UPDATE rocket.model_versions SET state = 'live' WHERE version = deployed_version;
    PERFORM set_config('rocket.deploying', '', true);
    INSERT INTO rocket.deployments (model, action, version, previous_version, forced, reason)
    VALUES (deployed_model, deployed_action, deployed_version, previous, was_forced, given_reason)
    RETURNING * INTO entry;
    RETURN entry;
END
$$;
COMMENT ON FUNCTION rocket.deploy(text, text, bigint, text, boolean, text) IS 'Part of promote_version, rollback_model and retire_version; do not call it by itself.';

CREATE FUNCTION rocket.lock_deployments(locked_model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(rocket.deployment_lock(locked_model)) THEN
        RAISE EXCEPTION 'another deployment of model ‘%’ is under way; nothing was changed', locked_model
            USING ERRCODE = 'lock_not_available', HINT = 'Look at rocket.deployments and try again.';
    END IF;
END
$$;
COMMENT ON FUNCTION rocket.lock_deployments(text) IS 'Takes a model''s deployment lock until the transaction ends, or says that another has it.';

CREATE FUNCTION rocket.promote_version(
    promoted_version bigint, reason text DEFAULT NULL, force boolean DEFAULT false,
    expected_deployment bigint DEFAULT NULL
) RETURNS rocket.deployments LANGUAGE plpgsql AS $$
DECLARE
    candidate rocket.model_versions;
    verdict text;
    newest rocket.deployments;
BEGIN
    SELECT * INTO candidate FROM rocket.model_versions v WHERE v.version = promoted_version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no version %', promoted_version USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM rocket.lock_deployments(candidate.model);
    -- As it is now that nobody else can change it.
    SELECT * INTO candidate FROM rocket.model_versions v WHERE v.version = promoted_version;
    SELECT * INTO newest FROM rocket.deployments d
    WHERE d.model = candidate.model ORDER BY d.deployment_id DESC LIMIT 1;
    IF expected_deployment IS NOT NULL AND coalesce(newest.deployment_id, 0) <> expected_deployment THEN
        RAISE EXCEPTION 'version % was not promoted: meanwhile % by % put version % live', promoted_version,
            newest.action, newest.deployed_by, coalesce(newest.version::text, 'none')
            USING ERRCODE = 'serialization_failure', HINT = 'Judge it against the version that is live now.';
    END IF;
    IF candidate.state = 'live' THEN
        RAISE EXCEPTION 'version % is live already', promoted_version USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT g.verdict INTO verdict FROM rocket.gate_verdicts g WHERE g.version = promoted_version;
    IF force THEN
        IF btrim(coalesce(reason, '')) = '' THEN
            RAISE EXCEPTION 'forcing version % past the gate needs a reason', promoted_version
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    ELSIF candidate.state <> 'candidate' OR verdict IS NULL OR verdict = 'held' THEN
        RAISE EXCEPTION 'version % is % and the gate''s verdict on it is %', promoted_version, candidate.state,
            coalesce(verdict, 'missing')
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Its rules are in rocket.gate_rules. To promote it nevertheless, force it and give a reason.';
    END IF;
    PERFORM rocket.check_artifacts(promoted_version);
    RETURN rocket.deploy(candidate.model, 'promote', promoted_version, 'retired', force, reason);
END
$$;
COMMENT ON FUNCTION rocket.promote_version(bigint, text, boolean, bigint) IS 'Makes a version live and retires the one before. Only a candidate that the gate let pass, unless forced with a reason. expected_deployment: the newest deployment_id of the model that the caller knows of (0: none); another one since is an error.';

CREATE FUNCTION rocket.rollback_model(rolled_model text, reason text DEFAULT NULL) RETURNS rocket.deployments
LANGUAGE plpgsql AS $$
DECLARE
    target bigint;
BEGIN
    PERFORM rocket.lock_deployments(rolled_model);
    -- The newest that a promotion took out of service; one that was rolled back from, or retired by hand, is passed over.
    SELECT d.previous_version INTO target
    FROM rocket.deployments d JOIN rocket.model_versions v ON v.version = d.previous_version
    WHERE d.model = rolled_model AND v.state = 'retired' AND d.action = 'promote'
      AND NOT EXISTS (
          SELECT FROM rocket.deployments later
          WHERE later.previous_version = d.previous_version AND later.deployment_id > d.deployment_id)
    ORDER BY d.deployment_id DESC LIMIT 1;
    IF target IS NULL THEN
        RAISE EXCEPTION 'model ‘%’ has no earlier live version to go back to', rolled_model
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'See rocket.deployments. A version can be forced live with rocket.promote_version.';
    END IF;
    PERFORM rocket.check_artifacts(target);
    RETURN rocket.deploy(rolled_model, 'rollback', target, 'rejected', false, reason);
END
$$;
COMMENT ON FUNCTION rocket.rollback_model(text, text) IS 'Rejects the live version and makes the one live that was so before it; again, it walks further back.';

CREATE FUNCTION rocket.retire_version(retired_version bigint, reason text DEFAULT NULL) RETURNS rocket.deployments
LANGUAGE plpgsql AS $$
DECLARE
    retired rocket.model_versions;
    entry rocket.deployments;
BEGIN
    SELECT * INTO retired FROM rocket.model_versions v WHERE v.version = retired_version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no version %', retired_version USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM rocket.lock_deployments(retired.model);
    SELECT * INTO retired FROM rocket.model_versions v WHERE v.version = retired_version;
    IF retired.state NOT IN ('live', 'candidate') THEN
        RAISE EXCEPTION 'version % is % already', retired_version, retired.state
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF retired.state = 'live' THEN
        RETURN rocket.deploy(retired.model, 'retire', NULL, 'retired', false, reason);
    END IF;
    PERFORM set_config('rocket.deploying', retired.model, true);
    UPDATE rocket.model_versions SET state = 'retired' WHERE version = retired_version;
    PERFORM set_config('rocket.deploying', '', true);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rocket.retire_version(bigint, text) IS 'Puts a candidate away, or takes the live version out of service so that none is live.';

CREATE VIEW rocket.live_models AS
SELECT v.model, v.version, d.deployed_at AS live_since, d.deployed_by, d.action, d.forced, d.reason, v.trained_from,
       v.trained_to, r.evaluated_day, r.light_auc, r.booster_auc, r.light_pcoc, r.light_p99_us,
       a.sha256 AS artifact_sha256
FROM rocket.model_versions v
JOIN LATERAL (
    SELECT * FROM rocket.deployments d WHERE d.version = v.version ORDER BY d.deployment_id DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT * FROM rocket.model_report r WHERE r.version = v.version ORDER BY r.evaluated_day LIMIT 1) r ON true
LEFT JOIN rocket.artifacts a ON a.version = v.version AND a.name = 'model.safetensors'
WHERE v.state = 'live';
COMMENT ON VIEW rocket.live_models IS 'The version of each model that is to be served, since when and why.';

"""#)
}
