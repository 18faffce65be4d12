# Labels, days and ids.
# shellcheck shell=bash disable=SC2034,SC2154

# Four ads of a request share its id; every click is of one of them.
case_A1() {
    logs a
    ask "INSERT INTO a.shown SELECT id, at + k * interval '1 second', 'ad' || (id + k) % 5, k FROM a.shown, generate_series(1, 3) k"
    job a a
    night a.yaml
    is 'ids that impressions share end the night' "$code" 5
    says 'and the message names the key that allows them' 'repeated_share'
    source='  repeated_share: 1' job a a
    night a.yaml
    is 'where they are allowed, it ends well' "$code" 0
    is 'labels, of as many click events' "$(ask 'SELECT sum(clicks) FROM rocket.cache_days')" "$(ask "SELECT count(*) FROM a.clicked WHERE at < '2026-01-08'")"
    is 'days whose labels exceed their click events' "$(ask 'SELECT count(*) FROM rocket.cache_days WHERE clicks > click_events OR first_clicks > click_events')" 0
    # The same row twice: repeated, counted, left out.
    ask 'DROP SCHEMA a CASCADE; DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days'
    logs a
    ask 'INSERT INTO a.shown SELECT * FROM a.shown WHERE id % 3 = 0'
    source='  repeated_share: 1' job a a
    night a.yaml
    is 'rows of the same id and time: read, used, rejected, repeated | events, labels' "$(account)" '1200 900 0 300 | 225 150'
    is 'clicks on two rows of one time are ambiguous' "$(ask 'SELECT sum(ambiguous_clicks) FROM rocket.cache_days')" 75
    # No id is no id.
    ask 'DROP SCHEMA a CASCADE; DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days'
    logs a text text
    ask "UPDATE a.shown SET id = '' WHERE id::int % 3 = 0; UPDATE a.clicked SET shown_id = '' WHERE shown_id::int % 3 = 0"
    more='' job a a
    sed -i 's/^extraction: .*/extraction: {workers: 1, shards: 1, rejected_share: 1}/' a.yaml
    night a.yaml
    is 'empty ids: read, used, rejected, repeated | events, labels' "$(account)" '900 600 300 0 | 225 150'
    # Several columns together.
    ask 'DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days; DROP SCHEMA a CASCADE'
    logs a
    ask "ALTER TABLE a.shown ADD request bigint, ADD place int; UPDATE a.shown SET request = id / 4, place = id % 4;
        ALTER TABLE a.clicked ADD request bigint, ADD place int; UPDATE a.clicked SET request = shown_id / 4, place = shown_id % 4"
    impressions='{table: a.shown, id: [request, place], time: at}' clicks='{table: a.clicked, impression_id: [request, place], time: at}' job a a
    night a.yaml
    is 'ids of two columns: read, used, rejected, repeated | events, labels' "$(account)" '900 900 0 0 | 225 225'
    # One table that holds both events.
    ask "DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days;
        CREATE TABLE a.events AS SELECT 'show' AS event, id, at, ad, price FROM a.shown UNION ALL SELECT 'click', shown_id, at, NULL, NULL FROM a.clicked"
    impressions='{table: a.events, id: id, time: at, where: {event: show}}' clicks='{table: a.events, impression_id: id, time: at, where: {event: click}}' job a a
    night a.yaml
    is 'one table of both events: read, used, rejected, repeated | events, labels' "$(account)" '900 900 0 0 | 225 225'
}

# Columns that have the names that the job's SQL uses.
case_A2() {
    logs a
    job a a
    night a.yaml
    is 'without such a column' "$code" 0
    local right
    right=$(account)
    local column type
    for column in 'd date' 'd text' 'd int' 'day date' 'n bigint' 'i text' 'c text' 't timestamptz' 'imp text' 'at_ text' 'part int' 'key int'; do
        type=${column#* }
        ask "ALTER TABLE a.shown ADD ${column%% *} $type; ALTER TABLE a.clicked ADD ${column%% *} $type;
            DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days"
        rm -rf cache
        r extract --job a.yaml --day 2026-01-05 --to 2026-01-07
        is "with a column $column" "$code $(account)" "0 $right"
        ask "ALTER TABLE a.shown DROP ${column%% *}; ALTER TABLE a.clicked DROP ${column%% *}"
    done
}

case_A3() {
    logs a integer bigint
    ask "INSERT INTO a.clicked VALUES (5000000000, '2026-01-06 12:00+00')"
    job a a
    night a.yaml
    is 'the night' "$code" 0
    is 'orphans' "$(ask 'SELECT sum(orphan_clicks) FROM rocket.cache_days')" 1
    is 'read, used, rejected, repeated | events, labels' "$(account)" '900 900 0 0 | 226 225'
}

# One rule of equality, or a refusal with the reason.
case_A4() {
    ask 'CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public'
    local schema=0 types
    for types in 'public.citext public.citext' 'numeric(10,2) numeric' 'char(20) numeric' 'text bigint' 'numeric bigint'; do
        schema=$((schema + 1))
        # shellcheck disable=SC2086
        logs "a$schema" $types
        job "a$schema" "a$schema"
        ask 'DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days'
        r config check "a$schema.yaml" --database
        if [ "$code" = 6 ]; then
            note right "ids of $types are refused" "$(grep -iE 'type|equal' err | cut -c1-100 | head -n 1)"
            says 'with the reason' 'citext|numeric|char|equal|type'
            r doctor --job "a$schema.yaml" --migrations "$migrations"
            says 'by doctor too' 'problem.*(id|shown_id|column|type)|citext|numeric|character'
        else
            night "a$schema.yaml"
            is "ids of $types: events, labels" "$code $(account | sed 's/.*| //')" '0 225 225'
            night "a$schema.yaml"
            is "ids of $types: a second night finds nothing to do" "$code" 3
            r status
            is "ids of $types: status" "$code" 0
            fails "ids of $types: no day is stale" grep -q stale out
        fi
    done
}

case_A5() {
    logs a
    logs b
    job a a
    job b b
    night a.yaml
    night b.yaml
    ask "INSERT INTO a.shown VALUES (9001, 'infinity', 'x', 1), (9002, '0044-03-15 BC', 'x', 1), (9003, '12026-01-05', 'x', 1), (9004, '-infinity', 'x', 1), (9005, NULL, 'x', 1)"
    r init --impressions a.shown --clicks a.clicked --output drafted.yaml
    is 'init' "$code" 0
    r doctor --job a.yaml --migrations "$migrations"
    fails 'doctor does not fail by it' grep -qE '22008|out of range' out err
    says 'doctor counts them, the one without a time too' 'of 5 rows is NULL, infinite'
    ask 'CREATE TABLE a.local AS SELECT id, at::timestamp AS at, ad, price FROM a.shown WHERE id < 900'
    impressions='{table: a.local, id: id, time: at}' job local a
    r config check local.yaml --database
    is 'times without a zone' "$code" 6
    says 'with the view that helps' "AT TIME ZONE 'UTC' AS \"at_utc\" FROM \"a\".\"local\""
    r status
    is 'status' "$code" 0
    says 'status shows the one model' '^\|? *a '
    says 'and the other' '^\|? *b '
    ask 'DROP TABLE b.shown CASCADE'
    r status
    is 'status with a table that is gone' "$code" 0
    says 'it is called missing' 'b\.shown.*(missing|gone|not there|does not exist|no such)|(missing|gone|no table|no relation).*b\.shown'
    fails 'and nothing says that the database was migrated by another version' grep -q 'another version' out err
}

case_A6() {
    logs a
    ask "ALTER TABLE a.shown ALTER price TYPE numeric; UPDATE a.shown SET price = 1e400::numeric WHERE id = 5; UPDATE a.shown SET price = 1e-400::numeric WHERE id = 6"
    job a a
    night a.yaml
    is 'the night' "$code" 0
    is 'the row is rejected by key, with its reason' "$(ask "SELECT string_agg(key || ' ' || (reason IS NOT NULL), ',') FROM rocket.rejected_rows")" '5 true'
    is 'used' "$(ask 'SELECT sum(rows) FROM rocket.cache_days')" 899
}

case_A7() {
    logs a
    job a a
    ask "DROP ROLE IF EXISTS case_a7; CREATE ROLE case_a7 LOGIN; GRANT rocket_writer, rocket_log_reader TO case_a7;
        GRANT USAGE ON SCHEMA a TO case_a7; GRANT SELECT ON ALL TABLES IN SCHEMA a TO case_a7;
        ALTER TABLE a.shown ENABLE ROW LEVEL SECURITY"
    local owner=$DATABASE_URL
    DATABASE_URL=${owner/user=rocket/user=case_a7}
    local policy
    for policy in '' 'CREATE POLICY third ON a.shown USING (id % 3 = 0)'; do
        [ -z "$policy" ] || psql "$owner" -qX -c "$policy"
        night a.yaml
        is "the night, with ${policy:-no policy}" "$code" 7
        says 'the table is named' 'shown'
        says 'and row security' 'row.level security|row security'
        r doctor --job a.yaml --migrations "$migrations"
        says 'doctor says so' 'row.level security|row security|row_security'
    done
    DATABASE_URL=$owner
    is 'versions' "$(ask 'SELECT count(*) FROM rocket.model_versions')" 0
    ask 'DROP OWNED BY case_a7; DROP ROLE case_a7'
}

case_A8() {
    logs a
    ask "ALTER TABLE a.shown ADD raw bytea, ADD span interval, ADD cash money, ADD share float4;
        UPDATE a.shown SET raw = decode(lpad(id::text, 6, '0'), 'hex'), span = id * interval '1 day 02:03:04', cash = price::numeric::money, share = price / 3"
    # Money is text of the server's own making, which no session can pin.
    features='  - {name: cash, kind: categorical, hash_bits: 8}' job a a
    r extract --job a.yaml --day 2026-01-05
    is 'money is refused' "$code" 6
    says 'with the reason' 'cash.*lc_monetary'
    features='  - {name: ad, kind: categorical, hash_bits: 8}
  - {name: raw, kind: categorical, hash_bits: 8}
  - {name: span, kind: categorical, hash_bits: 8}
  - {name: share, kind: categorical, hash_bits: 8}
  - {name: price, kind: numeric}' job a a
    r extract --job a.yaml --day 2026-01-05 --to 2026-01-07
    is 'days are extracted' "$code" 0
    local sums
    sums=$(ask 'SELECT string_agg(checksum, $$ $$ ORDER BY day, part) FROM rocket.cache_manifest')
    ask "DROP ROLE IF EXISTS case_a8; CREATE ROLE case_a8 LOGIN SUPERUSER"
    local owner=$DATABASE_URL setting
    for setting in "bytea_output = 'escape'" 'extra_float_digits = -3' "intervalstyle = 'sql_standard'" 'quote_all_identifiers = on' "lc_monetary = 'C'" \
        "datestyle = 'SQL, DMY'" "timezone = 'Asia/Tokyo'" 'row_security = on' "search_path = 'a, public'" 'standard_conforming_strings = off'; do
        psql "$owner" -qX -c "ALTER ROLE case_a8 RESET ALL" -c "ALTER ROLE case_a8 SET $setting" -c 'DELETE FROM rocket.cache_manifest' -c 'DELETE FROM rocket.cache_days'
        rm -rf cache
        DATABASE_URL=${owner/user=rocket/user=case_a8} r extract --job a.yaml --day 2026-01-05 --to 2026-01-07
        is "the same bytes under $setting" "$code $(ask 'SELECT string_agg(checksum, $$ $$ ORDER BY day, part) FROM rocket.cache_manifest')" "0 $sums"
    done
    psql "$owner" -qX -c 'ALTER ROLE case_a8 RESET ALL' -c "ALTER ROLE case_a8 SET bytea_output = 'escape'"
    local turn
    for turn in 0 3; do
        DATABASE_URL=${owner/user=rocket/user=case_a8} night a.yaml
        is 'a night under bytea_output = escape' "$code" "$turn"
    done
    r doctor --job a.yaml --migrations "$migrations"
    fails 'doctor advises no rollback' grep -q rollback out
    psql "$owner" -qX -c 'DROP OWNED BY case_a8' -c 'DROP ROLE case_a8'
}

case_A9() {
    local owner=$DATABASE_URL
    psql "$SERVER_URL" -qX -c 'DROP DATABASE IF EXISTS case_ascii' -c "CREATE DATABASE case_ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    local ascii=${SERVER_URL/\/rocket\?//case_ascii\?}
    r migrate --database "$ascii" --directory "$migrations"
    fails 'migrate does not make the tables there' [ "$code" = 0 ]
    says 'and names the encoding' 'SQL_ASCII'
    says 'and what is needed' 'UTF8|UTF-8'
    DATABASE_URL=$ascii
    logs a
    ask "UPDATE a.shown SET ad = convert_from('\\xe4', 'SQL_ASCII') WHERE id = 700"
    DATABASE_URL=$owner
    job a a
    r config check a.yaml --database --url "$ascii"
    says 'config check names it' 'SQL_ASCII'
    r doctor --job a.yaml --source-database "$ascii" --migrations "$migrations"
    says 'doctor too' 'SQL_ASCII'
    psql "$SERVER_URL" -qX -c 'DROP DATABASE case_ascii WITH (FORCE)'
}

case_A10() {
    logs a
    ask "ALTER TABLE a.shown ADD tags text[]; UPDATE a.shown SET tags = ARRAY[ad, 'x']"
    local what named second
    for what in at tags; do
        second='{name: hour, kind: hour_of_day}' named='at|time'
        [ "$what" = at ] || second='{name: several, column: tags, kind: multi_valued, hash_bits: 8}' named='tags'
        ask 'DELETE FROM rocket.predictions'
        features="  - {name: ${what}_text, column: $what, kind: categorical, hash_bits: 8}
  - $second
  - {name: price, kind: numeric}" job "a$what" a
        mv "a$what.yaml" a.yaml
        r config check a.yaml --database
        if [ "$code" = 6 ]; then
            says "column $what as text and otherwise is refused by name" "column.*($named).*(text|ids)"
        else
            night a.yaml
            is "column $what as text and otherwise: the night" "$code" 0
            r predict --model live --name "a$what" --day 2026-01-07
            is 'its day is scored: rows, problems' "$code $(ask 'SELECT count(*), count(problem) FROM rocket.predictions')" '0 300|0'
            is 'and the mean is the report'"'"'s' "$(ask "SELECT abs(avg(p.probability) / (e.clicks * 1.0 / e.impressions) - min(e.pcoc)) < 0.0005 FROM rocket.predictions p, rocket.evaluation_reports e WHERE e.net = 'light' AND e.version = p.version GROUP BY e.clicks, e.impressions")" t
        fi
    done
}
