import Foundation
import OperationsSupport
import TestSupport
import Testing

/// `rocket predict` and `rocket models pull`, as a person at a shell uses them.
@Suite struct PredictTests {
    private struct Line: Decodable {
        var row: Int
        var probability: Double?
        var problem: String?
    }

    /// Runs the program with lines on its standard input.
    private static func predict(
        _ arguments: [String], _ lines: [String], database: String
    ) throws -> (code: Int32, lines: [Line], errors: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "rows-\(UUID().uuidString)")
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = try RocketProgram.program()
        process.arguments = ["predict"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": database]) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let messages = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let found = try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        return (process.terminationStatus, found, messages)
    }

    @Test("Lines score alike from the database, from a pulled folder and as impressions of a day")
    func scores() throws {
        try TestJob.withJob { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            #expect(night.code == 0 || night.code == 8, "\(night.errors)")
            let connection = try TestDatabase.connect(url)
            let rows = try connection.execute(
                """
                SELECT impression_id, row_to_json(i)::text AS line FROM ad_log.impressions i
                WHERE impressed_at >= '2026-01-07' ORDER BY impression_id LIMIT 200
                """
            ).map { (id: try $0.text("impression_id"), line: try $0.text("line")) }
            let stored = try Self.predict(["--model", "1"], rows.map(\.line), database: url)
            #expect(stored.code == 0 && stored.lines.map(\.row) == Array(1...200))
            #expect(Set(stored.lines.compactMap(\.probability)).count > 100)

            try withTemporaryFolder { folder in
                for format in ["onnx", "safetensors"] {
                    let pull = ["models", "pull", "1", "--format", format, "--to", folder]
                    #expect(try RocketProgram.rocket(pull, database: url).code == 0)
                }
                let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/test-1").sorted()
                #expect(files == ["examples.jsonl", "features.json", "light.onnx", "light.safetensors"])
                let pulled = try Self.predict(["--folder", "\(folder)/test-1"], rows.map(\.line), database: "")
                #expect(pulled.lines.map(\.probability) == stored.lines.map(\.probability))
                try Self.checkExamples("\(folder)/test-1")

                // All weights, as earlier programs wrote them.
                let whole = ["models", "pull", "1", "--booster", "--to", "\(folder)/whole"]
                #expect(try RocketProgram.rocket(whole, database: url).code == 0)
                let weights = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/whole/test-1").sorted()
                #expect(weights == ["examples.jsonl", "features.json", "light.onnx", "model.safetensors"])
                let again = try Self.predict(["--folder", "\(folder)/whole/test-1"], rows.map(\.line), database: "")
                #expect(again.lines.map(\.probability) == stored.lines.map(\.probability))
                let sizes = try ["test-1/light.safetensors", "whole/test-1/model.safetensors"].map {
                    try Data(contentsOf: URL(filePath: "\(folder)/\($0)")).count
                }
                #expect(sizes[0] < sizes[1])
            }

            // Twice: what was there of the day is replaced.
            for _ in 0..<2 {
                let day = ["predict", "--model", "1", "--day", "2026-01-07", "--json"]
                let result = try RocketProgram.rocket(day, database: url)
                #expect(result.code == 0 && result.output.contains("\"without_id\" : 0"), "\(result.errors)")
            }
            let table = try connection.execute("SELECT impression_id, probability FROM rocket.predictions")
            #expect(table.count == 4_000)
            let byID = try Dictionary(
                uniqueKeysWithValues: table.map { (try $0.text("impression_id"), try $0.double("probability")) })
            for (row, line) in zip(rows, stored.lines) {
                #expect(abs((byID[row.id] ?? 0) - (line.probability ?? 1)) < 1e-7)
            }
        }
    }

    /// Scores a folder's examples by their values, and looks at what they say of themselves.
    private static func checkExamples(_ folder: String) throws {
        let text = try String(contentsOfFile: "\(folder)/examples.jsonl", encoding: .utf8)
        let examples = try text.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(examples.count == 20 && examples.compactMap { $0["row"] as? Int } == Array(1...20))
        let lines = try examples.map { example in
            String(decoding: try JSONSerialization.data(withJSONObject: #require(example["values"])), as: UTF8.self)
        }
        let found = try predict(["--folder", folder], lines, database: "")
        let expected = examples.compactMap { $0["probability"] as? Double }
        #expect(found.code == 0 && Set(expected).count > 10, "\(found.errors)")
        for (line, probability) in zip(found.lines, expected) {
            #expect(abs((line.probability ?? 1) - probability) < 1e-6)
        }
        let ids = try examples.map { try #require($0["ids"] as? [String: Any]) }
        #expect(ids.allSatisfy { $0["slot"] is Int && $0["interests"] is [Int] && $0.count == 3 })
        // The row before the last has no values: ids 0, and no number.
        #expect(ids[18]["slot"] as? Int == 0 && ids[18]["interests"] as? [Int] == [0])
        #expect((examples[18]["numbers"] as? [String: Any])?["price"] is NSNull)
        let served = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: "\(folder)/features.json")))
        let features = try #require(served as? [String: Any])
        #expect(features["model"] as? String == "test" && features["version"] as? Int == 1)
        #expect(features["trainedFrom"] as? String == "2026-01-05" && features["trainedTo"] as? String == "2026-01-06")
        #expect((features["otherColumns"] as? [String])?.contains("user_id") == true)
    }

    @Test("A line that cannot be scored says why and costs the others nothing; what is missing is named once")
    func problems() throws {
        try TestJob.withJob { url, job in
            _ = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            let lines = [
                #"{"category": "food", "slot": "top", "price": 3}"#, #"{"price": "cheap"}"#, "no JSON", "",
                #"{"interests": "food", "category": "food"}"#, #"{"category": "food", "slot": "top", "price": "3"}"#,
            ]
            let result = try Self.predict(["--model", "1"], lines, database: url)
            #expect(result.code == 5)
            #expect(result.lines.map { $0.problem == nil } == [true, false, false, false, true])
            #expect(result.lines[0].probability == result.lines[4].probability)
            #expect(result.lines[1].problem == "column price: found ‘cheap’, expected a finite number")
            #expect(result.lines[3].problem?.contains("interests") == true)
            #expect(try Self.predict(["--model", "4711"], lines, database: url).code == 6)
            #expect(try Self.predict(["--folder", "/nowhere"], lines, database: url).code == 6)
            let mistyped = [#"{"Category": "food", "price": 3}"#, "{}", #"{"price": 3, "user_id": "u1"}"#]
            let refused = try Self.predict(["--model", "1"], mistyped, database: url)
            #expect(refused.code == 5)
            #expect(refused.lines[0].problem?.contains("‘Category’; did you mean category? (--allow-unknown") == true)
            #expect(refused.lines[1].problem?.hasPrefix("the line names none of the model's columns: ") == true)
            #expect(refused.lines[2].probability != nil, "the log has a column user_id")
            let allowed = try Self.predict(["--model", "1", "--allow-unknown"], mistyped, database: url)
            #expect(allowed.code == 0 && allowed.lines[0].probability == allowed.lines[2].probability)
            let unnamed = try Self.predict(["--model", "1"], [#"{"price": 2}"#], database: url)
            #expect(unnamed.code == 0 && unnamed.errors.contains("‘category’"))
        }
    }
}
