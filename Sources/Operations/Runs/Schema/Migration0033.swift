// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0033 = (name: "0033_examples.sql", sql: #"""
-- Examples are impressions with their values. Who reads reports has no right to logs, so the bytes of versions are the
-- writer's; whose login fetches models as well is granted them by hand.

REVOKE SELECT ON rocket.artifact_chunks FROM rocket_report_reader;
COMMENT ON TABLE rocket.artifact_chunks IS 'Bytes of artifacts, in chunks. Those of examples.jsonl hold values of impressions: rocket_report_reader may not read them. A login that fetches models: GRANT SELECT ON rocket.artifact_chunks.';

"""#)
}
