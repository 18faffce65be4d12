// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0028 = (name: "0028_served_history.sql", sql: #"""
-- Tables of earlier days' counts for servers.

ALTER TABLE rocket.artifacts DROP CONSTRAINT artifacts_name_is_known;
ALTER TABLE rocket.artifacts ADD CONSTRAINT artifacts_name_is_known
    CHECK (name IN ('model.safetensors', 'optimiser.safetensors', 'features.json', 'light.onnx', 'history.safetensors'))
    NOT VALID;

CREATE TABLE rocket.served_history (
    history_hash text PRIMARY KEY,
    as_of date NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rocket.served_history IS 'The newest history.safetensors for each kind of histories; rocket models pull --history fetches it for any version with these histories.';
COMMENT ON COLUMN rocket.served_history.history_hash IS 'SHA-256 of which counts over which windows it has.';
COMMENT ON COLUMN rocket.served_history.as_of IS 'The day whose rows it is for; its windows end their lag before it.';
COMMENT ON COLUMN rocket.served_history.bytes IS 'Size of the file.';
COMMENT ON COLUMN rocket.served_history.sha256 IS 'SHA-256 of the file, hexadecimal.';
COMMENT ON COLUMN rocket.served_history.made_at IS 'When the night kept it.';

CREATE TABLE rocket.served_history_chunks (
    history_hash text NOT NULL REFERENCES rocket.served_history ON DELETE CASCADE,
    chunk integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (history_hash, chunk)
);
COMMENT ON TABLE rocket.served_history_chunks IS 'Bytes of these files, in order.';
COMMENT ON COLUMN rocket.served_history_chunks.history_hash IS 'The file.';
COMMENT ON COLUMN rocket.served_history_chunks.chunk IS 'The position, from 0.';
COMMENT ON COLUMN rocket.served_history_chunks.data IS 'The bytes.';

-- Each night replaces the file of the night before.
GRANT UPDATE ON rocket.served_history TO rocket_writer;
GRANT DELETE ON rocket.served_history_chunks TO rocket_writer;

"""#)
}
