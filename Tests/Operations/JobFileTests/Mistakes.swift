import Testing

/// One mistake made in `completeJob`, and what is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    /// The whole report, without `jobs/x.yaml:`.
    var expected: String

    init(_ old: String, _ new: String, _ expected: String) {
        self.old = old
        self.new = new
        self.expected = expected
    }

    var testDescription: String { expected }
}

private let featureList = """
    features:
      - {name: user, column: user_id, kind: categorical, hash_bits: 18}
      - {name: price, kind: numeric, transform: log1p}
      - {name: interests, kind: multi_valued, hash_bits: 10}
    """

/// Every kind of mistake once; `old` occurs in `completeJob` once.
let oneMistake: [Mistake] = [
    Mistake(
        "model: quickstart",
        "model: Quick Start",
        "1: model is \"Quick Start\"; expected a model name of the characters a-z, 0-9, _ and -"),
    Mistake(
        "model: quickstart\n",
        "",
        "1: model is missing; expected a model name of the characters a-z, 0-9, _ and -"),
    Mistake(
        "model: quickstart",
        "model: 2026",
        "1: model is 2026; expected a model name of the characters a-z, 0-9, _ and -; in quotes it would be text"),
    Mistake(
        "model: quickstart",
        "model: [quickstart]",
        "1: model is a list; expected a model name of the characters a-z, 0-9, _ and -"),
    Mistake(
        "model: quickstart",
        "modle: quickstart",
        "1: model is missing; expected a model name of the characters a-z, 0-9, _ and -\njobs/x.yaml:1: modle is not a known key; did you mean model?"
    ),
    Mistake(
        "model: quickstart",
        "model: quickstart\nowner: ads",
        "2: owner is not a known key; known keys are model, source, features, nets, rocket, training, evaluation, promotion, serve, extraction, cache, database, on_failure"
    ),
    Mistake(
        "model: quickstart",
        "model: quickstart\n<<: {epochs: 1}",
        "2: merge keys (<<) are not supported; write the merged keys out"),
    Mistake(
        "model: quickstart",
        "model: quickstart\n? [a, b]\n: 1",
        "2: a key is a list; expected a plain word"),
    Mistake(
        "table: ad_log.impressions",
        "table: a.b.c",
        "3: source.impressions.table is \"a.b.c\"; expected table or schema.table, each at most 63 bytes"),
    Mistake(
        "table: ad_log.impressions, ",
        "",
        "3: source.impressions.table is missing; expected table or schema.table, each at most 63 bytes"),
    Mistake(
        "impression_id: impression_id, time: clicked_at",
        "impresion_id: impression_id, time: clicked_at",
        "4: source.clicks.impression_id is missing; expected a column's name of at most 63 bytes\njobs/x.yaml:4: source.clicks.impresion_id is not a known key; did you mean impression_id?"
    ),
    Mistake(
        "id: impression_id, time: impressed_at",
        "id: no, time: impressed_at",
        "3: source.impressions.id is the boolean no; expected a column's name of at most 63 bytes; in quotes it would be text"
    ),
    Mistake(
        "time: clicked_at",
        "time: cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        "4: source.clicks.time is \"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc…\"; expected a column's name of at most 63 bytes"
    ),
    Mistake(
        "attribution_window: 30m",
        "attribution_window: 30",
        "5: source.attribution_window is 30; expected a whole number with its unit s, m, h or d, such as 30m, above 0 and at most 365d"
    ),
    Mistake(
        "attribution_window: 30m",
        "attribution_window: 0m",
        "5: source.attribution_window is \"0m\"; expected a whole number with its unit s, m, h or d, such as 30m, above 0 and at most 365d"
    ),
    Mistake(
        "attribution_window: 30m",
        "attribution_window: 30 minutes",
        "5: source.attribution_window is \"30 minutes\"; expected a whole number with its unit s, m, h or d, such as 30m, above 0 and at most 365d"
    ),
    Mistake(
        "attribution_window: 30m",
        "attribution_window: 9223372036854775807d",
        "5: source.attribution_window is \"9223372036854775807d\"; expected a whole number with its unit s, m, h or d, such as 30m, above 0 and at most 365d"
    ),
    Mistake(
        "time_zone: Asia/Shanghai",
        "time_zone: Asia/Shangai",
        "6: source.time_zone is \"Asia/Shangai\"; expected a name of the time zone database such as UTC or Asia/Shanghai; did you mean Asia/Shanghai?"
    ),
    Mistake(
        "time_zone: Asia/Shanghai",
        "time_zone: PST",
        "6: source.time_zone is \"PST\"; expected a name of the time zone database such as UTC or Asia/Shanghai"),
    Mistake(
        "source:",
        "sauce:",
        "1: source is missing; expected a mapping of keys to values\njobs/x.yaml:2: sauce is not a known key; known keys are model, source, features, nets, rocket, training, evaluation, promotion, serve, extraction, cache, database, on_failure"
    ),
    Mistake(
        "kind: multi_valued, hash_bits: 10",
        "kind: cross, of: [user, site]",
        "10: features[interests].of: ‘site’ is not a feature of this file; expected features with one value a row: categorical, bucketed, hour_of_day, day_of_week"
    ),
    Mistake(
        "kind: multi_valued, hash_bits: 10",
        "kind: cross, of: [user, price]",
        "10: features[interests].of: ‘price’ is of kind numeric; expected features with one value a row: categorical, bucketed, hour_of_day, day_of_week"
    ),
    Mistake(
        "kind: multi_valued, hash_bits: 10",
        "kind: cross, of: [user]",
        "10: features[interests].of names 1 features; expected at least two, such as [site, slot]"),
    Mistake(
        "kind: multi_valued, hash_bits: 10",
        "kind: hour_of_day, column: at",
        "10: features[interests].column does not fit kind hour_of_day: it reads no column of its own; remove it"),
    Mistake(
        "transform: log1p",
        "minimum_count: 5",
        "9: features[price].minimum_count does not fit kind numeric: only hashed features have rare ids; remove it"),
    Mistake(
        "transform: log1p",
        "buckets: 5",
        "9: features[price].buckets does not fit kind numeric: only bucketed features have buckets; remove it"),
    Mistake(
        "true_probability: true_click_probability",
        "slices: [price]",
        "35: evaluation.slices: ‘price’ is a number; expected features with ids (a number can be bucketed)"),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "promotion: {confidence: 1}",
        "38: promotion.confidence is 1; expected a number from 0.5 to below 1"),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "promotion: {lowest_pcoc: 1.2, highest_pcoc: 1.1}",
        "38: promotion.lowest_pcoc is 1.2, above highest_pcoc, 1.1; no model could pass"),
    Mistake(
        ", logistic_regression]\n  latency: {batch_sizes: [1, 200], calls: 500}",
        "]\n  latency: {batch_sizes: [1, 200], calls: 500}\npromotion: {beat_logistic_regression: true}",
        "38: promotion.beat_logistic_regression: there is nothing to beat, so no model could pass; add logistic_regression to evaluation.baselines"
    ),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "extraction: {shards: 0}",
        "38: extraction.shards is 0; expected a whole number from 1 to 1024"),
    Mistake(
        "database: {retry: 90s}",
        "database: {retry: 90}",
        "39: database.retry is 90; expected a whole number with its unit s, m or h, such as 5m, at most 24h"),
    Mistake(
        "database: {retry: 90s}",
        "database: {retry: 25h}",
        "39: database.retry is \"25h\"; expected a whole number with its unit s, m or h, such as 5m, at most 24h"),
    Mistake(
        "database: {retry: 90s}",
        "database: {rety: 90s}",
        "39: database.rety is not a known key; did you mean retry?"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {also: [held]}",
        "40: on_failure tells nobody; expected a command, a webhook or both"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {command: page}",
        "40: on_failure.command is \"page\"; expected a list, each item text without NUL, not empty"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {command: [page, 5]}",
        "40: on_failure.command[2] is 5; expected text without NUL, not empty; in quotes it would be text"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {command: [\"\"]}",
        "40: on_failure.command[1] is \"\"; expected text without NUL, not empty"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {webhook: hooks.example.com/x}",
        "40: on_failure.webhook is \"hooks.example.com/x\"; expected a URL with http or https and a host, or $NAME of the environment variable that holds one"
    ),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {webhook: ftp://example.com/}",
        "40: on_failure.webhook is \"ftp://example.com/\"; expected a URL with http or https and a host, or $NAME of the environment variable that holds one"
    ),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {webhook: https:///x}",
        "40: on_failure.webhook is \"https:///x\"; expected a URL with http or https and a host, or $NAME of the environment variable that holds one"
    ),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {webhook: $1}",
        "40: on_failure.webhook is \"$1\"; expected a URL with http or https and a host, or $NAME of the environment variable that holds one"
    ),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {command: [page], also: [hold]}",
        "40: on_failure.also[1] is \"hold\"; expected one of locked, held, stopped; did you mean held?"),
    Mistake(
        "on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}",
        "on_failure: {comand: [page], webhook: $HOOK}",
        "40: on_failure.comand is not a known key; did you mean command?"),
    Mistake(
        "hash_bits: 18",
        "hash_bits: 29",
        "8: features[user].hash_bits is 29; expected a whole number from 1 to 28"),
    Mistake(
        "hash_bits: 18",
        "hash_bits: 0",
        "8: features[user].hash_bits is 0; expected a whole number from 1 to 28"),
    Mistake(
        "hash_bits: 18",
        "hash_bits: 010",
        "8: features[user].hash_bits is 010; expected a whole number from 1 to 28; write it in decimal digits, without leading zeros"
    ),
    Mistake(
        "hash_bits: 18",
        "hash_bits: \"18\"",
        "8: features[user].hash_bits is \"18\"; expected a whole number from 1 to 28; remove the quotes"),
    Mistake(
        "hash_bits: 18",
        "hashbits: 18",
        "8: features[user].hashbits is not a known key; did you mean hash_bits?"),
    Mistake(
        "name: user, ",
        "",
        "8: features[1].name is missing; expected a feature name that starts with a-z and continues with a-z, 0-9 and _"
    ),
    Mistake(
        "name: user, ",
        "name: User-ID, ",
        "8: features[User-ID].name is \"User-ID\"; expected a feature name that starts with a-z and continues with a-z, 0-9 and _"
    ),
    Mistake(
        "name: user, ",
        "name: price, ",
        "9: features[price] has the name of the feature on line 8; give each its own name"),
    Mistake(
        "kind: numeric",
        "kind: number",
        "9: features[price].kind is \"number\"; expected one of categorical, numeric, multi_valued, bucketed, cross, hour_of_day, day_of_week, history"
    ),
    Mistake(
        ", kind: numeric, transform: log1p",
        ", transform: log1p",
        "9: features[price].kind is missing; expected one of categorical, numeric, multi_valued, bucketed, cross, hour_of_day, day_of_week, history"
    ),
    Mistake(
        "transform: log1p",
        "transform: log",
        "9: features[price].transform is \"log\"; expected one of identity, log1p"),
    Mistake(
        "transform: log1p",
        "transform: log1p, hash_bits: 4",
        "9: features[price].hash_bits does not fit kind numeric: only categorical, multi_valued and cross features are hashed; remove it"
    ),
    Mistake(
        "kind: multi_valued",
        "kind: multi_valued, transform: log1p",
        "10: features[interests].transform does not fit kind multi_valued: only numeric features are transformed; remove it"
    ),
    Mistake(
        "{name: price, kind: numeric, transform: log1p}",
        "price",
        "9: features[2] is \"price\"; expected a feature {name: …, kind: …}"),
    Mistake(
        featureList,
        "features: []",
        "7: features is an empty list; expected a list with at least one feature, each {name: …, kind: …}"),
    Mistake(
        featureList + "\n",
        "",
        "1: features is missing; expected a list with at least one feature, each {name: …, kind: …}"),
    Mistake(
        "embedding_dim: 16",
        "embedding_dim: 257",
        "12: nets.embedding_dim is 257; expected a whole number from 1 to 256"),
    Mistake(
        "embedding_dim: 16",
        "embedding_dim: 16.0",
        "12: nets.embedding_dim is 16.0; expected a whole number from 1 to 256"),
    Mistake(
        "light: [16, 8]",
        "light: 16",
        "13: nets.light is 16; expected a list, each item a whole number from 1 to 8192"),
    Mistake(
        "light: [16, 8]",
        "light: []",
        "13: nets.light is an empty list; expected a list, each item a whole number from 1 to 8192"),
    Mistake(
        "light: [16, 8]",
        "light: [16, 0]",
        "13: nets.light[2] is 0; expected a whole number from 1 to 8192"),
    Mistake(
        "booster: [400, 200, 100]",
        "booster:\n    - 400\n    - 8193",
        "16: nets.booster[2] is 8193; expected a whole number from 1 to 8192"),
    Mistake(
        "hint_loss: distillation",
        "hint_loss: logit_mes",
        "16: rocket.hint_loss is \"logit_mes\"; expected one of logit_mse, probability_mse, distillation; did you mean logit_mse?"
    ),
    Mistake(
        "hint_weight: 0.5",
        "hint_weight: -0.1",
        "17: rocket.hint_weight is -0.1; expected a finite number, 0 or more"),
    Mistake(
        "hint_weight: 0.5",
        "hint_weight: .inf",
        "17: rocket.hint_weight is .inf; expected a finite number, 0 or more"),
    Mistake(
        "hint_weight: 0.5",
        "hint_weight: \"0.5\"",
        "17: rocket.hint_weight is \"0.5\"; expected a finite number, 0 or more; remove the quotes"),
    Mistake(
        "hint_weight: 0.5",
        "hint_weight:",
        "17: rocket.hint_weight has no value; expected a finite number, 0 or more"),
    Mistake(
        "temperature: 2",
        "temperature: 0",
        "19: rocket.temperature is 0; expected a finite number above 0"),
    Mistake(
        "gradient_block: logits_and_shared_input",
        "gradient_block: false",
        "20: rocket.gradient_block is the boolean false; expected one of logits, none, logits_and_shared_input"),
    Mistake(
        "sharing: nothing",
        "sharing: embedding",
        "21: rocket.sharing is \"embedding\"; expected one of nothing, lights, embeddings; did you mean embeddings?"),
    Mistake(
        "window_days: 14",
        "window_days: 0",
        "23: training.window_days is 0; expected a whole number from 1 to 3650"),
    Mistake(
        "batch_size: 2_048",
        "batch_size: 1048577",
        "24: training.batch_size is 1048577; expected a whole number from 1 to 1048576"),
    Mistake(
        "batch_size: 2_048",
        "batch_sise: 2048",
        "24: training.batch_sise is not a known key; did you mean batch_size?"),
    Mistake(
        "batch_size: 2_048",
        "batch_size: 2048\n  batch_size: 4096",
        "25: training.batch_size is given twice, first on line 24; remove one of the two"),
    Mistake(
        "epochs: 2",
        "epochs: 99999999999999999999",
        "25: training.epochs is 99999999999999999999; expected auto, or a number of epochs, such as 1 or 2.5, at most 1000"
    ),
    Mistake(
        "dense_learning_rate: 1e-4",
        "dense_learning_rate: 0",
        "26: training.dense_learning_rate is 0; expected a finite number above 0"),
    Mistake(
        "embedding_learning_rate: 0.05",
        "embedding_learning_rate: fast",
        "28: training.embedding_learning_rate is \"fast\"; expected a finite number above 0"),
    Mistake(
        "l2: 0.00001",
        "l2: .nan",
        "29: training.l2 is .nan; expected a finite number, 0 or more"),
    Mistake(
        "seed: 18446744073709551615",
        "seed: -1",
        "30: training.seed is -1; expected a whole number from 0 to 18446744073709551615"),
    Mistake(
        "threads: 3",
        "threads: all",
        "32: training.threads is \"all\"; expected a whole number from 1 to 1024"),
    Mistake(
        "group: user_id",
        "group: \"\"",
        "34: evaluation.group is \"\"; expected a column's name of at most 63 bytes"),
    Mistake(
        "true_probability: true_click_probability",
        "true_probability: price",
        "35: evaluation.true_probability is the column price, which feature price reads too; a model must not see the answer, so remove one of the two"
    ),
    Mistake(
        "baselines: [light, booster, distillation, logistic_regression]",
        "baselines: [light, rocket]",
        "36: evaluation.baselines[2] is \"rocket\"; expected one of light, booster, distillation, rocket_without_block, rocket_without_sharing, rocket_without_joint_training, rocket_and_distillation, logistic_regression"
    ),
    Mistake(
        "baselines: [light, booster, distillation, logistic_regression]",
        "baselines: [light, light]",
        "36: evaluation.baselines[2] repeats an earlier item; remove one of the two"),
    Mistake(
        "batch_sizes: [1, 200]",
        "batch_sizes: [1, 200, 0]",
        "37: evaluation.latency.batch_sizes[3] is 0; expected a whole number from 1 to 65536"),
    Mistake(
        "calls: 500",
        "calls: 99",
        "37: evaluation.latency.calls is 99; expected a whole number from 100 to 10000000"),
    Mistake(
        "latency: {batch_sizes: [1, 200], calls: 500}",
        "latency: 500",
        "37: evaluation.latency is 500; expected a mapping of keys to values"),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "cache: {directory: ~/cache}",
        "38: cache.directory is \"~/cache\"; expected a directory's path; only a shell replaces ~, so write the path out"
    ),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "cache:",
        "38: cache has no value; expected a mapping of keys to values"),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "cache: {directory: \"/var",
        "41: not YAML: found unexpected end of stream (while scanning a quoted scalar, which began on line 38); correct the spelling of this line or of the one before"
    ),
    Mistake(
        "cache: {directory: /var/cache/rocket}",
        "---\nmodel: other",
        "38: a second YAML document starts here; expected one document, so remove the line of dashes"),
    Mistake(
        "training:\n",
        "training:\n\tepochs: 1\n",
        "23: not YAML: found character that cannot start any token (while scanning for the next token); correct the spelling of this line or of the one before; indent with spaces, YAML allows no tabs"
    ),
    Mistake(
        "light: [16, 8]",
        "light: [16, 8",
        "14: not YAML: did not find expected ',' or ']' (while parsing a flow sequence, which began on line 13); correct the spelling of this line or of the one before"
    ),
    Mistake(
        "light: [16, 8]",
        "light: *wide",
        "13: not YAML: found undefined alias; correct the spelling of this line or of the one before"),
    Mistake(
        "model: quickstart",
        "model: quick\u{7}start",
        "1: not YAML: control characters are not allowed; remove the character"),
]
