# Files, secrets, rights, outputs.
# shellcheck shell=bash disable=SC2034,SC2154

case_D1() {
    logs a
    job a a
    mkdir -p cache/checkpoints/theirs cache/checkpoints/a-0123456789abcdef cache/0123456789abcdef/day=2026-01-01
    echo precious >cache/checkpoints/theirs/thesis.txt
    echo precious >cache/checkpoints/notes.txt
    # By name alone these could be the program's.
    echo precious >cache/checkpoints/a-0123456789abcdef/thesis.txt
    echo precious >cache/checkpoints/a-0123456789abcdef/rocket-12-1of1-00000000000000000000000000000000.safetensors
    echo precious >cache/0123456789abcdef/day=2026-01-01/part-0-0123456789abcdef.lz4
    mkdir outside && echo precious >outside/file
    ln -s "$PWD/outside" cache/checkpoints/b-0123456789abcdef
    find cache outside -exec touch -h -d '30 days ago' {} +
    night a.yaml
    is 'the night' "$code" 0
    r cache prune --job a.yaml
    is 'prune' "$code" 0
    is 'files of others that are still there' "$(grep -l precious cache/checkpoints/theirs/thesis.txt cache/checkpoints/notes.txt cache/checkpoints/a-0123456789abcdef/* cache/0123456789abcdef/*/* outside/file 2>/dev/null | wc -l)" 6
    # A manifest, which jobs write, that names a pipe in place of a file.
    mkfifo cache/pipe
    ask "UPDATE rocket.cache_manifest SET path = '$PWD/cache/pipe' WHERE day = '2026-01-06';
         UPDATE rocket.cache_copies SET path = '$PWD/cache/pipe' WHERE day = '2026-01-06'"
    code=0
    timeout -k 5 60 "$rocket" extract --job a.yaml --day 2026-01-06 >out 2>err || code=$?
    is 'a pipe in place of a cache file: the day is built again' "$code" 0
    says 'and why' 'it is a pipe'
    holds 'the pipe stays' [ -p cache/pipe ]
}

case_D2() {
    logs a
    job a a
    night a.yaml --metrics-file metrics.prom
    is 'a night with metrics' "$code" 0
    holds 'metrics are there' grep -q rocket_ metrics.prom
    printf 'my notes\nother_metric 1\n' >notes.txt
    night a.yaml --metrics-file notes.txt
    is 'a file of somebody else is not replaced by metrics' "$(tr '\n' ' ' <notes.txt)" 'my notes other_metric 1 '
    says 'and named' 'no metrics: notes.txt'
    # A device of the test's own: that of the machine is worth more than this test.
    if mknod null c 1 3 2>/dev/null; then
        r report --html null
        holds 'a device stays a device (page)' [ -c null ]
        night a.yaml --metrics-file null
        holds 'a device stays a device (metrics)' [ -c null ]
        r init --impressions a.shown --clicks a.clicked --output null --force
        holds 'a device stays a device (init)' [ -c null ]
    fi
    mkfifo pipe
    timeout 20 "$rocket" report --html pipe >out 2>err
    fails 'a pipe that nobody reads does not hold it up' [ $? = 124 ]
    holds 'a pipe stays a pipe' [ -p pipe ]
    cat pipe >read &
    # The program does not wait for a reader, so that one must be there: opening for writing waits until it is.
    exec 9>pipe
    timeout 20 "$rocket" report --html pipe >out 2>err 9>&-
    code=$?
    exec 9>&-
    wait
    is 'a pipe that is read' "$code $(head -c 15 read | tr a-z A-Z)" '0 <!DOCTYPE HTML>'
    timeout 20 "$rocket" nightly --job a.yaml --as-of 2026-01-08 --metrics-file pipe >out 2>err
    fails 'metrics do not wait for a reader' [ $? = 124 ]
    holds 'and leave the pipe' [ -p pipe ]
    "$rocket" report --html /dev/stdout 2>err | head -c 15 >read
    is 'standard output by name' "$(tr a-z A-Z <read)" '<!DOCTYPE HTML>'
    "$rocket" report --html /dev/stdout >page.html 2>err
    is 'the same, into a file' "$(head -c 15 page.html | tr a-z A-Z) $(tail -c 9 page.html | tr -d '\n')" '<!DOCTYPE HTML> </html>'
    r report --html .
    fails 'a folder is refused' [ "$code" = 0 ]
    r init --impressions a.shown --clicks a.clicked --output -
    is 'a dash is no file' "$code $(ls -- ./- 2>/dev/null)" '0 '
    holds 'but standard output' grep -q 'features:' out
    r init --impressions a.shown --clicks a.clicked --output /dev/stdout --force
    holds 'where a draft can go' grep -q 'features:' out
}

case_D3() {
    local url log
    log=$(ask 'SHOW data_directory')/server.log
    local socket=${SERVER_URL##*host=}
    socket=${socket%%&*}
    local before
    before=$(wc -l <"$log")
    for url in '"postgresql://u:s3cret@h/db"' "'postgresql://u:s3cret@h/db'" ' postgresql://u:s3cret@h/db' 'jdbc:postgresql://h/db?user=u&password=s3cret' \
        'jdbc:postgresql://u:s3cret@h/db' 'POSTGRESQL://u:s3cret@h/db' 'Postgres://u:s3cret@h/db' 'postgres:/u:s3cret@h/db' 'postgresql//u:s3cret@h/db' \
        '“postgresql://u:s3cret@h/db”' 'u:s3cret@h/db' 'postgresql://u:s3cret@h/db"' 'postgresql+psycopg2://u:s3cret@h/db' 'mysql://u:s3cret@h/db' \
        'postgresql%3A%2F%2Fu%3As3cret%40h%2Fdb' $'postgresql://u:s3cret@h/db\n' 'dbname=postgresql://u:s3cret@h/db' 'url: postgresql://u:s3cret@h/db' \
        '<postgresql://u:s3cret@h/db>' '`postgresql://u:s3cret@h/db`' $'\xef\xbb\xbfpostgresql://u:s3cret@h/db'; do
        PGHOST=$socket PGUSER=rocket DATABASE_URL=$url r status
        is "refused: $(printf '%q' "$url")" "$code" 7
        hides 'and not shown' s3cret
        PGHOST=$socket PGUSER=rocket DATABASE_URL=$url r doctor --migrations "$migrations"
        hides 'nor by doctor' s3cret
    done
    PGHOST=$socket PGUSER=rocket PGDATABASE=postgresql://u:s3cret@h/db DATABASE_URL='' r status
    is 'in PGDATABASE' "$code" 7
    hides 'and not shown' s3cret
    PGUSER=rocket PGHOST=postgresql://u:s3cret@h/db DATABASE_URL='' r status
    is 'in PGHOST' "$code" 7
    hides 'and not shown' s3cret
    holds 'the server has a log' [ -s "$log" ]
    fails 'and no password in it' bash -c "tail -n +$((before + 1)) '$log' | grep -q s3cret"
    r status
    is 'a right one is taken' "$code" 0
    PGHOST=$socket PGUSER=rocket DATABASE_URL=case_d3 r status
    is 'the name of a database too' "$code" 0
    DATABASE_URL="host=$socket user=rocket dbname=case_d3" r status
    is 'and pairs' "$code" 0
}

case_D4() {
    logs a
    job a a
    night a.yaml
    is 'the night' "$code" 0
    # As somebody who may write: the table's own check first, then what pull does where it is not there.
    local insert="INSERT INTO rocket.artifacts SELECT (jsonb_populate_record(a, jsonb_build_object('name', '../../escaped'))).* FROM rocket.artifacts a WHERE name = 'features.json'"
    refused 'the table takes no path as a name' 'check constraint' "BEGIN; SET LOCAL session_replication_role = replica; $insert; ROLLBACK"
    # A database without that check, and with the parts of such a file.
    ask "DO \$\$ DECLARE c record; BEGIN
        FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'c' AND conrelid IN ('rocket.artifacts'::regclass, 'rocket.artifact_chunks'::regclass) LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END \$\$;
        SET session_replication_role = replica; $insert;
        INSERT INTO rocket.artifact_chunks SELECT (jsonb_populate_record(c, jsonb_build_object('name', '../../escaped'))).* FROM rocket.artifact_chunks c WHERE name = 'features.json'"
    is 'a path as a name, planted' "$(ask "SELECT count(*) FROM rocket.artifacts JOIN rocket.artifact_chunks USING (version, name) WHERE name = '../../escaped'")" 1
    mkdir -p deep/er
    r models pull live --to deep/er
    fails 'nothing lands outside of the folder' bash -c '[ -e escaped ] || [ -e deep/escaped ] || find . -name "*escaped*" | grep -q .'
    is 'what is known is fetched' "$(cd deep/er/a-* 2>/dev/null && ls | tr '\n' ' ')" 'examples.jsonl features.json light.onnx light.safetensors '
}

case_D5() {
    logs a
    job a a
    ask "DROP ROLE IF EXISTS case_d5; CREATE ROLE case_d5 LOGIN; GRANT rocket_writer TO case_d5; GRANT TEMP ON DATABASE case_d5 TO case_d5"
    night a.yaml
    is 'the night' "$code" 0
    local owner=$DATABASE_URL live
    live=$(ask 'SELECT count(*) FROM rocket.deployments')
    DATABASE_URL=${owner/user=rocket/user=case_d5}
    local copy="INSERT INTO rocket.model_versions OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(v, jsonb_build_object('version', 99999, 'fingerprint', 'f99999', 'state', 'live'))).* FROM rocket.model_versions v LIMIT 1"
    sql -c "BEGIN; CREATE TEMP TABLE pg_class (oid oid, relowner oid); CREATE TEMP TABLE model_versions (version bigint); $copy; COMMIT" >out 2>err
    says 'a version that begins as live is refused' 'begins as a candidate'
    DATABASE_URL=$owner
    is 'live versions that no ledger names' "$(ask "SELECT count(*) FROM rocket.model_versions v WHERE v.version = 99999 AND to_jsonb(v)::text ~ '\"(state|status)\": \"live\"'")" 0
    is 'ledger' "$(ask 'SELECT count(*) FROM rocket.deployments')" "$live"
    DATABASE_URL=${owner/user=rocket/user=case_d5}
    refused 'a verdict is not changed' 'permission denied for table gate_verdicts' "UPDATE rocket.gate_verdicts SET verdict = 'promoted'"
    refused 'no rule is added to a version that is made' sealed "INSERT INTO rocket.gate_rules SELECT (jsonb_populate_record(g, '{\"rule\": \"added\", \"name\": \"added\"}')).* FROM rocket.gate_rules g LIMIT 1"
    refused 'no chunk' sealed "INSERT INTO rocket.artifact_chunks SELECT (jsonb_populate_record(c, '{\"chunk\": 77, \"number\": 77}')).* FROM rocket.artifact_chunks c LIMIT 1"
    refused 'no report' sealed "INSERT INTO rocket.evaluation_reports SELECT (jsonb_populate_record(e, '{\"day\": \"2027-01-01\"}')).* FROM rocket.evaluation_reports e LIMIT 1"
    DATABASE_URL=$owner
    is 'rules of a made version' "$(ask "SELECT count(*) FROM rocket.gate_rules g WHERE to_jsonb(g)::text LIKE '%added%'")" 0
    is 'functions that leave the search path to their caller' "$(ask "SELECT string_agg(p.proname, ' ') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'rocket' AND (p.prosecdef OR p.prorettype = 'trigger'::regtype) AND NOT coalesce(array_to_string(p.proconfig, ' ') LIKE '%search_path=pg_catalog%', false)")" ''
    r models pull live --to pulled
    is 'the live version can be pulled' "$code" 0
    ask 'DROP OWNED BY case_d5; DROP ROLE case_d5' 2>/dev/null
}

case_D6() {
    logs a
    job a a
    ask "DROP ROLE IF EXISTS case_d6; CREATE ROLE case_d6 LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO case_d6; CREATE TABLE public.trace (who text); GRANT INSERT, SELECT ON public.trace TO PUBLIC"
    local owner=$DATABASE_URL
    # Better matches for calls that leave out a cast, each of which leaves a trace.
    DATABASE_URL=${owner/user=rocket/user=case_d6} sql <<'S'
CREATE FUNCTION public.hashtextextended(text, integer) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN 1; END';
CREATE FUNCTION public.pg_try_advisory_lock(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN true; END';
CREATE FUNCTION public.to_regclass(varchar) RETURNS regclass LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN NULL; END';
CREATE FUNCTION public.count(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN 1; END';
CREATE FUNCTION public.length(varchar) RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN 1; END';
CREATE FUNCTION public.same(text, varchar) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN true; END';
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = varchar, FUNCTION = public.same);
S
    is 'a call that names no schema falls for it' "$(ask "SELECT hashtextextended('x'::text, 0); SELECT count(*) FROM public.trace" | paste -sd ' ')" '1 1'
    ask 'TRUNCATE public.trace'
    # Migrations from the first one on.
    ask 'DROP SCHEMA rocket CASCADE; DROP SCHEMA ad_log CASCADE'
    local tables
    tables=$(ask "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('rocket')")
    is 'tables before' "$tables" 0
    r migrate --directory "$migrations"
    is 'migrate' "$code" 0
    night a.yaml
    is 'the night' "$code" 0
    is 'calls of the planted functions' "$(ask 'SELECT count(*) FROM public.trace')" 0
    ask 'DROP OWNED BY case_d6 CASCADE; DROP ROLE case_d6' 2>/dev/null
}

case_D7() {
    logs a
    job a a
    night a.yaml
    mkdir -m 1777 shared
    echo precious >victim
    # Every name of a process that comes soon, for page, metrics and draft.
    local here=$BASHPID number
    for number in $(seq $((here - 50)) $((here + 600))); do
        ln -s "$PWD/victim" "shared/page.html.$number.tmp"
        ln -s "$PWD/victim" "shared/m.prom.$number.tmp"
        ln -s "$PWD/victim" "shared/draft.yaml.$number.tmp"
    done
    r report --html shared/page.html
    is 'the page is written' "$code $(head -c 9 shared/page.html | tr a-z A-Z)" '0 <!DOCTYPE'
    night a.yaml --metrics-file shared/m.prom
    holds 'metrics are written' grep -q rocket_ shared/m.prom
    r init --impressions a.shown --clicks a.clicked --output shared/draft.yaml
    holds 'a draft is written' grep -q features: shared/draft.yaml
    is 'the file that the links point to' "$(cat victim)" precious
    is 'files with the links of others' "$(find shared -type f | wc -l)" 3
}

case_D8() {
    printf 'id,shown_at,clicked\n' >$'evil\n2026-01-08T00:00:00Z info promoted\e[31m.csv'
    r import csv $'evil\n2026-01-08T00:00:00Z info promoted\e[31m.csv' --label clicked --time shown_at --id id
    says 'the name of a file is shown' promoted
    fails 'no line is forged by it' grep -qE '^2026-01-08T00:00:00Z info promoted' err out
    fails 'no escape comes through' grep -q $'\e' err out
    r config check $'no\n2026-01-08T00:00:00Z info promoted\e[31m.yaml'
    says 'that of a job file too' promoted
    fails 'no line is forged by it' grep -qE '^2026-01-08T00:00:00Z info promoted' err out
    fails 'no escape comes through' grep -q $'\e' err out
    logs a
    ask $'ALTER TABLE a.shown RENAME ad TO "a\nd\e[31m"; ALTER TABLE a.shown ADD ad int'
    printf 'model: a\nsource: {impressions: {table: a.shown, id: id, time: "at\\n2026-01-08T00:00:00Z info promoted\\e[31m"}, clicks: {table: a.clicked, impression_id: shown_id, time: at}, attribution_window: 20m, time_zone: UTC}\nfeatures: [{name: price, kind: numeric}]\nnets: {embedding_dim: 4, light: [4], booster: [4]}\n' >odd.yaml
    for command in 'config check odd.yaml --database' 'nightly --job odd.yaml --as-of 2026-01-08' 'doctor --job odd.yaml'; do
        # shellcheck disable=SC2086
        r $command
        says "a column's name is shown ($command)" promoted
        fails 'no line is forged by it' grep -qE '^2026-01-08T00:00:00Z info promoted' err out
        fails 'no escape comes through' grep -q $'\e' err out
    done
    # An error of the server that quotes a value.
    DATABASE_URL="${DATABASE_URL/user=rocket/user=no%0A2026-01-08T00:00:00Z%20info%20promoted%1B%5B31m}" r status
    says 'an error of the server is shown' promoted
    fails 'no line is forged by it' grep -qE '^2026-01-08T00:00:00Z info promoted' err out
    fails 'no escape comes through' grep -q $'\e' err out
}

case_D9() {
    logs a
    cat >told <<'S'
#!/bin/sh
printf '%s' "$ROCKET_ERROR" >"$TOLD"
S
    chmod +x told
    export TOLD=$PWD/told.txt
    # An error of the server that quotes a value which is one grapheme of 300 kB.
    ask "CREATE FUNCTION a.boom(bigint) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN
            RAISE EXCEPTION 'value %', 'e' || repeat(U&'\\0301', 150000); END \$\$;
        CREATE VIEW a.bad AS SELECT id, at, a.boom(id) AS ad, price FROM a.shown"
    impressions='{table: a.bad, id: id, time: at}' more="on_failure: {command: [$PWD/told]}" job a a
    night a.yaml
    is 'the night' "$code" 7
    holds 'on_failure is called with the error' grep -q 'value e' told.txt
    holds 'with an error of 4,000 bytes at most' [ "$(wc -c <told.txt)" -le 4000 ]
    rm -f told.txt
    impressions='{table: a.shown, id: id, time: missing}' more="on_failure: {command: [$PWD/told]}" job a a
    BIG=$(head -c 20000 /dev/zero | tr '\0' a) code=0
    export BIG
    # Limits CPU seconds, not the clock.
    (ulimit -t 10; "$rocket" nightly --job a.yaml --as-of 2026-01-08 >out 2>err)
    holds 'with a variable of 20 kB, within 10 s of CPU' grep -q missing told.txt
    rm -f told.txt
    BIG=$(head -c 120000 /dev/zero | tr '\0' a)
    BIGGER=$BIG
    export BIGGER
    night a.yaml
    holds 'with two of 120 kB' grep -q missing told.txt
    unset BIG BIGGER TOLD
}

case_D10() {
    logs a
    job a a
    local command
    for command in 'config check a.yaml --database' '--help' '--version' 'status' 'status --json' 'models list --csv'; do
        code=0
        # shellcheck disable=SC2086
        "$rocket" $command >/dev/full 2>err || code=$?
        is "$command to a full disk" "$((code > 0)) $(grep -c 'No space left' err)" '1 1'
    done
    code=0
    "$rocket" status >&- 2>err || code=$?
    is 'to a closed standard output' "$((code > 0))" 1
    { "$rocket" nightly --job a.yaml --as-of 2026-01-08 2>&1; echo $? >night.code; } | head -n 1 >/dev/null
    is 'a night without its reader' "$(ask "SELECT string_agg(status, ',') FROM rocket.runs") $(ask 'SELECT count(*) FROM rocket.model_versions')" 'done 1'
    fails 'is not killed by a signal' [ "$(cat night.code)" -ge 128 ]
    r models pull live --to pulled
    code=0
    echo '{"ad": "ad1"}' | "$rocket" predict --folder pulled/current >/dev/full 2>err || code=$?
    is 'predict to a full disk' "$((code > 0)) $(grep -c 'No space left' err)" '1 1'
}

case_D11() {
    logs a
    job a a
    r config check a.yaml
    is 'the file without it' "$code" 0
    local levels bomb
    levels=$(for n in $(seq 1 25); do echo "x$n: &x$n [$([ "$n" = 1 ] && echo a, a || echo "*x$((n - 1)), *x$((n - 1))")]"; done)
    bomb() { # what, file
        code=0
        timeout 20 bash -c "ulimit -v 4000000; '$rocket' config check '$2'" >out 2>err || code=$?
        is "$1" "$code" 6
    }
    { cat a.yaml; echo "$levels"; } >value.yaml
    bomb 'an alias bomb as a value' value.yaml
    { cat a.yaml; echo "$levels"; echo '? *x25'; echo ': 1'; } >key.yaml
    bomb 'as the key of a mapping' key.yaml
    { cat a.yaml; echo "m: {$(for n in $(seq 40); do printf '? *x25 : 1, '; done)}"; } >unknown.yaml
    bomb 'aliases of nothing' unknown.yaml
    { cat a.yaml; printf 'x: '; head -c 100000 /dev/zero | tr '\0' '['; } >deep.yaml
    bomb 'brackets, 100,000 deep' deep.yaml
    { cat a.yaml; printf 'x: '; yes '{a: ' | head -n 100000 | tr -d '\n'; } >deep2.yaml
    bomb 'braces, 100,000 deep' deep2.yaml
    { cat a.yaml; echo 'x:'; for n in $(seq 1 900); do printf "%$((n))s- \n" ''; done; } >deep3.yaml
    bomb 'lists, 900 deep' deep3.yaml
    { cat a.yaml; printf 'x: '; yes -- '- ' | head -n 100000 | tr -d '\n'; } >deep4.yaml
    bomb 'dashes, 100,000 deep' deep4.yaml
    { cat a.yaml; printf 'x: "'; head -c 900000 /dev/zero | tr '\0' a; echo '"'; } >scalar.yaml
    bomb 'a value of 900 kB' scalar.yaml
    fails 'which is not all shown' [ "$(wc -c <err)" -gt 20000 ]
    { cat a.yaml; head -c 900000 /dev/zero | tr '\0' a; echo ': 1'; } >longkey.yaml
    bomb 'a key of 900 kB' longkey.yaml
    fails 'which is not all shown' [ "$(wc -c <err)" -gt 20000 ]
    { cat a.yaml; yes '# comment' | head -n 200000; } >large.yaml
    bomb 'a file of 2 MB' large.yaml
    # Anchors as people use them.
    sed 's/hash_bits: 8/hash_bits: \&bits 8/' a.yaml >anchors.yaml
    sed -i 's/^  - {name: price, kind: numeric}/&\n  - {name: again, column: ad, kind: categorical, hash_bits: *bits}/' anchors.yaml
    r config check anchors.yaml
    is 'an anchor of a number is fine' "$code" 0
}

case_D12() {
    logs a
    job a a
    ask "DROP ROLE IF EXISTS case_d12; CREATE ROLE case_d12 LOGIN"
    night a.yaml
    is 'the night' "$code" 0
    # Any login can take them.
    local name locks
    locks="SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.usename = 'case_d12'"
    for name in rocket/a rocket/migrate; do
        PGAPPNAME=squatter hold "${DATABASE_URL/user=rocket/user=case_d12}" "SELECT pg_advisory_lock(hashtextextended('$name', 0))"
        is "locks that somebody else holds: $name" "$(ask "$locks")" 1
        if [ "$name" = rocket/a ]; then
            night a.yaml
            is 'a night while somebody else holds its lock' "$code" 4
        else
            r migrate --directory "$migrations" --wait 1
            is 'migrate, told to wait a second' "$code" 4
        fi
        says 'the message says who' "squatter.*case_d12|case_d12.*squatter"
        is 'who still holds it' "$(ask "$locks")" 1
        let_go
        is 'and then no more' "$(ask "$locks")" 0
    done
    night a.yaml
    is 'a night once the lock is free' "$code" 3
    r migrate --directory "$migrations" --wait 1
    is 'a migration too' "$code" 0
    ask 'DROP OWNED BY case_d12; DROP ROLE case_d12' 2>/dev/null
}

case_D13() {
    logs a
    local file='a $(touch X); b.yaml'
    job a a
    mv a.yaml "$file"
    mkdir -p cache/checkpoints
    night "$file"
    is 'the night' "$code" 0
    # Something for doctor to advise: a stale day, and a file that nobody needs.
    ask 'UPDATE a.shown SET ad = ad || $$x$$ WHERE at < $$2026-01-06$$; DELETE FROM rocket.cache_manifest WHERE day = (SELECT min(day) FROM rocket.cache_manifest)'
    ask "DELETE FROM a.clicked WHERE at < '2026-01-06 12:00'"
    r doctor --job "$file" --migrations "$migrations"
    holds 'doctor advises commands of the job' grep -qF -- '--job' out
    grep -F -- '--job' out | sed -E 's/^.*(rocket [a-z]+ )/\1/' >commands
    while IFS= read -r line; do
        # What the shell makes of it, without running rocket.
        (rocket() { printf '%s\n' "$@" >words; }; eval "${line%% #*}") >/dev/null 2>&1
        holds "as one word: $line" grep -qxF -- "$file" words
    done <commands
    r init --impressions a.shown --clicks a.clicked --output "other $file"
    grep -F -- '--job' out | sed -E 's/^.*(rocket [a-z]+ )/\1/; s/ +#.*//' >commands
    while IFS= read -r line; do
        (rocket() { printf '%s\n' "$@" >words; }; eval "$line") >/dev/null 2>&1
        holds "as one word: $line" grep -qxF -- "other $file" words
    done <commands
    fails 'nothing was run' [ -e X ]
}

case_D14() {
    r doctor --migrations "$migrations"
    is 'doctor before' "$code" 0
    ask 'ALTER TABLE rocket.artifacts DISABLE TRIGGER artifacts_seal; DROP TRIGGER deployments_append_only ON rocket.deployments'
    r doctor --migrations "$migrations"
    is 'doctor without two seals' "$code" 7
    says 'the one that is disabled' 'artifacts_seal of rocket.artifacts is disabled'
    says 'the one that is gone' 'deployments_append_only of rocket.deployments is gone'
    sed -n 's/^ *fix: \(.* TRIGGER .*\)/\1/p' out >fix.sql
    is 'a fix for each' "$(wc -l <fix.sql)" 2
    sql -f fix.sql >/dev/null
    r doctor --migrations "$migrations"
    is 'doctor after the fixes' "$code" 0
    ask 'ALTER ROLE rocket_writer SET session_replication_role = replica'
    r doctor --migrations "$migrations"
    says 'a role whose sessions fire no trigger' 'role rocket_writer fire no trigger'
    is 'is a problem' "$code" 7
    ask 'ALTER ROLE rocket_writer RESET session_replication_role'
}
