# Sourced by run: what a server must be able to do. Logs are those of Tests/Cases/lib.sh: three days from 2026-01-05 on.
# shellcheck shell=bash

# All kinds of features that read columns, and the statements of histories.
wide_features='  - {name: ad, kind: categorical, hash_bits: 8}
  - {name: price, kind: numeric}
  - {name: hour, kind: hour_of_day}
  - {name: tags, kind: multi_valued, hash_bits: 6}
  - {name: ad_hour, kind: cross, of: [ad, hour], hash_bits: 8}
  - {name: seen, kind: history, of: [ad], days: 1}'

# A job whose tables have lists too, on the server of a URL.
wide_logs() { # URL
    DATABASE_URL=$1 logs shop
    DATABASE_URL=$1 ask "ALTER TABLE shop.shown ADD tags text[] DEFAULT '{new,\"a, b\"}'"
    features=$wide_features more='' source='' job shop shop
}
# of ROLE: the case's database as that login.
of() { echo "${DATABASE_URL/user=rocket/user=$1}"; }
as() { # role, command…
    local url
    url=$(of "$1")
    shift
    DATABASE_URL=$url "$@"
}
# lacks WHAT PATTERN: the last r has no such line.
lacks() {
    if grep -qiE -- "$2" err out; then note wrong "$1" "‘$2’ is in: $(cat err out | tail -n 5 | cut -c1-300 | tr '\n' ' ')"; else note right "$1" ''; fi
}
versions() { ask 'SELECT count(*) FROM rocket.model_versions'; }

# A row that changes after its day was cached, and what is done about it.
stale_day() { # URL of the logs
    local before
    before=$(account)
    DATABASE_URL=$1 ask "DELETE FROM shop.shown WHERE id = (SELECT max(shown_id::bigint) FROM shop.clicked
        WHERE at < timestamptz '2026-01-06 00:00+00')"
    r status --model shop
    is 'status with a stale day' "$code" 0
    # The history of the 7th counts the clicks of the 5th.
    says 'status names the days that are stale' '^shop: stale 2026-01-05, 2026-01-07; run: rocket backfill --job FILE --stale'
    r backfill --job shop.yaml --stale
    is 'the backfill of stale days' "$code" 0
    is 'impressions after it' "$(account | cut -d' ' -f1)" "$((${before%% *} - 1))"
    r status --model shop
    is 'status after it' "$code" 0
    lacks 'no day is stale any more' '^shop: stale'
}

case_server() {
    is 'migrations applied' "$(ask 'SELECT count(*) FROM rocket.schema_migrations')" "$(find "$migrations" -name '*.sql' | wc -l)"
    r migrate --directory "$migrations"
    is 'migrate again' "$code" 0
    says 'it has nothing to do' 'nothing to apply'
    wide_logs "$DATABASE_URL"
    sql <<'S'
CREATE ROLE nightly LOGIN; GRANT rocket_log_reader, rocket_writer TO nightly;
CREATE ROLE analyst LOGIN; GRANT rocket_report_reader TO analyst;
GRANT SELECT ON rocket.artifact_chunks TO analyst;
GRANT USAGE ON SCHEMA shop TO rocket_log_reader; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO rocket_log_reader;
S
    # A URL in which the role cannot be replaced would make all that follows the owner's.
    is 'the role of a night' "$(as nightly ask 'SELECT current_user')" nightly
    is 'the role of a reader' "$(as analyst ask 'SELECT current_user')" analyst
    as nightly r config check shop.yaml --database
    is 'the job file fits the tables' "$code" 0
    as nightly night shop.yaml
    is 'a night of the role nightly' "$code" 0
    is 'the version is live' "$(ask 'SELECT count(*) FROM rocket.live_models')" 1
    is 'the account of three days' "$(account | cut -d' ' -f1)" 900
    as nightly r backfill --job shop.yaml --from 2026-01-06 --to 2026-01-07
    is 'a backfill of two days' "$code" 0
    is 'versions after it' "$(versions)" 2
    as nightly r doctor --job shop.yaml --migrations "$migrations"
    is 'doctor' "$code" 0
    says 'doctor names the server' "PostgreSQL $(($(ask 'SHOW server_version_num') / 10000))\\."
    stale_day "$DATABASE_URL"

    newest=$(ask 'SELECT max(version) FROM rocket.model_versions')
    as nightly r models promote "$newest" --force --reason 'a test'
    is 'a forced promotion' "$code" 0
    as nightly r models rollback --model shop
    is 'a rollback' "$code" 0
    is 'deployments in the ledger' "$(ask "SELECT count(*) FILTER (WHERE version = $newest) > 0 AND count(*) >= 3 FROM rocket.deployments")" t
    # Two guards, each by itself: the rights of who writes, and the seal, which stands before those who have every right.
    is 'files of the sealed version' "$(ask "SELECT count(*) > 0 FROM rocket.artifacts WHERE version = $newest")" t
    DATABASE_URL=$(of nightly) refused 'a change of a version by its writer' 'permission denied for table artifacts' \
        "UPDATE rocket.artifacts SET bytes = 1 WHERE version = $newest"
    DATABASE_URL=$(of nightly) refused 'an addition to a sealed version' "version $newest is sealed" \
        "INSERT INTO rocket.artifacts SELECT (jsonb_populate_record(a, '{\"name\": \"added\"}')).* FROM rocket.artifacts a WHERE version = $newest LIMIT 1"
    is 'the version is as it was' "$(ask "SELECT count(*) FROM rocket.artifacts WHERE version = $newest AND (bytes = 1 OR name = 'added')")" 0
    refused 'a state that is set past the ledger' 'changed by' "UPDATE rocket.model_versions SET state = 'live' WHERE version = $newest"
    refused 'the ledger itself' 'never changed' 'DELETE FROM rocket.deployments'
    as analyst r models pull live --model shop --to models
    is 'the live version is fetched' "$code" 0
    holds 'with its files' test -s models/shop-*/light.onnx
    as analyst r report --model shop --html page.html
    is 'the report and its page' "$code" 0
    as analyst r status --model shop --no-logs
    is 'status' "$code" 0

    local views count
    views=$(ask "SELECT string_agg(format('SELECT %L AS name, count(*) FROM %I.%I AS v', relname, 'rocket', relname), E'\nUNION ALL ')
        FROM pg_class WHERE relnamespace = 'rocket'::regnamespace AND relkind = 'v'")
    count=$(ask "SELECT count(*) FROM pg_class WHERE relnamespace = 'rocket'::regnamespace AND relkind = 'v'")
    is 'views that an analyst can read' "$(as analyst ask "$views" | wc -l)" "$count"
    holds 'there are views' test "$count" -gt 10

    r sample-logs --days 2 --impressions 2000 --first-day 2026-01-05
    is 'generated logs, in partitions' "$code" 0
    is 'their rows' "$(ask 'SELECT count(*) FROM ad_log.impressions')" 2000
    r init --impressions shop.shown --clicks shop.clicked --model drafted --output drafted.yaml
    is 'init' "$code" 0
    holds 'init finds the id' grep -q 'table: shop.shown, id: id,' drafted.yaml
    holds 'and what names it' grep -q 'table: shop.clicked, impression_id: shown_id,' drafted.yaml
    ask 'DROP OWNED BY nightly, analyst; DROP ROLE nightly, analyst'
}

# The logs on a server that is too old for the job's own tables; the rest is on DATABASE_URL.
case_logs() {
    local logs=$LOGS_URL
    r migrate --directory "$migrations" --database "$logs"
    is 'migrate on the old server' "$code" 7
    says 'it says which versions it needs' 'PostgreSQL 14 or newer'
    is 'it made nothing there' "$(DATABASE_URL=$logs ask "SELECT count(*) FROM pg_namespace WHERE nspname IN ('rocket', 'ad_log')")" 0
    wide_logs "$logs"
    DATABASE_URL=$logs ask "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA shop TO reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader"
    export SOURCE_DATABASE_URL=${logs/user=rocket/user=reader}
    r config check shop.yaml --database
    is 'the job file fits the tables' "$code" 0
    night shop.yaml
    is 'a night' "$code" 0
    is 'the account of three days' "$(account | cut -d' ' -f1)" 900
    r backfill --job shop.yaml --from 2026-01-06 --to 2026-01-07
    is 'a backfill of two days' "$code" 0
    is 'versions after it' "$(versions)" 2
    r doctor --job shop.yaml --migrations "$migrations" --deep
    is 'doctor' "$code" 0
    says 'doctor names the server of the logs' 'PostgreSQL 13\.'
    stale_day "$logs"
    r init --impressions shop.shown --clicks shop.clicked --model drafted --output drafted.yaml
    is 'init' "$code" 0
    holds 'init finds the id' grep -q 'table: shop.shown, id: id,' drafted.yaml
    holds 'and what names it' grep -q 'table: shop.clicked, impression_id: shown_id,' drafted.yaml
}
