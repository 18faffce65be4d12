// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0018 = (name: "0018_seals.sql", sql: #"""
-- A version is written in one transaction and sealed with its end: from then on nobody but the tables' owner adds, changes
-- or removes a part of it. What the job measures later of a sealed version goes through two functions, which leave a line
-- in a ledger. Functions find every name where it belongs, whatever search path or temporary tables a session has.

-- Which versions are open in the running transaction. Its end closes them, so no other transaction ever sees a row.
CREATE TABLE rocket.open_versions (
    opening_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('version', 'reports', 'gate')),
    day date,
    CHECK ((purpose = 'version') = (day IS NULL))
);
CREATE INDEX open_versions_version_idx ON rocket.open_versions (version);
COMMENT ON TABLE rocket.open_versions IS 'Versions that the running transaction may write: those that it made, and those that rocket.open_reports or rocket.open_gate opened. The end of the transaction empties it.';
COMMENT ON COLUMN rocket.open_versions.opening_id IS 'Number of the opening.';
COMMENT ON COLUMN rocket.open_versions.version IS 'The version.';
COMMENT ON COLUMN rocket.open_versions.purpose IS 'version: made in this transaction, all of it may be written. reports: figures of a day. gate: the gate''s verdict, rules and comparisons on a day.';
COMMENT ON COLUMN rocket.open_versions.day IS 'The day that may be written of; null: every one.';

CREATE TABLE rocket.report_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint NOT NULL REFERENCES rocket.model_versions ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('reports', 'gate')),
    day date NOT NULL,
    changed_by text NOT NULL DEFAULT session_user,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX report_changes_version_idx ON rocket.report_changes (version);
COMMENT ON TABLE rocket.report_changes IS 'Ledger of what was written to versions after they were made: rocket evaluate, and the gate on a version that was made without it.';
COMMENT ON COLUMN rocket.report_changes.change_id IS 'Number of the change.';
COMMENT ON COLUMN rocket.report_changes.version IS 'The version.';
COMMENT ON COLUMN rocket.report_changes.purpose IS 'reports: figures of the day, earlier ones of the same day were replaced. gate: the verdict.';
COMMENT ON COLUMN rocket.report_changes.day IS 'The day, which the version has not seen.';
COMMENT ON COLUMN rocket.report_changes.changed_by IS 'Database role that did it.';
COMMENT ON COLUMN rocket.report_changes.changed_at IS 'When.';
-- The owner's default privileges let the writer insert into new tables; into these only the functions do.
REVOKE INSERT ON rocket.open_versions, rocket.report_changes FROM rocket_writer;
GRANT SELECT ON rocket.open_versions, rocket.report_changes TO rocket_writer, rocket_report_reader;

CREATE OR REPLACE FUNCTION rocket.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rocket.% is a ledger; its rows are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = CASE TG_TABLE_NAME WHEN 'deployments'
                  THEN 'Use rocket.promote_version, rocket.rollback_model or rocket.retire_version.' ELSE '' END;
END
$$;
COMMENT ON FUNCTION rocket.refuse_change() IS 'Keeps a ledger as it was written.';
-- Rows of a version that its owner deletes go with it.
CREATE TRIGGER report_changes_append_only BEFORE UPDATE ON rocket.report_changes
    FOR EACH ROW EXECUTE FUNCTION rocket.refuse_change();
CREATE TRIGGER report_changes_no_truncate BEFORE TRUNCATE ON rocket.report_changes
    FOR EACH STATEMENT EXECUTE FUNCTION rocket.refuse_change();

-- Whether the role at work is the owner of a table, or has his rights: functions that are SECURITY DEFINER do.
CREATE FUNCTION rocket.is_owner(relation oid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_catalog.pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION rocket.is_owner(oid) IS 'Whether the current role has the rights of a table''s owner.';

-- Opening and closing.

CREATE FUNCTION rocket.open_new_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO rocket.open_versions (version, purpose) VALUES (NEW.version, 'version');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rocket.open_new_version() IS 'Lets the transaction that makes a version write all of it.';
CREATE TRIGGER model_versions_open AFTER INSERT ON rocket.model_versions
    FOR EACH ROW EXECUTE FUNCTION rocket.open_new_version();

CREATE FUNCTION rocket.seal_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM rocket.open_versions o WHERE o.opening_id = NEW.opening_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rocket.seal_version() IS 'Seals a version when the transaction ends that opened it.';
-- Deferred: it runs with the transaction''s last word. SET CONSTRAINTS can only make it run sooner.
CREATE CONSTRAINT TRIGGER open_versions_end AFTER INSERT ON rocket.open_versions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rocket.seal_version();

CREATE FUNCTION rocket.open_sealed(opened_version bigint, opened_purpose text, opened_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict error
DECLARE
    last_seen date;
BEGIN
    SELECT v.trained_to INTO last_seen FROM rocket.model_versions v WHERE v.version = opened_version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no version %', opened_version USING ERRCODE = 'no_data_found';
    END IF;
    IF opened_day IS NULL OR opened_day <= last_seen THEN
        RAISE EXCEPTION 'version % was trained up to %; a day to judge it on comes after that, not %', opened_version,
            last_seen, coalesce(opened_day::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO rocket.report_changes (version, purpose, day) VALUES (opened_version, opened_purpose, opened_day);
    INSERT INTO rocket.open_versions (version, purpose, day) VALUES (opened_version, opened_purpose, opened_day);
END
$$;
COMMENT ON FUNCTION rocket.open_sealed(bigint, text, date) IS 'Part of open_reports and open_gate; do not call it by itself.';

CREATE FUNCTION rocket.open_reports(opened_version bigint, opened_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM rocket.open_sealed(opened_version, 'reports', opened_day);
END
$$;
COMMENT ON FUNCTION rocket.open_reports(bigint, date) IS 'Lets the running transaction write what was measured of a version on a day that it has not seen, and its latency, and says so in rocket.report_changes. What the gate decided stays as it is.';

CREATE FUNCTION rocket.open_gate(opened_version bigint, opened_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM rocket.gate_verdicts g WHERE g.version = opened_version) THEN
        RAISE EXCEPTION 'the gate has judged version % already', opened_version
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'See rocket.gate_rules.';
    END IF;
    PERFORM rocket.open_sealed(opened_version, 'gate', opened_day);
END
$$;
COMMENT ON FUNCTION rocket.open_gate(bigint, date) IS 'Lets the running transaction write the gate''s verdict on a version that has none, with its rules, comparisons and latency, and says so in rocket.report_changes.';

-- The seal itself. Its argument says what a table holds: a version''s body, figures of a day, figures of no day, or the
-- gate''s.
CREATE FUNCTION rocket.check_seal() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict error
DECLARE
    part text := TG_ARGV[0];
    changed_version bigint;
    changed_day date;
BEGIN
    IF NOT rocket.is_owner(TG_RELID) THEN
        IF TG_OP = 'DELETE' THEN
            changed_version := OLD.version;
        ELSE
            changed_version := NEW.version;
            IF TG_OP = 'UPDATE' AND OLD.version IS DISTINCT FROM NEW.version THEN
                RAISE EXCEPTION 'a row of rocket.% never becomes another version''s', TG_TABLE_NAME
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
        END IF;
        IF part = 'reports' THEN
            IF TG_OP = 'DELETE' THEN
                changed_day := OLD.day;
            ELSE
                changed_day := NEW.day;
                IF TG_OP = 'UPDATE' AND OLD.day IS DISTINCT FROM NEW.day THEN
                    RAISE EXCEPTION 'a row of rocket.% never becomes another day''s', TG_TABLE_NAME
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
            END IF;
        END IF;
        IF NOT EXISTS (
            SELECT FROM rocket.open_versions o
            WHERE o.version = changed_version
              AND (o.purpose = 'version'
                   OR part = 'reports' AND o.purpose = 'reports' AND o.day = changed_day
                   OR part = 'latency' AND o.purpose IN ('reports', 'gate')
                   OR part = 'gate' AND o.purpose = 'gate'))
        THEN
            RAISE EXCEPTION 'version % is sealed: rocket.% is written only in the transaction that makes the version%',
                changed_version, TG_TABLE_NAME, CASE part
                    WHEN 'reports' THEN ', or after rocket.open_reports'
                    WHEN 'latency' THEN ', or after rocket.open_reports'
                    WHEN 'gate' THEN ', or after rocket.open_gate where it has no verdict'
                    ELSE '' END
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rocket.check_seal() IS 'Keeps what belongs to a version from being written after the transaction that made it, but for what open_reports and open_gate open.';

DO $$
DECLARE
    sealed record;
BEGIN
    FOR sealed IN
        SELECT * FROM (VALUES
            ('version_inputs', 'body'), ('artifacts', 'body'), ('artifact_chunks', 'body'),
            ('evaluation_reports', 'reports'), ('reliability_bins', 'reports'), ('slice_reports', 'reports'),
            ('roc_points', 'reports'), ('latency_reports', 'latency'), ('model_comparisons', 'gate'),
            ('live_reports', 'gate'), ('gate_verdicts', 'gate'), ('gate_rules', 'gate')) AS t (name, part)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE INSERT OR UPDATE OR DELETE ON rocket.%I FOR EACH ROW '
            'EXECUTE FUNCTION rocket.check_seal(%L)', sealed.name || '_seal', sealed.name, sealed.part);
    END LOOP;
END
$$;

-- Verdicts are written once: a promotion that loses a race writes its verdict after it.
REVOKE UPDATE (verdict) ON rocket.gate_verdicts FROM rocket_writer;

-- Files of a version have the names that the program knows, so that no pull writes another.
ALTER TABLE rocket.artifacts ADD CONSTRAINT artifacts_name_is_known
    CHECK (name IN ('model.safetensors', 'optimiser.safetensors', 'features.json', 'light.onnx')) NOT VALID;

-- States.

CREATE OR REPLACE FUNCTION rocket.check_state() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'candidate' THEN
            RAISE EXCEPTION 'a version begins as a candidate, not as %', NEW.state
                USING ERRCODE = 'integrity_constraint_violation', HINT = 'Promote it with rocket.promote_version.';
        END IF;
        RETURN NEW;
    END IF;
    -- Anybody can set rocket.deploying; only the functions have the rights of the table's owner.
    IF pg_catalog.current_setting('rocket.deploying', true) IS DISTINCT FROM NEW.model OR NOT rocket.is_owner(TG_RELID) THEN
        RAISE EXCEPTION 'the state of version % is changed by rocket.promote_version, rollback_model and retire_version only',
            NEW.version USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

-- The gate's rules have a word of their own: a verdict that says otherwise than they do is not enough.
CREATE FUNCTION rocket.check_verdict() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.action = 'promote' AND NOT NEW.forced
        AND EXISTS (SELECT FROM rocket.gate_rules r WHERE r.version = NEW.version AND NOT r.passed)
    THEN
        RAISE EXCEPTION 'version % fails a rule of the gate, whatever its verdict says', NEW.version
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Its rules are in rocket.gate_rules. To promote it nevertheless, force it and give a reason.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rocket.check_verdict() IS 'Refuses a promotion that is not forced while a rule of the gate failed.';
CREATE TRIGGER deployments_verdict BEFORE INSERT ON rocket.deployments
    FOR EACH ROW EXECUTE FUNCTION rocket.check_verdict();

-- The lock's key, by the server's own function; who holds it is said.
CREATE OR REPLACE FUNCTION rocket.deployment_lock(model text) RETURNS bigint LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN pg_catalog.hashtextextended('rocket deployment ' || model, 0::bigint);

CREATE OR REPLACE FUNCTION rocket.lock_deployments(locked_model text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key bigint := rocket.deployment_lock(locked_model);
    holder text;
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(key) THEN
        SELECT format(' (server process %s of user %s, application ‘%s’)', a.pid, a.usename, a.application_name)
        INTO holder
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
          AND (l.classid::bigint << 32 | l.objid::bigint) = key
        LIMIT 1;
        RAISE EXCEPTION 'another deployment of model ‘%’ is under way%; nothing was changed', locked_model,
            coalesce(holder, '')
            USING ERRCODE = 'lock_not_available', HINT = 'Look at rocket.deployments and try again.';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION rocket.run_is_alive(run bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
          AND (l.classid::bigint << 32 | l.objid::bigint) = pg_catalog.hashtextextended('rocket/run/' || run, 0::bigint))
$$;

ALTER FUNCTION rocket.check_artifacts(bigint) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION rocket.deploy(text, text, bigint, text, boolean, text) SET search_path = pg_catalog, pg_temp;
DO $$
DECLARE
    maker regprocedure;
BEGIN
    FOR maker IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = to_regnamespace('ad_log') AND p.proname IN ('ensure_day_partitions', 'ensure_log_tables')
          AND pg_has_role(p.proowner, 'USAGE')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', maker);
    END LOOP;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA rocket FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rocket.open_reports(bigint, date), rocket.open_gate(bigint, date) TO rocket_writer;
GRANT EXECUTE ON FUNCTION rocket.is_owner(oid) TO rocket_writer, rocket_report_reader;

"""#)
}
