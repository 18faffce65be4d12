extension JobFilePage {
    /// A line per key: its path, its default where that is not a value of its own, and what it does. A test compares
    /// the paths with those that files are read by.
    static let table = #"""
        model | | The name of versions, reports and the job's lock.

        source | | Where the logs are and which clicks count.
        source.impressions | | Table, id and time of the impressions.
        source.impressions.table | | `schema.table`, or a view.
        source.impressions.id | | The id that clicks refer to: a column, or a list of up to four columns that together name an impression, `[request_id, position]`.
        source.impressions.time | | A `timestamptz` column: when the ad was shown.
        source.impressions.where | all rows | Only rows with these values: `{event: click}`, or `[{column: event, value: click}]`. A list of values means one of them. Values are taken as they are written, in quotes with their blanks; an empty one is refused. So one table can hold both events.
        source.clicks | | Table, reference and time of the clicks.
        source.clicks.table | | `schema.table`, or a view.
        source.clicks.impression_id | | The column that names the impression; as many columns as `id`, in the same order.
        source.clicks.time | | A `timestamptz` column: when the ad was clicked.
        source.clicks.where | all rows | As for impressions.
        source.attribution_window | | How long after its impression a click counts.
        source.time_zone | | Whose midnights cut the log into days.
        source.repeated_share | | If a larger share of a day's impressions shares its id with another, the job stops before training.

        features | | The inputs of the nets, a list. The cache's columns have the same order.
        features.name | | The feature's name in reports, models and other keys. It seeds the hash of the feature's ids.
        features.column | the name | The column that is read.
        features.kind | | [Types of values](ValueTypes.md) lists the column types of each kind. `multi_valued` reads an array; `bucketed` divides a number into quantiles; `cross` combines other features; `history` tells how often the row's user, ad or other key was shown and clicked on earlier days.
        features.hash_bits | none | The field has 2^bits ids, each an embedding row, which several values may share. Without it every value that training has seen has its own row.
        features.table | its own | categorical, multi_valued: the feature whose embedding table this one uses; equal values of both have one embedding.
        features.transform | | numeric: what is done to the number.
        features.of | required for a cross or a history | cross: the features whose combinations are the ids. history: the features whose values together are the key, one or several.
        features.buckets | `10` | bucketed: the number of buckets. Their boundaries are quantiles of the first day that is extracted, and do not change afterwards.
        features.minimum_count | `1` | Ids seen in fewer training rows share one embedding.
        features.expire_after_days | never | Ids not seen for this many days return to the shared embedding.
        features.embedding_dim | as in `nets` | Numbers per embedding.
        features.pooling | `sum` | multi_valued: how a row's embeddings are combined.
        features.days | | history: days that are counted, one number or a list such as `[1, 7, 28]`.
        features.half_life | | history: instead of days; a day counts half as much for each half-life that it is older.
        features.lag | 1 + the attribution window in days, rounded up | history: days from the newest day that is counted to the day of the row.
        features.form | | history: whether each bucket of a number has an embedding, or the numbers themselves enter the nets.

        nets | | The nets.
        nets.embedding_dim | | Numbers per embedding.
        nets.light | required without `lights` | The net that is served: its hidden widths, such as `[16, 8]`, or a mapping with the keys below.
        nets.light.hidden | | Hidden widths, from the input up.
        nets.light.activation | | Activation function of the hidden layers.
        nets.light.batch_norm | | Normalises each hidden layer over a slice of the batch.
        nets.light.dropout | | Share of hidden units that a training step leaves out.
        nets.light.cross_layers | | DCN-v2 layers below the hidden ones.
        nets.light.linear | | Adds a weight for each id to the net's logit (the “wide” part).
        nets.lights | none | Instead of `light`: several named light nets, `{small: {hidden: [16, 8]}, large: [64, 32]}`, which one booster teaches in one training. [Several light nets](Fleet.md) explains it.
        nets.lights.NAME | | A net: as `light`. The name has lower-case letters, digits and underscores.
        nets.lights.NAME.hidden | | As for `light`.
        nets.lights.NAME.activation | | As for `light`.
        nets.lights.NAME.batch_norm | | As for `light`.
        nets.lights.NAME.dropout | | As for `light`.
        nets.lights.NAME.cross_layers | | As for `light`.
        nets.lights.NAME.linear | | As for `light`.
        nets.lights.NAME.embedding_dim | as in `nets` | Numbers per embedding of this net; needs `sharing: nothing`.
        nets.booster | required | The net that teaches: as `light`, for example `[400, 200, 100]`.
        nets.booster.hidden | | As for `light`.
        nets.booster.activation | | As for `light`.
        nets.booster.batch_norm | | As for `light`.
        nets.booster.dropout | | As for `light`.
        nets.booster.cross_layers | | As for `light`.
        nets.booster.linear | | As for `light`.
        nets.embedding_memory | `1GB` | The most memory that a training's embeddings may take: tables, optimiser state and tables of ids, over all ranks. If that is too little, the rarest values share a row.

        rocket | | How the booster teaches the light net. [The method](Method.md) explains it.
        rocket.hint_loss | | `logit_mse` is the paper's; `distillation` is the cross-entropy of outputs softened by `temperature`.
        rocket.hint_weight | | λ, which multiplies the mean of the hint over the batch.
        rocket.hint_warm_up | | Share of the run over which λ rises from 0.
        rocket.temperature | | Softens the outputs for `distillation`.
        rocket.gradient_block | | `logits` is the paper's; with `logits_and_shared_input` only the booster trains what is shared.
        rocket.sharing | | Which nets share embeddings: `embeddings` means all nets, `lights` only the light nets.
        rocket.shared_layers | | With `sharing: embeddings`: how many of the first hidden layers are shared too.
        rocket.teacher | `joint` | `joint`: both nets are trained at once, as in the paper. `finished`: the booster is trained first and then stays as it is; does not go with `sharing: embeddings`.

        training | | How the nets are trained. [Training](Training.md) explains epochs and warm starts.
        training.window_days | | Days before the judged one that are trained on.
        training.start | | `window`: train from scratch on all days of the window. `incremental`: resume from the version before, on the days after it.
        training.batch_size | | Rows per step.
        training.epochs | | Passes over the rows, or `auto`: found on held-out rows.
        training.booster_epochs | as `epochs` | The booster's own number, with `teacher: finished`.
        training.budget | none | With `epochs: auto`: time for the search and the training after it, such as `2h`. The search ends early so that the training fits.
        training.validation | | Holds rows out to keep each net's best weights.
        training.validation.share | | Share of the last training day, its latest rows, that is held out and judged. Each net keeps the weights of its lowest log loss. 0 turns it off.
        training.validation.per_epoch | | Judgements per epoch.
        training.validation.patience | | Training ends after this many judgements without a better one.
        training.negative_share | | Share of the rows without a click that are trained on. Logits are corrected exactly; evaluation sees all rows.
        training.dtype | | Numbers of the hidden layers' matrix products. With `bf16`, where the CPU has AVX512_BF16, sums and weights stay Float32.
        training.instruction_set | those of the CPU | Widest vector instructions of the matrix products. `avx2` is meant to give the same weights, byte for byte, on machines of several kinds, at the speed of AVX2: [what was tested](Training.md#determinism). Needs `dtype: f32`.
        training.dense_optimiser | | Optimiser of the dense layers.
        training.dense_learning_rate | | Learning rate of the dense layers.
        training.light_learning_rate | `dense_learning_rate` | Learning rate of the light net's own layers.
        training.embedding_learning_rate | | Learning rate of the embeddings' row-wise Adagrad.
        training.linear | | FTRL-Proximal of the nets' linear parts.
        training.linear.learning_rate | | Its learning rate.
        training.linear.l1 | | Its L1 penalty.
        training.linear.l2 | | Its L2 penalty.
        training.schedule | | A factor on all learning rates.
        training.schedule.warm_up | | Share of the run over which the factor rises from 0.
        training.schedule.decay | | How it falls afterwards.
        training.schedule.decay_from | | Where in the run it begins to fall.
        training.schedule.end | | What it falls to.
        training.gradient_clip | none | Largest norm of a gradient: each light net, the booster and the shared part are clipped separately.
        training.l2 | | L2 penalty on the dense weights.
        training.seed | | Seed of every random choice.
        training.slices | one per 512 rows | Fixed parts of a batch, each computed by one thread. Under `mpirun`, at least ranks × threads.
        training.shares | one stream; under `mpirun` the smallest multiple of the ranks from 8 on | Parts among which the blocks of rows are divided, each read and shuffled separately; at most `batch_size`. Their number alone decides which rows a batch has.
        training.rank_timeout | `60s` | How long a rank waits for another that does not answer. After that the run exits with code 10.
        training.threads | the host's cores divided by its ranks | Number of threads; under `mpirun`, per rank. It changes no result.
        training.checkpoint_minutes | | Minutes between two checkpoints. A run that was killed resumes from the last one and ends with the same weights.

        evaluation | | How a version is judged on the unseen day.
        evaluation.group | none | The user's column: GAUC is computed per value, and the gate's bootstrap draws its values.
        evaluation.true_probability | none | Generated logs: the column with the true click probability.
        evaluation.baselines | none | What else is trained, for comparison: `logistic_regression`, which any net should beat; `light` and `booster` alone, so that `gap_closed` is known; the paper's other arms, whose AUCs are in `rocket.evaluation_reports`.
        evaluation.slices | up to four features of at most 24 values | Features with ids; the impressions of each value are also judged separately, in `rocket.slice_reports`.
        evaluation.importance_rows | | How many impressions of the judged day the importance of each feature is measured on (`rocket.feature_importance`): the light net scores them once per feature. `0` turns it off.
        evaluation.examples | | Whether versions have [`examples.jsonl`](Serving.md#test-a-port): impressions of the judged day with their raw values, by which a port tests itself. `false` where raw values must not leave the log.
        evaluation.latency | | What the latency report times.
        evaluation.latency.batch_sizes | | Candidates per call.
        evaluation.latency.calls | | Calls measured per batch size.
        evaluation.latency.request_columns | the impressions' time and `group` | Columns that all candidates of a request have in common: the user's, the page's, the time. A server sends them once.

        promotion | | When a version goes live. [Promotion gate](PromotionGate.md) explains the rules.
        promotion.margin | | How far the light net's AUC may be below the live version's.
        promotion.confidence | | How certain that must be, by a bootstrap over users.
        promotion.replicates | | Number of draws in that bootstrap.
        promotion.lowest_pcoc | | Lowest ratio of predicted to observed clicks.
        promotion.highest_pcoc | | Highest ratio of predicted to observed clicks.
        promotion.highest_p99_us | none | Highest p99 latency of the light net at the largest batch size, in microseconds.
        promotion.least_clicks | | Fewest clicks on the unseen day.
        promotion.least_coverage | | Lowest share of rows with a value of each feature on the unseen day, relative to the training days.
        promotion.beat_logistic_regression | | Holds a light net back unless it is better than logistic regression, in AUC and in log loss, with `confidence` over users. Needs that baseline.

        serve | the largest net | Which of `nets.lights` is served.
        serve.net | | The name of the net.
        serve.largest_within_p99_us | | Instead of a name: each night chooses the largest net whose p99 latency is within this many microseconds. A net that is live stays so up to 10 % above the limit.
        serve.candidates | the largest batch size | Candidates per request for that limit: one of `evaluation.latency.batch_sizes`.

        extraction | | How days are read from the log.
        extraction.shards | | Files per day.
        extraction.workers | | Database connections that read at once.
        extraction.rejected_share | | If a larger share of a day's rows is rejected, the job stops before training.
        extraction.rejected_rows | | Rejected rows per day that are kept in `rocket.rejected_rows`.

        cache | | Where extracted days are kept.
        cache.directory | | Where cache files are: an absolute folder, or one relative to the job file (to `ROCKET_CACHE_ROOT`, where that is set).
        cache.retention_days | all are kept | `rocket cache prune` removes days from the folder that are this many days older than the newest.

        database | | What a run does when it loses the database.
        database.retry | | How long it tries to reconnect; `0s` means not at all.

        on_failure | | Who is told when a run fails. [Alerts and metrics](AlertsAndMetrics.md) explains it.
        on_failure.command | none | `[program, argument, …]`, called when a run failed.
        on_failure.webhook | none | A URL, or `$NAME` of the environment variable that holds it, because job files are stored with their versions.
        on_failure.also | none | Outcomes that are reported in addition to failures.
        """#
}
