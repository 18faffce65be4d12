// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0030 = (name: "0030_serving.sql", sql: #"""
-- Examples for programs that serve a version, and word of what is live.

ALTER TABLE rocket.artifacts DROP CONSTRAINT artifacts_name_is_known;
ALTER TABLE rocket.artifacts ADD CONSTRAINT artifacts_name_is_known
    CHECK (name IN ('model.safetensors', 'optimiser.safetensors', 'features.json', 'light.onnx', 'history.safetensors',
        'examples.jsonl') OR name ~ '^light\.[a-z][a-z0-9_]{0,31}\.onnx$')
    NOT VALID;

CREATE FUNCTION rocket.notify_live() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payload text := pg_catalog.jsonb_build_object('model', NEW.model, 'version', NEW.version)::text;
BEGIN
    -- NOTIFY refuses longer ones, and must not end a deployment.
    IF pg_catalog.octet_length(payload) < 8000 THEN
        PERFORM pg_catalog.pg_notify('rocket_live', payload);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rocket.notify_live() IS 'Sends {"model": …, "version": …} to the channel rocket_live when a deployment commits; version is null if none is live.';

REVOKE EXECUTE ON FUNCTION rocket.notify_live() FROM PUBLIC;

CREATE TRIGGER deployments_notify AFTER INSERT ON rocket.deployments
    FOR EACH ROW EXECUTE FUNCTION rocket.notify_live();

"""#)
}
