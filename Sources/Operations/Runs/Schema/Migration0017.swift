// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0017 = (name: "0017_gate_rules.sql", sql: #"""
-- The gate's rules by name, all of them.

COMMENT ON COLUMN rocket.gate_rules.rule IS 'not_inferior, unseen, pcoc, clicks, finite, p99, coverage, constant.';

"""#)
}
