// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0012 = (name: "0012_roles.sql", sql: #"""
-- Roles with what the job needs and no more; grant them to the logins that run it. They belong to the whole server, so
-- they may be there already, or be made for another database in the same moment.

DO $$
DECLARE
    role record;
BEGIN
    FOR role IN
        SELECT * FROM (VALUES
            ('rocket_log_reader', 'Reads ad logs: what a rocket job needs of its source database.'),
            ('rocket_writer', 'Writes the results of rocket jobs, and deploys their models.'),
            ('rocket_report_reader', 'Reads the results of rocket jobs.')) AS wanted (name, purpose)
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role.name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role.name);
                EXECUTE format('COMMENT ON ROLE %I IS %L', role.name, role.purpose);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'there is no role %, and % may not create one', role.name, current_user
                    USING ERRCODE = 'insufficient_privilege',
                          HINT = 'Have a superuser run, once for this server: CREATE ROLE rocket_log_reader NOLOGIN; '
                              'CREATE ROLE rocket_writer NOLOGIN; CREATE ROLE rocket_report_reader NOLOGIN; '
                              'then run rocket migrate again.';
        END;
    END LOOP;
END
$$;

-- Logs. A team's own tables: GRANT USAGE ON SCHEMA … TO rocket_log_reader; GRANT SELECT ON … TO rocket_log_reader.
-- Those in ad_log are granted by who owns them, and a database of results alone may have none.
DO $$
DECLARE
    log regclass;
BEGIN
    IF to_regnamespace('ad_log') IS NULL THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA ad_log TO rocket_log_reader;
    ALTER DEFAULT PRIVILEGES IN SCHEMA ad_log GRANT SELECT ON TABLES TO rocket_log_reader;
    FOR log IN
        SELECT c.oid::regclass FROM pg_class c
        WHERE c.relnamespace = 'ad_log'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO rocket_log_reader', log);
    END LOOP;
END
$$;

-- Results. All that reads is the same for both, but for the raw lines of rejected imports, which are logs.
GRANT USAGE ON SCHEMA rocket TO rocket_writer, rocket_report_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA rocket TO rocket_writer, rocket_report_reader;
REVOKE SELECT ON rocket.quarantine_rows FROM rocket_writer, rocket_report_reader;
GRANT SELECT (quarantine_id, source, file, line, key, reason, seen_at) ON rocket.quarantine_rows
    TO rocket_writer, rocket_report_reader;

-- Imports and generated logs are written by their tables' owner, deployments by the functions below.
GRANT INSERT ON
    rocket.runs, rocket.run_stages, rocket.extraction_specifications, rocket.quantile_boundaries,
    rocket.extraction_builds, rocket.extraction_shards, rocket.cache_manifest, rocket.cache_days, rocket.click_delays,
    rocket.rejected_rows, rocket.cache_rebuilds, rocket.feature_statistics, rocket.feature_ids,
    rocket.model_versions, rocket.version_inputs, rocket.artifacts, rocket.artifact_chunks,
    rocket.evaluation_reports, rocket.latency_reports, rocket.reliability_bins, rocket.slice_reports,
    rocket.model_comparisons, rocket.gate_verdicts, rocket.gate_rules, rocket.experiment_results, rocket.predictions
    TO rocket_writer;
-- What is written again: a run's end, a shard's file, a version judged again, a verdict that lost a race.
GRANT UPDATE ON rocket.runs, rocket.run_stages, rocket.evaluation_reports, rocket.latency_reports TO rocket_writer;
GRANT UPDATE (path, result) ON rocket.extraction_shards TO rocket_writer;
GRANT UPDATE (verdict) ON rocket.gate_verdicts TO rocket_writer;
-- What is made anew: builds, cached days (what belongs to a day goes with it), parts of a report, a day's predictions.
GRANT DELETE ON
    rocket.extraction_builds, rocket.cache_manifest, rocket.cache_days, rocket.reliability_bins, rocket.slice_reports,
    rocket.predictions
    TO rocket_writer;

-- What later migrations of the same owner create. More than this they grant themselves.
ALTER DEFAULT PRIVILEGES IN SCHEMA rocket GRANT SELECT ON TABLES TO rocket_writer, rocket_report_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA rocket GRANT INSERT ON TABLES TO rocket_writer;

-- The functions that change states do so with their owner's rights, for the writer alone; deployed_by is still the login.
ALTER FUNCTION rocket.promote_version(bigint, text, boolean, bigint) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION rocket.rollback_model(text, text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION rocket.retire_version(bigint, text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA rocket FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rocket.promote_version(bigint, text, boolean, bigint), rocket.rollback_model(text, text),
    rocket.retire_version(bigint, text)
    TO rocket_writer;
GRANT EXECUTE ON FUNCTION rocket.check_artifacts(bigint), rocket.deployment_lock(text), rocket.run_is_alive(bigint)
    TO rocket_writer, rocket_report_reader;

-- Anybody can set rocket.deploying; only the functions' owner is the table's.
CREATE OR REPLACE FUNCTION rocket.check_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state = 'candidate' THEN
        RETURN NEW;
    END IF;
    IF current_setting('rocket.deploying', true) IS DISTINCT FROM NEW.model
        OR NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE')
    THEN
        RAISE EXCEPTION 'the state of version % is changed by rocket.promote_version, rollback_model and retire_version only',
            NEW.version USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

"""#)
}
