import Deployment
import Foundation
import ModelRegistry
import OperationsSupport
import TestSupport
import Testing

/// `examples.jsonl` of pulled folders: whose probabilities it has, and where there is none.
@Suite struct PulledExamplesTests {
    private static let gate =
        "\npromotion: {margin: 1, lowest_pcoc: 0, highest_pcoc: 100, least_clicks: 1, replicates: 100}\n"

    private static func night(_ job: String, _ url: String) throws -> Int {
        try #require(try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00")).version)
    }

    private static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// A line of examples, its probability, and the line without it.
    private struct Example {
        var values: String
        var probability: Double
        var rest: String

        init(_ line: Substring) throws {
            let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            probability = try #require(object["probability"] as? Double)
            let end = try #require(line.range(of: ",\"probability\":", options: .backwards))
            rest = String(line[..<end.lowerBound])
            let data = try JSONSerialization.data(withJSONObject: #require(object["values"]))
            values = String(decoding: data, as: UTF8.self)
        }
    }

    private static func examples(_ folder: String) throws -> [Example] {
        try String(contentsOfFile: "\(folder)/examples.jsonl", encoding: .utf8).split(separator: "\n").map(Example.init)
    }

    @Test("Of several light nets a folder's examples have the probabilities of the net that is in it")
    func nets() throws {
        let fleet = { (text: String) in
            text.replacing("light: [4]", with: "lights: {small: [2], medium: {hidden: [8, 4]}, large: [64, 32]}")
                + Self.gate + "serve: {net: medium}\n"
        }
        try TestJob.withJob(change: fleet) { url, job in
            let version = try Self.night(job, url)
            try withTemporaryFolder { folder in
                let deployments = try Deployments(database: url)
                var found: [String: [Example]] = [:]
                for net in [nil, "small", "large", "medium"] {
                    let isServed = net == nil || net == "medium"
                    let pulled = "\(folder)/test-\(version)" + (isServed ? "" : "-\(net ?? "")")
                    let files = try deployments.pull(version, .all, net: net, to: folder)
                    #expect(files.contains { $0.path == "\(pulled)/examples.jsonl" })
                    let examples = try Self.examples(pulled)
                    let lines = examples.map { Array($0.values.utf8)[...] }
                    let predictions = try Predictor(folder: pulled).predict(lines: lines).predictions
                    #expect(examples.count == 20 && predictions.count == 20)
                    for (example, prediction) in zip(examples, predictions) {
                        guard case .probability(let probability) = prediction else {
                            Issue.record("\(net ?? "served"): \(prediction)")
                            continue
                        }
                        #expect(abs(Double(probability) - example.probability) < 1e-6, "\(net ?? "served")")
                    }
                    found[net ?? "served"] = examples
                }
                let (served, medium) = (try #require(found["served"]), try #require(found["medium"]))
                #expect(served.map(\.probability) == medium.map(\.probability))
                for net in ["small", "large"] {
                    let examples = try #require(found[net])
                    #expect(examples.map(\.rest) == served.map(\.rest))
                    #expect(zip(examples, served).contains { abs($0.probability - $1.probability) > 1e-4 })
                }
                let live = ["models", "pull", "live", "--net", "small", "--if-newer", "--to", "\(folder)/small"]
                #expect(try RocketProgram.rocket(live, database: url).code == 0)
                #expect(try RocketProgram.rocket(live, database: url).code == 3)
                try FileManager.default.removeItem(atPath: "\(folder)/small/test-\(version)-small/examples.jsonl")
                #expect(try RocketProgram.rocket(live, database: url).code == 0)
            }
        }
    }

    @Test("With evaluation.examples: false no raw values of the log are stored, and a pull works without them")
    func none() throws {
        let without = { (text: String) in
            text.replacing("evaluation:", with: "evaluation:\n  examples: false") + Self.gate
        }
        try TestJob.withJob(change: without) { url, job in
            let version = try Self.night(job, url)
            let registry = ModelRegistry(try TestDatabase.connect(url))
            #expect(try !registry.artifacts(of: version).map(\.name).contains(Artifact.examples))
            try withTemporaryFolder { folder in
                let pull = ["models", "pull", "live", "--if-newer", "--to", folder]
                #expect(try RocketProgram.rocket(pull, database: url).code == 0)
                #expect(
                    try Self.names("\(folder)/test-\(version)") == ["features.json", "light.onnx", "light.safetensors"])
                #expect(try RocketProgram.rocket(pull, database: url).code == 3)
                let row = Array(#"{"category": "books", "slot": "top", "price": 3.5}"#.utf8)
                let predictor = try Predictor(folder: "\(folder)/current")
                guard case .probability = predictor.predict(lines: [row[...]]).predictions.first else {
                    Issue.record("the pulled model does not score")
                    return
                }
            }
        }
    }

    @Test("The tables' owner removes the examples of stored versions, which are pulled without them then")
    func removed() throws {
        let gated = { (text: String) in text + Self.gate }
        try TestJob.withJob(change: gated) { url, job in
            let version = try Self.night(job, url)
            let connection = try TestDatabase.connect(url)
            #expect(try ModelRegistry(connection).artifacts(of: version).map(\.name).contains(Artifact.examples))
            _ = try connection.execute("DELETE FROM rocket.artifacts WHERE name = 'examples.jsonl'")
            try withTemporaryFolder { folder in
                let pull = ["models", "pull", "live", "--if-newer", "--to", folder]
                #expect(try RocketProgram.rocket(pull, database: url).code == 0)
                let names = try Self.names("\(folder)/test-\(version)")
                #expect(!names.isEmpty && !names.contains("examples.jsonl"))
                #expect(try RocketProgram.rocket(pull, database: url).code == 3)
            }
        }
    }
}
