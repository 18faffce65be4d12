# Files that are imported.
# shellcheck shell=bash disable=SC2034,SC2154

# csv FILE HEADER ROWS ROW: writes a file; ROW is a shell expression with $n.
csv() {
    local n
    { echo "$2"; for n in $(seq 1 "$3"); do eval "echo \"$4\""; done; } >"$1"
}
load() { r import csv "$@"; }
rows() { ask "SELECT count(*) FROM ad_log.${1}_impressions"; }
absent() { ask "SELECT to_regclass('ad_log.${1}_impressions') IS NULL"; }

case_B1() {
    csv week.csv id,shown_at,ad,clicked 50 '$n,2026-01-05 10:00:00,ad$((n % 5)),$((n % 2))'
    load week.csv --into t --id id --time shown_at --label ad
    is 'a wrong label column' "$code" 5
    is 'rows in the quarantine' "$(ask 'SELECT count(*) FROM rocket.quarantine_rows')" 50
    is 'no table, no entry' "$(absent t) $(ask 'SELECT count(*) FROM rocket.imports')" 't 0'
    load week.csv --into t --id id --time shown_at --label clicked
    is 'a right second try' "$code $(rows t) $(ask 'SELECT count(*) FROM ad_log.t_clicks')" '0 50 25'
    load week.csv --into t --id id --time shown_at --label clicked
    is 'a third one' "$code $(rows t)" '3 50'
    csv late.csv id,shown_at,clicked 200 '$n,$([ $n = 7 ] && echo 2026-01-05 || echo whenever),0'
    load late.csv --into u --id id --time shown_at --label clicked
    is 'one row of 200' "$code $(absent u)" '5 t'
    load late.csv --into u --id id --time shown_at --label clicked --rejected-share 1
    is 'where that is allowed' "$code $(rows u)" '0 1'
    # The other formats.
    for n in $(seq 20); do printf 'x\t%s\n' "$(yes 1 | head -n 39 | paste -sd '\t')"; done >bad.tsv
    r import criteo bad.tsv --into c --days 2
    is 'criteo' "$code $(absent c)" '5 t'
    csv bad.avazu id,click,hour,device_id 20 '$n,0,2026,d'
    r import avazu bad.avazu --into v
    is 'avazu' "$code $(absent v)" '5 t'
    for n in $(seq 20); do echo "1 $n"; done >bad.fm
    r import libfm bad.fm --fields user,item --into f
    is 'libfm' "$code $(absent f)" '5 t'
}

case_B2() {
    mkdir one two
    csv one/part-0.csv shown_at,ad,clicked 30 '2026-01-05 10:00:00,ad$n,0'
    csv two/part-0.csv shown_at,ad,clicked 30 '2026-01-06 10:00:00,ad$n,0'
    load one/part-0.csv two/part-0.csv --into t --time shown_at --label clicked
    is 'two files of one name' "$code $(rows t)" '0 60'
    cp one/part-0.csv log.2026-01-05.csv
    cp two/part-0.csv log.2026-01-06.csv
    load log.2026-01-05.csv log.2026-01-06.csv --into u --time shown_at --label clicked
    is 'two names alike up to the dot' "$code $(rows u)" '0 60'
    is 'ids of a file, wherever it lies' "$(ask 'SELECT count(*) FROM ad_log.t_impressions JOIN ad_log.u_impressions USING (ad, impressed_at) WHERE split_part(t_impressions.impression_id, $$-$$, 3) = split_part(u_impressions.impression_id, $$-$$, 2)')" 60
    for n in $(seq 9); do printf '0\t%s\n' "$(yes "$n" | head -n 39 | paste -sd '\t')"; done >one/day.tsv
    sed 's/^0/1/' one/day.tsv >two/day.tsv
    r import criteo one/day.tsv two/day.tsv --into c
    is 'criteo' "$code $(rows c)" '0 18'
    for n in $(seq 9); do echo "0 $n:1"; done >one/day.fm
    sed 's/^0/1/' one/day.fm >two/day.fm
    r import libfm one/day.fm two/day.fm --fields user --into f
    is 'libfm' "$code $(rows f)" '0 18'
}

case_B3() {
    {
        echo id,shown_at,clicked
        for time in 20260105 2026010510 20260105100102 1767607262 1767607262000 1767607262000000 46027.4001 46027 0 631151999 \
            631152000 20261305 2026010524 1e9 0x69000000 202601051001; do echo "$time,$time,0"; done
    } >times.csv
    load times.csv --into t --id id --time shown_at --label clicked
    is 'the import' "$code" 0
    is 'times' "$(ask "SELECT string_agg(impression_id || '=' || to_char(impressed_at, 'YYYYMMDD HH24MISS'), ',' ORDER BY impression_id COLLATE \"C\") FROM ad_log.t_impressions")" \
        '1767607262=20260105 100102,1767607262000=20260105 100102,1767607262000000=20260105 100102,20260105=20260105 000000,2026010510=20260105 100000,20260105100102=20260105 100102,631152000=19900101 000000'
    is 'set aside' "$(ask "SELECT string_agg(key, ',' ORDER BY line) FROM rocket.quarantine_rows")" '46027.4001,46027,0,631151999,20261305,2026010524,1e9,0x69000000,202601051001'
}

case_B4() {
    csv lf.csv shown_at,ad,clicked 50 '2026-01-05 10:00:00,ad$n,0'
    tr '\n' '\r' <lf.csv >cr.csv
    load cr.csv --into t --time shown_at --label clicked
    is 'rows of lines that end with CR' "$code $(rows t)" '0 50'
    is 'their lines' "$(ask "SELECT min(l) || ' ' || max(l) || ' ' || count(DISTINCT l) FROM (SELECT split_part(impression_id, '-', 3)::int AS l FROM ad_log.t_impressions) s")" '2 51 50'
    { printf 'shown_at,ad,clicked\r\n'; printf '2026-01-05,a,0\n2026-01-05,b,0\r2026-01-05,c,0\r\n2026-01-05,d,x\r'; } >mixed.csv
    load mixed.csv --into u --time shown_at --label clicked
    is 'mixed ends' "$code $(rows u) $(ask 'SELECT line FROM rocket.quarantine_rows')" '0 3 5'
}

case_B5() {
    local long
    long=$(printf 'h%.0s' $(seq 64))
    csv long.csv "id,shown_at,$long,clicked" 3 '$n,2026-01-05,x,0'
    load long.csv --into t --id id --time shown_at --label clicked
    fails 'a header of 64 bytes is refused' [ "$code" = 0 ]
    says 'with the limit' 63
    is 'before anything is written' "$(absent t) $(ask 'SELECT count(*) FROM rocket.quarantine_rows')" 't 0'
    csv some.csv id,shown_at,clicked 3 '$n,2026-01-05,0'
    load some.csv --into "$(printf 'p%.0s' $(seq 60))" --id id --time shown_at --label clicked
    fails '--into of 60 bytes is refused' [ "$code" = 0 ]
    says 'with the limit' '42|63'
    is 'nothing is made' "$(ask "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'ppp%'")" 0
    csv words.csv id,shown_at,цена,цвет,clicked 3 '$n,2026-01-05,$n,red,0'
    load words.csv --into t --id id --time shown_at --label clicked --numbers цена
    is 'headers of another script' "$code $(ask 'SELECT sum(цена) || max(цвет) FROM ad_log.t_impressions')" '0 6red'
    csv user.csv id,shown_at,user_id,clicked 3 '$n,2026-01-05,u,0'
    load user.csv --into u --id id --time shown_at --label clicked
    fails 'a header user_id without --user' [ "$code" = 0 ]
    says 'is told what to do' '--user'
    load user.csv --into u --id id --time shown_at --label clicked --user user_id
    is 'and then lands' "$code $(rows u)" '0 3'
    { echo id,shown_at,clicked; echo "$(head -c 9000 /dev/urandom | od -An -tx1 | tr -d ' \n' | head -c 9000),2026-01-05,1"; echo 2,2026-01-05,1; } >longid.csv
    load longid.csv --into v --id id --time shown_at --label clicked
    is 'an id of 9,000 characters is set aside' "$code $(rows v) $(ask 'SELECT count(*) FROM rocket.quarantine_rows')" '0 1 1'
    csv system.csv id,shown_at,ctid,clicked 3 '$n,2026-01-05,x,0'
    load system.csv --into w --id id --time shown_at --label clicked
    fails 'a header that is a system column' [ "$code" = 0 ]
    fails 'is no raw error of the server' grep -q 42701 err
}

case_B6() {
    { echo id,shown_at,price,clicked; n=0; for price in 31 1e5 +5 .5 -2 0x1F inf nan 1_000 '" 5 "' 1e999; do n=$((n + 1)); echo "$n,2026-01-05,$price,0"; done; } >prices.csv
    load prices.csv --into t --id id --time shown_at --label clicked --numbers price
    is 'numbers' "$code $(ask "SELECT string_agg(price::text, ' ' ORDER BY impression_id::int) FROM ad_log.t_impressions")" '0 31 100000 5 0.5 -2'
    is 'and none' "$(ask "SELECT string_agg(key, ' ' ORDER BY line) FROM rocket.quarantine_rows")" '6 7 8 9 10 11'
}

case_B7() {
    sql -c "\\copy (SELECT n AS id, date '2000-01-01' + n AS shown_at, 0 AS clicked FROM generate_series(1, 4000) n) TO 'days.csv' CSV HEADER"
    code=0
    timeout 60 "$rocket" import csv days.csv --into t --id id --time shown_at --label clicked >out 2>err || code=$?
    is '4,000 days are refused, and not by the clock' "$code" 5
    says 'with the number of days that are possible' '(4000|4,000) days'
    is 'nothing is made' "$(absent t)" t
}

# What is no file: said at once, not waited for.
case_B8() {
    csv rows.csv id,shown_at,clicked 50 '$n,2026-01-05 10:00:00,0'
    mkfifo pipe
    local name
    for name in - pipe /dev/stdin <(cat rows.csv) /dev/null; do
        code=0
        timeout 20 "$rocket" import csv "$name" --into t --id id --time shown_at --label clicked <rows.csv >out 2>err || code=$?
        if [ "$name" = /dev/stdin ]; then
            is 'standard input that is a file' "$code $(rows t)" '0 50'
            continue
        fi
        is "$name" "$code" 6
        says 'with what to do' 'Write it to one first'
    done
    code=0
    cat rows.csv | timeout 20 "$rocket" import csv /dev/stdin --into u --id id --time shown_at --label clicked >out 2>err || code=$?
    is 'standard input that is a pipe' "$code $(absent u)" '6 t'
    load . --into u --id id --time shown_at --label clicked
    is 'a folder' "$code" 6
    says 'is called one' 'folder'
}

case_B9() {
    csv one.csv id,shown_at,ad,clicked 50 '$n,2026-01-05 10:00:00,ad$n,$((n % 2))'
    csv two.csv id,shown_at,clicked 50 'b$n,2026-01-06 10:00:00,0'
    : >empty.csv
    iconv -f UTF-8 -t UTF-16 one.csv >wide.csv
    printf 'PK\003\004rows' >rows.xlsx
    local name
    for name in misspelt.csv empty.csv wide.csv rows.xlsx .; do
        load one.csv "$name" --into t --id id --time shown_at --label clicked
        is "a second file that cannot be read, $name: nothing is imported" "$((code > 0)) $(absent t)" '1 t'
        says 'the file is named' "$name"
        [ "$name" != wide.csv ] || says 'with what to do' 'UTF-16.*iconv'
        [ "$name" != rows.xlsx ] || says 'with what to do' 'workbook; save its rows as csv'
    done
    load one.csv two.csv --into t --id id --time shown_at --label clicked
    is 'two files of which one lacks a column' "$code $(rows t)" '0 100'
    says 'the column is named' 'two.csv has no column for ad'
    fails 'the other file lacks nothing' grep -q 'one.csv has no column' err
}
