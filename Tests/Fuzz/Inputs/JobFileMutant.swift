import CounterRandom
import JobFile

/// A job file whose keys, values, types or nesting are spoiled, written as YAML that its parser reads: what is refused
/// is refused by the checks of the job file, not by the syntax.
struct JobFileMutant {
    private var tree: JSONTree
    /// The node that carries the anchor `x`, in reading order.
    private var anchored: Int?

    init(_ random: inout CounterRandom) {
        tree = Self.jobs[Int(random.next() % UInt64(Self.jobs.count))]
    }

    func text(_ random: inout CounterRandom) -> String {
        var writer = YAMLWriter(random: random, anchored: anchored)
        return writer.document(tree)
    }

    mutating func mutate(_ random: inout CounterRandom) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        switch below(16) {
        case 0...4:
            // A key that may stand there, with a value that may be right.
            let key = Self.keys[below(Self.keys.count)]
            let value = Self.value(of: key, &random)
            let item = below(64)
            tree.set(key.path.split(separator: ".").map(String.init)[...], to: value, item: item)
        case 5...8:
            // Any value in any place.
            let place = below(tree.count)
            let value = Self.values[below(Self.values.count)]
            tree.change(node: place) { $0 = .plain(value) }
        case 9:
            // A key of another name: one of another place, or misspelt.
            let key = Self.keys[below(Self.keys.count)].path.split(separator: ".").last.map(String.init) ?? ""
            let (place, entry, isMisspelt) = (below(tree.count), below(64), below(2) == 0)
            tree.change(node: place) { node in
                guard case .object(var entries) = node, !entries.isEmpty else { return }
                let old = entries[entry % entries.count].key
                entries[entry % entries.count].key = isMisspelt ? String(old.dropLast()) + "_" : key
                node = .object(entries)
            }
        case 10:
            let (place, depth, isList) = (below(tree.count), 1 << below(9), below(2) == 0)
            tree.change(node: place) { node in
                for _ in 0..<depth { node = isList ? .array([node]) : .object([("a", node)]) }
            }
        case 11:
            // The same node in two places, or within itself.
            anchored = below(tree.count)
            let place = below(tree.count)
            tree.change(node: place) { $0 = .plain("*x") }
        default: tree.mutate(&random)
        }
    }

    /// Returns a value for a key: what the reference says of it, near it, or anything.
    private static func value(of key: JobFileKey, _ random: inout CounterRandom) -> JSONTree {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        var words = key.expected.split { !($0.isLetter || $0.isNumber || "._-".contains($0)) }.map {
            String($0).filter { $0 != "," }
        }
        if let value = key.defaultValue { words.append(value) }
        var value = below(4) == 0 ? values[below(values.count)] : words[below(words.count)]
        if let number = Int(value), below(2) == 0 { value = "\(number &+ below(3) &- 1)" }
        return key.expected.hasPrefix("a list") && below(4) > 0 ? .array([.plain(value)]) : .plain(value)
    }

    private static let keys = JobFile.keys()

    private static let values = [
        "-1", "0", "1", "2", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e308", "1e999",
        "0.5", "1.0", "-0.0", ".nan", ".inf", "0x1F", "0o17", "~", "null", "true", "no", "[]", "{}", "[a, b]", "{a: b}",
        "!!binary aGk=", "!!str 5", "!!int a", "!!set {a}", "*x", "99999999999999999999d", "9223372036854775807d",
        "106751991167300d", "0s", "30m", "365d", "1000000000000GB", "16EB", "1KB", "2026-02-30", "1_000", "+5", "é",
        "a.b.c", "\"\\0\"", "\"a\\nb\"", "''", "' '", "category", "price", "price_bucket", "both", "hour", "interests",
        "light", "booster", "rocket", "logistic_regression", "auto", "finished", "joint", "nothing", "embeddings",
        "incremental", "window", "distillation", "logit_mse", "none", "bf16", "Europe/Berlin", "Nowhere/Else",
    ]

    private static let jobs = [
        """
        {"model": test, "source": {
          "impressions": {"table": ad_log.impressions, "id": impression_id, "time": impressed_at},
          "clicks": {"table": ad_log.clicks, "impression_id": impression_id, "time": clicked_at},
          "attribution_window": 30m, "time_zone": Europe/Berlin},
        "features": [
          {"name": category, "kind": categorical, "hash_bits": 6},
          {"name": slot, "kind": categorical, "table": category},
          {"name": interests, "kind": multi_valued, "hash_bits": 6, "pooling": mean, "embedding_dim": 8},
          {"name": price, "kind": numeric, "transform": log1p},
          {"name": price_bucket, "column": price, "kind": bucketed, "buckets": 5},
          {"name": both, "kind": cross, "of": [category, price_bucket], "hash_bits": 8,
            "minimum_count": 3, "expire_after_days": 30},
          {"name": hour, "kind": hour_of_day}],
        "nets": {"embedding_dim": 4, "light": [4],
          "booster": {"hidden": [16, 8], "activation": dice, "batch_norm": true, "dropout": 0.1}},
        "rocket": {"hint_loss": distillation, "hint_weight": 3, "temperature": 2, "hint_warm_up": 0.1},
        "training": {"window_days": 2, "batch_size": 128, "epochs": 2,
          "validation": {"share": 0.1, "per_epoch": 2, "patience": 3},
          "schedule": {"warm_up": 0.1, "decay": cosine, "decay_from": 0.5, "end": 0.1},
          "linear": {"learning_rate": 0.05, "l1": 0.1, "l2": 0.1}, "rank_timeout": 60s},
        "evaluation": {"group": user_id, "baselines": [light, booster], "slices": [category],
          "latency": {"batch_sizes": [1, 10], "calls": 100, "request_columns": [category]}},
        "promotion": {"margin": 0.002, "confidence": 0.95, "replicates": 400, "least_clicks": 100},
        "extraction": {"workers": 1, "shards": 2, "rejected_share": 0.01}, "database": {"retry": 5m},
        "on_failure": {"command": [logger, failed], "webhook": "https://example.com/x", "also": [locked]},
        "cache": {"directory": cache, "retention_days": 30}}
        """,
        """
        {"model": short, "source": {
          "impressions": {"table": log.events, "id": [request, position], "time": at, "where": {"event": shown}},
          "clicks": {"table": log.events, "impression_id": [request, position], "time": at,
            "where": [{"column": event, "value": [click, tap]}]},
          "attribution_window": 1h},
        "features": [{"name": item, "kind": categorical}, {"name": age, "kind": numeric}],
        "nets": {"embedding_dim": 2, "light": [3], "booster": [3]},
        "rocket": {"teacher": finished, "sharing": nothing},
        "training": {"epochs": auto, "budget": 1h},
        "evaluation": {"baselines": [logistic_regression]}, "promotion": {"beat_logistic_regression": true}}
        """,
        """
        {"model": next, "source": {
          "impressions": {"table": log.shown, "id": id, "time": at},
          "clicks": {"table": log.clicked, "impression_id": id, "time": at}, "attribution_window": 1d},
        "features": [{"name": item, "kind": categorical, "minimum_count": 2}],
        "nets": {"embedding_dim": 2, "light": [3], "booster": [3]}, "training": {"start": incremental}}
        """,
    ].map { JSONTree($0) }
}

extension JSONTree {
    /// Sets the value of a key, and adds what is above it.
    ///
    /// - Parameter item: chooses the item of a list that is on the way.
    fileprivate mutating func set(_ path: ArraySlice<String>, to value: JSONTree, item: Int) {
        guard let key = path.first else {
            self = value
            return
        }
        switch self {
        case .array(var items) where key != "hidden" && items.contains { if case .object = $0 { true } else { false } }:
            items[item % items.count].set(path, to: value, item: item)
            self = .array(items)
        case .object(var entries):
            if let place = entries.firstIndex(where: { $0.key == key }) {
                entries[place].value.set(path.dropFirst(), to: value, item: item)
            } else {
                var added = JSONTree.object([])
                added.set(path.dropFirst(), to: value, item: item)
                entries.append((key, added))
            }
            self = .object(entries)
        default:
            // A net may be a list of its widths, and says more as a mapping.
            self = .object([("hidden", self)])
            set(path, to: value, item: item)
        }
    }
}
