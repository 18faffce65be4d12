import Alerts
import CounterRandom
import Foundation
import JobFile
import RocketServing

extension FuzzTarget {
    /// A line of `rocket predict`. What is taken for a row is JSON to another reader too.
    static let jsonLine = FuzzTarget(name: "json-line") { random in
        var line = lines[Int(random.next() % UInt64(lines.count))]
        if random.next() % 2 == 0 {
            var tree = JSONTree(line)
            for _ in 0...random.next() % 3 { tree.mutate(&random) }
            line = tree.text
        }
        var bytes = Array(line.utf8)
        if random.next() % 3 > 0 { Mutator.mutate(&bytes, with: lines.map { Array($0.utf8) }, &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        let ranker = try Ranker(
            ServingModel(model: FuzzModel.files[0], features: Array(FuzzModel.features.canonicalJSON().utf8)))
        var rows = RawRows(columns: ranker.encoder.candidateColumns)
        do throws(ServingError) {
            try rows.append(json: input.parts[0][...])
        } catch {
            return .refused
        }
        // Foundation refuses numbers beyond a double, which the grammar does not bound; quotes hold no numbers.
        let bounded = String(decoding: input.parts[0], as: UTF8.self)
            .replacing(#/"(?:[^"\\]|\\.)*"|([0-9])[eE][+-]?[0-9]{3,}/#) { $0.1 ?? $0.0 }
        guard (try? JSONSerialization.jsonObject(with: Data(bounded.utf8))) is [String: Any] else {
            throw Wrong("it was scored and is no JSON: \(String(decoding: input.parts[0], as: UTF8.self))")
        }
        for outcome in try ranker.outcomes(request: [], candidates: rows) {
            if case .success(let probability) = outcome, !(0...1).contains(probability) {
                throw Wrong("its probability is \(probability)")
            }
        }
        return .accepted
    }

    private static let lines = [
        #"{"user_id":3,"tags":["a","b",null],"age":4.5,"at":"2026-01-05T10:00:00Z","friend":"7"}"#,
        #"{"user_id":18446744073709551612,"age":-0.0,"at":1767607200,"needless":{"a":[1,{"b":[]}],"c":null}}"#,
        #"{"tags":[],"friend":"\u00e9\ud83d\ude80\n","age":null,"other":true,"user_id":"12"}"#, "{}",
        #"{"age":3.3e1,"at":1767607200.25,"deep":[[[[[[]]]]]],"friend":false}"#,
    ]

    /// A job file: mistakes of every kind are said, whatever the text.
    static let jobFile = FuzzTarget(name: "job-file") { random in
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        var lines = job.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0...below(3) {
            let place = below(lines.count)
            switch below(7) {
            case 0: lines.remove(at: place)
            case 1: lines.insert(lines[below(lines.count)], at: place)
            case 2:
                lines[place] =
                    String(repeating: " ", count: below(6)) + lines[place].trimmingCharacters(in: .whitespaces)
            case 3...5:
                // One value of the line.
                let words = lines[place].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
                var changed = words
                changed[below(words.count)] = hostile[below(hostile.count)]
                lines[place] = changed.joined(separator: " ")
            default: lines.swapAt(place, below(lines.count))
            }
            if lines.isEmpty { lines = [""] }
        }
        var bytes = Array(lines.joined(separator: "\n").utf8)
        if below(4) == 0 { Mutator.mutate(&bytes, with: [], &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        do throws(JobFileError) {
            let job = try JobFile(text: String(decoding: input.parts[0], as: UTF8.self), path: "job.yaml")
            _ = try? job.fingerprintText()
        } catch {
            guard "\(error)".contains("job.yaml") else { throw Wrong("the message does not name the file: \(error)") }
            return .refused
        }
        return .accepted
    }

    private static let hostile = [
        "-1", "0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e308", "1e999", ".nan",
        ".inf", "0x1F",
        "0o17", "~", "null", "true", "[]", "{}", "[a, b]", "{a: b}", "!!binary aGk=", "&x", "*x", "<<: *x",
        "99999999999999999999d",
        "9223372036854775807d", "106751991167300d", "0s", "30m", "365d", "'", "\"", "|", ">", "? ", "- ", "#", "---",
        "...", "\t",
        "2026-02-30", "1_000", "+5", "é", "a.b.c", "\u{0}", "]", "}", "%YAML 9.9",
    ]

    private static let job = """
        model: test
        source:
          impressions: {table: ad_log.impressions, id: impression_id, time: impressed_at}
          clicks: {table: ad_log.clicks, impression_id: impression_id, time: clicked_at}
          attribution_window: 30m
          time_zone: Europe/Berlin
        features:
          - {name: category, kind: categorical, hash_bits: 6, minimum_count: 3, expire_after_days: 30}
          - {name: slot, kind: categorical, table: category}
          - {name: interests, kind: multi_valued, hash_bits: 6, pooling: mean, embedding_dim: 8}
          - {name: price, kind: numeric, transform: log1p}
          - {name: price_bucket, column: price, kind: bucketed, buckets: 5}
          - {name: both, kind: cross, of: [category, price_bucket], hash_bits: 8}
          - {name: hour, kind: hour_of_day}
        nets:
          embedding_dim: 4
          light: [4]
          booster: {hidden: [16, 8], activation: dice, batch_norm: true, dropout: 0.1}
        rocket: {hint_loss: distillation, hint_weight: 3, temperature: 2, hint_warm_up: 0.1, sharing: embeddings}
        training:
          window_days: 2
          batch_size: 128
          epochs: 2
          validation: {share: 0.1, per_epoch: 2, patience: 3}
          schedule: {warm_up: 0.1, decay: cosine, decay_from: 0.5, end: 0.1}
          linear: {learning_rate: 0.05, l1: 0.1, l2: 0.1}
          rank_timeout: 60s
        evaluation:
          group: user_id
          baselines: [light, booster]
          slices: [category]
          latency: {batch_sizes: [1, 10], calls: 100, request_columns: [category]}
        promotion:
          {margin: 0.002, confidence: 0.95, replicates: 400, lowest_pcoc: 0.8, highest_pcoc: 1.25, least_clicks: 100}
        extraction: {workers: 1, shards: 2, rejected_share: 0.01}
        database: {retry: 5m}
        on_failure: {command: [logger, failed], webhook: "https://example.com/x", also: [locked]}
        cache: {directory: cache, retention_days: 30}
        """

    /// A metrics file that is merged: what is read is written again and read as the same.
    static let metrics = FuzzTarget(name: "metrics") { random in
        var bytes = Array(metricsText.utf8)
        for _ in 0...random.next() % 6 { Mutator.mutate(&bytes, with: [Array(metricsText.utf8)], &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        let samples = MetricText.samples(String(decoding: input.parts[0], as: UTF8.self))
        let text = MetricText.text(samples)
        guard MetricText.text(MetricText.samples(text)) == text else {
            throw Wrong("what was written is read otherwise")
        }
        // Lines that this program did not write are left out.
        return samples.count < 6 ? .refused : .accepted
    }

    private static let metricsText = """
        # HELP rocket_run_exit_code Exit code of the last run.
        # TYPE rocket_run_exit_code gauge
        rocket_run_exit_code{model="m",command="nightly"} 0
        rocket_stage_seconds{model="a \\"b\\" \\\\ c\\n",stage="extract"} 12.5
        rocket_light_auc{model="m"} 0.7183
        rocket_live_version 12
        rocket_run_duration_seconds{model="m"} NaN
        rocket_peak_memory_bytes{model="m"} +Inf
        other_metric{a="b"} 1
        """
}
