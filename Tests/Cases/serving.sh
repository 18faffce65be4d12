# Scoring: lines of JSON, and folders of models.
# shellcheck shell=bash disable=SC2034,SC2154

# model NAME: a night on logs of schema a with the columns of $features, pulled to ./model.
model() {
    logs a
    ask "ALTER TABLE a.shown ADD big numeric, ADD cost numeric(10,2), ADD code char(6), ADD tags text[], ADD near float8;
        UPDATE a.shown SET big = id, cost = price, code = ad, tags = ARRAY[ad], near = price / 1e3"
    features=${1:-"$features
  - {name: hour, kind: hour_of_day}
  - {name: near, kind: numeric}
  - {name: big, kind: categorical, hash_bits: 8}
  - {name: cost, kind: categorical, hash_bits: 8}
  - {name: code, kind: categorical, hash_bits: 8}"} job a a
    night a.yaml
    r models pull live --booster --to pulled
    mv pulled/a-* model
}
good='{"ad": "ad1", "price": 1.5, "at": "2026-01-05T10:00:00Z", "near": 0.001, "big": 7, "cost": "3.00", "code": "ad1"}'
# score: standard input by the folder.
score() {
    code=0
    "$rocket" predict --folder "${1:-model}" >out 2>err || code=$?
}
# outcome: p for a probability, x for a problem, a letter a line.
outcome() { sed -E 's/.*"probability":[0-9.e-]+.*/p/; s/.*"problem":.*/x/' out | tr -d '\n'; }

case_C1() {
    model
    local at
    for at in 1e30 -1e30 1e18 9e15 '"+infinity"' '"year"'; do
        printf '%s\n{"ad": "ad1", "price": 1, "at": %s}\n%s\n' "$good" "$at" "$good" | score
        is "a time of $at is a problem of its row" "$code $(outcome)" '5 pxp'
    done
    printf '%s\n' '{"ad": "ad1", "price": 1, "at": 1767607262000, "near": 0.001}' '{"ad": "ad1", "price": 1, "at": 1767607262, "near": 0.001}' | score
    if [ "$(outcome)" = pp ]; then
        is 'milliseconds are recognised' "$(grep -o '"probability":[^,}]*' out | sort -u | wc -l)" 1
    else
        is 'milliseconds are refused' "$(outcome)" xp
    fi
}

case_C2() {
    model
    local value
    for value in 3e38 -3e38 1e308 1e400; do
        printf '%s\n{"ad": "ad1", "near": %s}\n%s\n' "$good" "$value" "$good" | score
        is "$value of a feature of small spread" "$code $(outcome)" '5 pxp'
        fails 'no NaN comes out' grep -qi nan out
    done
    # The same from the log.
    ask "UPDATE a.shown SET near = 3e38 WHERE id = 700"
    r predict --model live --day 2026-01-07
    is 'of a day, only that row has a problem' "$code $(ask 'SELECT count(*), count(problem), min(impression_id) FILTER (WHERE problem IS NOT NULL) FROM rocket.predictions')" '0 300|1|700'
    # A night that judges on it.
    ask 'DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days'
    rm -rf cache
    features="$features
  - {name: near, kind: numeric}" job b a
    night b.yaml
    is 'a night that judges on such a day' "$code $(ask "SELECT string_agg(DISTINCT impressions::text, ' ') FROM rocket.evaluation_reports WHERE version = (SELECT max(version) FROM rocket.evaluation_reports)")" '0 299'
    says 'counts and names the row that it leaves out' '1 of 300 impressions are left out.*near = 3e\+?38'
    ask 'UPDATE a.shown SET near = 3e38 WHERE id > 690; DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days'
    rm -rf cache
    features="$features
  - {name: near, kind: numeric}" job c a
    night c.yaml
    is 'above the share that is allowed it ends' "$code" 5
    says 'with what to do' 'near = 3e\+?38.*transform: log1p'
}

case_C3() {
    model
    # Pairs that must be scored alike, or be refused.
    local pair first second
    for pair in '{"big": 7}|{"big": "7"}' '{"cost": "3.00"}|{"cost": 3.00}' '{"code": "ad1"}|{"code": "ad1   "}' \
        '{"at": "2026-01-05T10:00:00Z"}|{"at": "2026-01-05 10:00:00+00"}'; do
        printf '%s\n%s\n' "${pair%|*}" "${pair#*|}" | score
        if [ "$(outcome)" = pp ]; then
            is "$pair" "$(grep -o '"probability":[^,}]*' out | sort -u | wc -l)" 1
        else
            says "$pair: one is refused" problem
        fi
    done
    # Neighbours beyond a double's digits are two ids.
    ask "UPDATE a.shown SET big = CASE WHEN id % 4 = 0 THEN 18446744073709551612 ELSE 18446744073709551613 END; DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days"
    rm -rf cache model pulled
    features="$features
  - {name: big, kind: categorical, hash_bits: 12}" job b a
    night b.yaml
    r models pull live --model b --booster --to pulled
    mv pulled/b-* model
    printf '{"big": %s}\n' 18446744073709551612 18446744073709551613 '"18446744073709551612"' '"18446744073709551613"' | score
    if [ "$(outcome)" = pppp ]; then
        is 'neighbours differ, text and number do not' "$(grep -o '"probability":[^,}]*' out | awk '!s[$0]++ {n[$0] = ++k} {printf "%s", n[$0]}')" 1212
    else
        is 'as numbers they are refused' "$(outcome)" xxpp
    fi
    is 'the log gives the same as text' "$(
        r predict --model live --name b --day 2026-01-07
        ask 'SELECT count(DISTINCT s.big || $$ $$ || p.probability::real) > 0 FROM rocket.predictions p JOIN a.shown s ON s.id::text = p.impression_id WHERE p.problem IS NULL'
    )" t
}

# change FILE EXPRESSION: edits features.json, or the header of a safetensors file, whose size is written anew. Fails
# where the expression finds nothing.
change() {
    local size
    if [ "${1##*.}" = json ]; then
        LC_ALL=C sed -E "$2" "$1" >changed
    else
        size=$(od -An -N8 -t u8 "$1" | tr -d ' ')
        tail -c +9 "$1" | head -c "$size" | LC_ALL=C sed -E "$2" >header
        while [ $(($(stat -c %s header) % 8)) != 0 ]; do printf ' ' >>header; done
        { number "$(stat -c %s header)"; cat header; tail -c "+$((size + 9))" "$1"; } >changed
    fi
    ! cmp -s "$1" changed && mv changed "$1"
}
# number N: as eight bytes, the lowest first.
number() {
    local i
    for i in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %02x $(($1 >> i & 255)))"; done
}

case_C4() {
    model "$features
  - {name: place, kind: categorical, column: cost, table: ad}
  - {name: both, kind: cross, of: [ad, place], hash_bits: 8}
  - {name: level, column: price, kind: bucketed, buckets: 5}
  - {name: hour, kind: hour_of_day}"
    local hostile file expression
    holds 'the model scores' bash -c "echo '$good' | '$rocket' predict --folder model"
    rm -rf hostile && cp -r model hostile
    change hostile/model.safetensors 's/\}$/}        /'
    echo "$good" | score hostile
    is 'and with a header that is longer' "$code $(outcome)" '0 p'
    while IFS=$'\t' read -r file expression; do
        rm -rf hostile && cp -r model hostile
        if ! change "hostile/$file" "$expression"; then
            note wrong "$file, $expression" 'it changes nothing'
            continue
        fi
        echo "$good" | score hostile
        # Features that contradict themselves are a matter of configuration, weights that do are damaged.
        if [ "$code" = "$([ "$file" = features.json ] && echo 6 || echo 5)" ] && ! [ -s out ]; then
            note right "$file, $expression: refused" "$code $(head -c 120 err | tr '\n' ' ')"
        else
            note wrong "$file, $expression" "code $code, $(head -c 100 out) $(head -c 200 err)"
        fi
    done <<'S'
model.safetensors	s/(\\"rows\\"):256/\1:1000000000000/
model.safetensors	s/(\\"rows\\"):256/\1:4611686018427387904/
model.safetensors	s/(\\"rows\\"):256/\1:9223372036854775807/
model.safetensors	s/(\\"rows\\"):256/\1:-5/
model.safetensors	s/(\\"rows\\"):256/\1:0/
model.safetensors	s/(\\"rows\\"):256/\1:1/
model.safetensors	s/(\\"rows\\"):256/\1:1000000000000/; s/("embedding.ad":[^}]*"shape"):\[256/\1:[1000000000000/
model.safetensors	s/(\\"table\\"):\\"ad\\"/\1:\\"level\\"/
model.safetensors	s/(\\"table\\"):\\"ad\\"/\1:\\"place\\"/
model.safetensors	s/(\\"table\\"):\\"ad\\"/\1:\\"nowhere\\"/
model.safetensors	s/(\\"embeddingDim\\"):4/\1:-1/
model.safetensors	s/(\\"embeddingDim\\"):4/\1:0/
model.safetensors	s/(\\"embeddingDim\\"):4/\1:4611686018427387904/
model.safetensors	s/(\\"light\\"):\[4/\1:[-1/
model.safetensors	s/(\\"light\\"):\[4/\1:[1099511627776/
model.safetensors	s/(\\"light\\"):\[4/\1:[9223372036854775807/
model.safetensors	s/(\\"light\\"):\[4/\1:[4,4/
model.safetensors	s/(\\"sharedLayers\\"):0/\1:-1/
model.safetensors	s/(\\"sharedLayers\\"):0/\1:9223372036854775807/
model.safetensors	s/(\\"mean\\"):[0-9.]+/\1:1e400/
model.safetensors	s/(\\"standardDeviation\\"):[0-9.]+/\1:0/
model.safetensors	s/(\\"standardDeviation\\"):[0-9.]+/\1:-1/
model.safetensors	s/("light.0.weight":[^}]*"shape"):\[[0-9]+/\1:[1099511627776/
model.safetensors	s/("light.0.weight":[^}]*"shape"):\[[0-9]+,[0-9]+/\1:[4294967296,4294967296/
model.safetensors	s/("light.0.weight":[^}]*"shape"):\[[0-9]+/\1:[-1/
model.safetensors	s/("light.0.weight":\{"data_offsets"):\[[0-9]+,[0-9]+/\1:[0,9223372036854775807/
model.safetensors	s/("light.0.weight":\{"data_offsets"):\[[0-9]+,/\1:[9223372036854775807,/
model.safetensors	s/("light.0.weight":\{"data_offsets"):\[[0-9]+,/\1:[-8,/
model.safetensors	s/("light.0.weight":\{"data_offsets"):\[[0-9]+,[0-9]+/\1:[0,0/
features.json	s/("hashBits"):8/\1:62/
features.json	s/("hashBits"):8/\1:-1/
features.json	s/("hashBits"):8/\1:1/
features.json	s/("hashBits"):8/\1:9/
features.json	s/"table":"ad"/"table":"level"/
features.json	s/"crossed":\["ad","place"\]/"crossed":["ad","both"]/
features.json	s/"crossed":\["ad","place"\]/"crossed":[]/
features.json	s/"boundaries":\[[^]]*\]/"boundaries":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]/
features.json	s/"boundaries":\[[^]]*\]/"boundaries":[8,6,4,2]/
features.json	s/"buckets":5/"buckets":-5/
features.json	s/"buckets":5/"buckets":9223372036854775807/
features.json	s/"name":"place"/"name":"ad"/
features.json	s/"timeZone":"UTC"/"timeZone":"Nowhere\/Land"/
S
    for hostile in 0 7 8 100 2000; do
        rm -rf hostile && cp -r model hostile
        head -c "$hostile" model/model.safetensors >hostile/model.safetensors
        echo "$good" | score hostile
        is "a model that is cut off after $hostile bytes" "$code" 5
    done
    for hostile in 9223372036854775807 -1 4294967296; do
        rm -rf hostile && cp -r model hostile
        { number "$hostile"; tail -c +9 model/model.safetensors; } >hostile/model.safetensors
        echo "$good" | score hostile
        is "a header of $hostile bytes" "$code" 5
    done
    local cache
    cache=$(find cache -name '*.lz4' | head -n 1)
    cp "$cache" bad.lz4
    # Counts of the trailer: header bytes and blocks.
    printf '\xff\xff\xff\xff\xff\xff\xff\xff' | dd of=bad.lz4 bs=1 seek=$(($(stat -c %s bad.lz4) - 24)) conv=notrunc 2>/dev/null
    r cache verify bad.lz4
    is 'a cache file with counts beyond all bounds' "$code" 1
}

case_C5() {
    model
    local start good_time bad_time
    yes "$good" | head -n 20000 >good.jsonl
    yes '{"ad": ["no text"], "price": "cheap", "at": "never"' | head -n 20000 >bad.jsonl
    start=$(date +%s%N)
    score <good.jsonl
    good_time=$((($(date +%s%N) - start) / 1000000))
    is 'good lines' "$code $(wc -l <out)" '0 20000'
    start=$(date +%s%N)
    score <bad.jsonl
    bad_time=$((($(date +%s%N) - start) / 1000000))
    is 'bad lines' "$code $(wc -l <out)" '5 20000'
    # Ten times and some seconds are far above the noise; what is quadratic takes two hundred times.
    holds "20,000 bad lines take $bad_time ms, good ones $good_time ms" [ "$bad_time" -lt $((10 * good_time + 3000)) ]
}

case_C6() {
    model
    { printf '%s\n' "$good"; printf '{"ad": "ad\xff\xfe"}\n'; printf '%s\n' "$good"; } | score
    is 'bytes that are no UTF-8 are a problem' "$code $(outcome)" '5 pxp'
    printf '%s\n' "${good%\}}, \"extra\": {\"a\": [1, {\"b\": null}]}}" | score
    if [ "$code" = 0 ]; then is 'a needless column that holds an object is ignored' "$(outcome)" p; else says 'a needless column that holds an object is refused by name' extra; fi
}

case_C7() {
    logs a
    ask "CREATE TYPE a.kind AS ENUM ('x', 'y');
        ALTER TABLE a.shown ADD \"no\" text, ADD \"on\" text, ADD \"true\" int, ADD \"null\" text, ADD \"a
b\" text, ADD \"it's: a, b\" text, ADD numbers numeric[], ADD kinds a.kind[], ADD kind a.kind, ADD \"y\" text;
        UPDATE a.shown SET \"no\" = ad, \"on\" = ad, \"true\" = id % 3, \"null\" = ad, \"a
b\" = ad, \"it's: a, b\" = ad, numbers = ARRAY[id % 3], kinds = ARRAY['x']::a.kind[], kind = 'y', \"y\" = ad"
    r init --impressions a.shown --clicks a.clicked --output drafted.yaml
    is 'init' "$code" 0
    r config check drafted.yaml --database
    is 'its file passes the check' "$code" 0
    r init --impressions a.shown --clicks a.shown --output same.yaml
    is 'one table of impressions alone is no job' "$code" 6
    night drafted.yaml
    fails 'and a night takes it' [ "$code" = 6 ]
}
