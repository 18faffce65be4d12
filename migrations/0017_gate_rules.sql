-- The gate's rules by name, all of them.

COMMENT ON COLUMN rocket.gate_rules.rule IS 'not_inferior, unseen, pcoc, clicks, finite, p99, coverage, constant.';
