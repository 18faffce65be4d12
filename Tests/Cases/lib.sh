# Sourced by run: logs, job files, and how things are checked.
# shellcheck shell=bash

# Sends SQL to the case's database and prints rows bare.
sql() { psql "$DATABASE_URL" -qAtX -v ON_ERROR_STOP=1 "$@"; }
ask() { sql -c "$1"; }

# A migrated database that each case gets a copy of.
template() {
    DATABASE_URL=${SERVER_URL/\/rocket\?//cases\?}
    psql "$SERVER_URL" -qX -c 'CREATE DATABASE cases'
    "$rocket" migrate --database "$DATABASE_URL" --directory "$migrations" >/dev/null
}

# run_case NAME: in a folder and a database of its own.
run_case() {
    (
        set +e
        name=$1
        folder=$top/$name
        mkdir "$folder" && cd "$folder" || exit 1
        : >checks
        psql "$SERVER_URL" -qX -c "CREATE DATABASE case_${name,,} TEMPLATE cases" || exit 1
        export DATABASE_URL=${SERVER_URL/\/rocket\?//case_${name,,}\?}
        "case_$name"
        cd "$top" || exit 1
        psql "$SERVER_URL" -qX -c "DROP DATABASE IF EXISTS case_${name,,} WITH (FORCE)" >/dev/null 2>&1
    )
}

note() { # right or wrong, what, what came
    # A check is one line, whatever it found.
    local found=${3//[$'\n\t']/ }
    printf '%s\t%s%s\n' "$1" "$2" "${found:+: $found}" >>"$folder/checks"
}

# is WHAT FOUND EXPECTED
is() {
    if [ "$2" = "$3" ]; then note right "$1" "${2:0:100}"; else note wrong "$1" "‘${2:0:300}’ came, right is ‘$3’"; fi
}
# holds WHAT COMMAND…: it succeeds.
holds() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then note right "$what" ''; else note wrong "$what" "$* does not hold; $(tail -n 3 "$folder/err" 2>/dev/null | cut -c1-300 | tr '\n' ' ')"; fi
}
# fails WHAT COMMAND…
fails() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then note wrong "$what" "$* holds"; else note right "$what" ''; fi
}
# refused WHAT PATTERN SQL: the server refuses a statement, for that reason.
refused() {
    if ask "$3" >out 2>err; then note wrong "$1" "it is taken: $3"; else says "$1" "$2"; fi
}
# says WHAT PATTERN: standard error or output of the last r has a line of an extended regular expression.
says() {
    if grep -qiE -- "$2" err out; then note right "$1" ''; else note wrong "$1" "no ‘$2’ in: $(cat err out | tail -n 5 | cut -c1-300 | tr '\n' ' ')"; fi
}
hides() {
    if grep -qaF -- "$2" err out; then note wrong "$1" "‘$2’ is shown"; else note right "$1" ''; fi
}

# hold URL SQL: a session that runs SQL and keeps what it took until let_go. Returns when the SQL is done.
hold() {
    local tries=0
    rm -f held.in held.out
    mkfifo held.in
    psql "$1" -qAtX -v ON_ERROR_STOP=1 <held.in >held.out 2>&1 &
    holder=$!
    exec 8>held.in
    printf 'SELECT pg_backend_pid();\n%s;\n\\echo held\n' "$2" >&8
    until grep -qx held held.out; do
        tries=$((tries + 1))
        if ! kill -0 "$holder" 2>/dev/null || [ "$tries" -gt 1200 ]; then
            note wrong "a session that holds what ‘$2’ takes" "$(tail -n 3 held.out)"
            return 1
        fi
        sleep 0.05
    done
}
# let_go: ends that session, and returns when the server has ended its side too.
let_go() {
    exec 8>&-
    wait "$holder"
    while [ "$(ask "SELECT count(*) FROM pg_stat_activity WHERE pid = $(head -n 1 held.out)")" != 0 ]; do sleep 0.05; done
}

# r ARGUMENTS: runs rocket; its code is in $code, its output in out and err.
r() {
    code=0
    "$rocket" "$@" >out 2>err || code=$?
}
night() { r nightly --job "$1" --as-of 2026-01-08 "${@:2}"; }

# logs SCHEMA [TYPE OF IDS [TYPE OF THE CLICKS' IDS [EXPRESSION OF n]]]: three days of 300 impressions, one every 288
# seconds from 2026-01-05 on, and a click a minute after every fourth of them.
logs() {
    sql <<S
CREATE SCHEMA $1;
CREATE TABLE $1.shown (id ${2:-bigint}, at timestamptz, ad text, price double precision);
CREATE TABLE $1.clicked (shown_id ${3:-${2:-bigint}}, at timestamptz);
WITH n AS (SELECT n, timestamptz '2026-01-05 00:00:10+00' + (n - 1) * interval '288 seconds' AS at FROM generate_series(1, 900) n)
INSERT INTO $1.shown SELECT (${4:-n})::${2:-bigint}, at, 'ad' || n % 5, (n % 11)::float8 FROM n;
INSERT INTO $1.clicked SELECT s.id::text::${3:-${2:-bigint}}, s.at + interval '1 minute' FROM $1.shown s
    WHERE extract(epoch FROM s.at)::bigint / 288 % 4 = 0;
S
}

features='  - {name: ad, kind: categorical, hash_bits: 8}
  - {name: price, kind: numeric}'
# job NAME SCHEMA: a small job file. The variables impressions, clicks, source, features and more replace or add to its parts.
job() {
    local shown="{table: $2.shown, id: id, time: at}" clicked="{table: $2.clicked, impression_id: shown_id, time: at}"
    cat >"$1.yaml" <<Y
model: $1
source:
  impressions: ${impressions:-$shown}
  clicks: ${clicks:-$clicked}
  attribution_window: 20m
  time_zone: UTC
${source:-}
features:
$features
nets: {embedding_dim: 4, light: [4], booster: [8]}
training: {window_days: 2, batch_size: 64, seed: 1, threads: 1}
evaluation: {latency: {batch_sizes: [1], calls: 100}}
promotion: {least_clicks: 1, lowest_pcoc: 0.01, highest_pcoc: 100, margin: 1}
extraction: {workers: 1, shards: 1}
database: {retry: 0s}
cache: {directory: cache}
${more:-}
Y
}
# What the account of the cached days says, as `read used rejected repeated | events labels`.
account() {
    ask "SELECT coalesce(sum(impressions_read), -1) || ' ' || sum(rows) || ' ' || sum(rejected_rows) || ' '
        || coalesce(sum(repeated_impressions), -1) || ' | ' || sum(click_events) || ' ' || sum(clicks) FROM rocket.cache_days
        WHERE specification_hash = (
            SELECT specification_hash FROM rocket.cache_days GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)"
}
