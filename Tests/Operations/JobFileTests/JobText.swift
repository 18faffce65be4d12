import JobFile

/// A job file with every key, from which the tests make wrong ones.
let completeJob = """
    model: quickstart
    source:
      impressions: {table: ad_log.impressions, id: impression_id, time: impressed_at}
      clicks: {table: ad_log.clicks, impression_id: impression_id, time: clicked_at}
      attribution_window: 30m
      time_zone: Asia/Shanghai
    features:
      - {name: user, column: user_id, kind: categorical, hash_bits: 18}
      - {name: price, kind: numeric, transform: log1p}
      - {name: interests, kind: multi_valued, hash_bits: 10}
    nets:
      embedding_dim: 16
      light: [16, 8]
      booster: [400, 200, 100]
    rocket:
      hint_loss: distillation
      hint_weight: 0.5
      hint_warm_up: 0.25
      temperature: 2
      gradient_block: logits_and_shared_input
      sharing: nothing
    training:
      window_days: 14
      batch_size: 2_048
      epochs: 2
      dense_learning_rate: 1e-4
      light_learning_rate: 3e-4
      embedding_learning_rate: 0.05
      l2: 0.00001
      seed: 18446744073709551615
      slices: 8
      threads: 3
    evaluation:
      group: user_id
      true_probability: true_click_probability
      baselines: [light, booster, distillation, logistic_regression]
      latency: {batch_sizes: [1, 200], calls: 500}
    cache: {directory: /var/cache/rocket}
    database: {retry: 90s}
    on_failure: {command: [page, --quiet], webhook: $HOOK, also: [held]}

    """

/// The required keys only.
let shortestJob = """
    model: tiny
    source:
      impressions: {table: shown, id: id, time: at}
      clicks: {table: clicked, impression_id: id, time: at}
      attribution_window: 1d
    features:
      - {name: user_id, kind: categorical}
    nets: {embedding_dim: 4, light: [8], booster: [32]}
    """

/// What is reported for a text that is not a valid job; empty when it is valid.
func report(_ text: String) -> String {
    do {
        _ = try JobFile(text: text, path: "jobs/x.yaml")
        return ""
    } catch {
        return error.description
    }
}

/// The keys of nets, schedules and validation that `completeJob` leaves at their defaults.
let elaborateJob = """
    model: elaborate
    source:
      impressions: {table: shown, id: id, time: at}
      clicks: {table: clicked, impression_id: id, time: at}
      attribution_window: 1d
    features:
      - {name: user, kind: categorical, embedding_dim: 24}
      - {name: interests, kind: multi_valued, pooling: mean}
      - {name: price, kind: numeric}
    nets:
      embedding_dim: 8
      light: {hidden: [32, 8], activation: prelu}
      booster: {hidden: [32, 16], activation: prelu, linear: true}
    rocket: {sharing: embeddings, shared_layers: 1}
    training:
      validation: {share: 0.1, per_epoch: 4, patience: 2}
      dtype: bf16
      dense_optimiser: adagrad
      linear: {learning_rate: 0.1, l1: 0.01, l2: 0.02}
      schedule: {warm_up: 0.1, decay: cosine, decay_from: 0.3, end: 0.05}
      gradient_clip: 5

    """
