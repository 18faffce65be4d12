import Alerts
import CounterRandom
import Foundation
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
        var rows = RawRows(columns: ranker.encoder.candidateColumns, unknownColumns: .ignored)
        do throws(ServingError) {
            try rows.append(json: input.parts[0][...])
        } catch {
            return .refused
        }
        try requireJSONObject(input.parts[0])
        for outcome in try ranker.outcomes(request: [], candidates: rows) {
            if case .success(let probability) = outcome, !(0...1).contains(probability) {
                throw Wrong("its probability is \(probability)")
            }
        }
        return .accepted
    }

    /// A request with its candidates, as the C interface takes it.
    static let jsonRequest = FuzzTarget(name: "json-request") { random in
        func line() -> String { lines[Int(random.next() % UInt64(lines.count))] }
        var text = "{\"request\":\(line()),\"candidates\":[\(line()),\(line())]}"
        if random.next() % 4 == 0 { text = "{\"candidates\":[\(line())],\"request\":{\"user_id\":\"7\"}}" }
        if random.next() % 2 == 0 {
            var tree = JSONTree(text)
            for _ in 0...random.next() % 3 { tree.mutate(&random) }
            text = tree.text
        }
        var bytes = Array(text.utf8)
        if random.next() % 3 > 0 { Mutator.mutate(&bytes, with: lines.map { Array($0.utf8) }, &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        let ranker = try Ranker(
            ServingModel(model: FuzzModel.files[0], features: Array(FuzzModel.features.canonicalJSON().utf8)),
            requestColumns: ["user_id"], unknownColumns: .ignored)
        let outcomes: [Result<Float, ServingError>]
        do throws(ServingError) {
            outcomes = try ranker.outcomes(json: input.parts[0][...])
        } catch {
            return .refused
        }
        try requireJSONObject(input.parts[0])
        for case .success(let probability) in outcomes where !(0...1).contains(probability) {
            throw Wrong("a probability is \(probability)")
        }
        return .accepted
    }

    /// What was scored is JSON to another reader too.
    private static func requireJSONObject(_ bytes: [UInt8]) throws {
        // Foundation refuses numbers beyond a double, which the grammar does not bound; quotes hold no numbers.
        let bounded = String(decoding: bytes, as: UTF8.self)
            .replacing(#/"(?:[^"\\]|\\.)*"|([0-9])[eE][+-]?[0-9]{3,}/#) { $0.1 ?? $0.0 }
        guard (try? JSONSerialization.jsonObject(with: Data(bounded.utf8))) is [String: Any] else {
            throw Wrong("it was scored and is no JSON: \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private static let lines = [
        #"{"user_id":3,"tags":["a","b",null],"age":4.5,"at":"2026-01-05T10:00:00Z","friend":"7"}"#,
        #"{"user_id":18446744073709551612,"age":-0.0,"at":1767607200,"needless":{"a":[1,{"b":[]}],"c":null}}"#,
        #"{"tags":[],"friend":"\u00e9\ud83d\ude80\n","age":null,"other":true,"user_id":"12"}"#, "{}",
        #"{"age":3.3e1,"at":1767607200.25,"deep":[[[[[[]]]]]],"friend":false}"#,
    ]

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
