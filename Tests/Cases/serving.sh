# Scoring: lines of JSON, and folders of models.
# shellcheck shell=bash disable=SC2034,SC2154

# model NAME: a night on logs of schema a with the columns of $features, pulled to ./model.
model() {
    logs a
    ask "ALTER TABLE a.shown ADD big numeric, ADD cost numeric(10,2), ADD code char(6), ADD tags text[], ADD near float8;
        UPDATE a.shown SET big = id, cost = price, code = ad, tags = ARRAY[ad], near = price / 1e3"
    features=${1:-"$features
  - {name: hour, column: at, kind: hour}
  - {name: near, kind: numeric}
  - {name: big, kind: categorical, hash_bits: 8}
  - {name: cost, kind: categorical, hash_bits: 8}
  - {name: code, kind: categorical, hash_bits: 8}"} job a a
    night a.yaml
    r models pull live --to pulled
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
    r models pull live --model b --to pulled
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

case_C4() {
    model
    local change
    holds 'the model scores' bash -c "echo '$good' | '$rocket' predict --folder model"
    for change in 's/"rows":[0-9]+/"rows":1000000000000/' 's/"rows":[0-9]+/"rows":4611686018427387904/' 's/"rows":[0-9]+/"rows":-5/' \
        's/"table":"?[a-z0-9]+"?/"table":99/' 's/"embedding_?[dD]im":[0-9]+/"embeddingDim":-1/' 's/"hash_?[bB]its":[0-9]+/"hashBits":62/' \
        's/"hash_?[bB]its":[0-9]+/"hashBits":1/' 's/"widths?":\[[0-9]+/"widths":[-1/' 's/"widths?":\[[0-9]+/"widths":[1099511627776/' \
        's/"light":\[[0-9]+/"light":[1099511627776/' 's/"shape":\[[0-9]+/"shape":[1099511627776/' 's/"data_offsets":\[[0-9]+/"data_offsets":[9223372036854775807/' \
        's/"data_offsets":\[[0-9]+,[0-9]+/"data_offsets":[0,9223372036854775807/'; do
        local file changed=
        for file in features.json model.safetensors; do
            rm -rf hostile
            cp -r model hostile
            # The header's length stays: what is longer eats blanks or is cut with the rest.
            LC_ALL=C sed -E -i "$change" "hostile/$file"
            cmp -s "model/$file" "hostile/$file" && continue
            changed=yes
            echo "$good" | score hostile
            if [ "$code" -gt 0 ] && [ "$code" -lt 128 ]; then
                note right "$file, $change: refused" "$code"
            elif [ "$code" = 0 ] && [ "$(outcome)" = p ]; then
                note right "$file, $change: not used, and scored" ''
            else
                note wrong "$file, $change" "code $code, $(head -c 200 err)"
            fi
        done
    done
    head -c 100 model/model.safetensors >hostile/model.safetensors
    echo "$good" | score hostile
    is 'a model that is cut off' "$((code > 0 && code < 128))" 1
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
    night drafted.yaml
    fails 'and a night takes it' [ "$code" = 6 ]
}
