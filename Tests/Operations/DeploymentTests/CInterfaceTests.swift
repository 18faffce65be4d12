import CRocketServing
import CounterRandom
import Deployment
import Foundation
import OperationsSupport
import RocketServing
import TestSupport
import Testing

@testable import RocketServingC

/// The C interface, called as C does: by the declarations of its header.
@Suite struct CInterfaceTests {
    /// A row with the columns of `TestJob`: each value as a line of JSON has it, and as a text of C. Many are missing,
    /// and many were never seen.
    private struct Row {
        var json: [String: String] = [:]
        var texts: [String: String] = [:]

        init(_ number: Int) {
            var random = CounterRandom(seed: 8, stream: UInt64(number))
            func below(_ count: UInt64) -> Int { Int(random.next() % count) }
            let categories = ["food", "travel", "sport", "", "new \(number)", "日本"]
            let slots = ["top", "side", "never seen"]
            for (column, values) in [("category", categories), ("slot", slots)] where below(5) > 0 {
                let value = values[below(UInt64(values.count))]
                (json[column], texts[column]) = ("\"\(value)\"", value)
            }
            if below(5) > 0 {
                let value = ["12.25", "0", "-3.5", "1e9", "\(below(100_000))"][below(5)]
                (json["price"], texts["price"]) = (value, value)
            }
            if below(5) > 0 {
                let list = (0..<below(4)).map { _ in ["\"food\"", "\"books\"", "null", "\"u\(below(50))\""][below(4)] }
                json["interests"] = "[\(list.joined(separator: ", "))]"
                texts["interests"] = json["interests"]
            }
            // No row is without any column, which is an error.
            if json.isEmpty { json["price"] = "null" }
        }

        func object(_ columns: [String]) -> String {
            let members = columns.compactMap { column in json[column].map { "\"\(column)\": \($0)" } }
            return "{\(members.joined(separator: ", "))}"
        }
    }

    private static let columns = ["category", "slot", "interests", "price"]

    static var lastError: String { String(cString: rocket_serving_last_error()) }

    /// Calls the body with texts as C has them.
    static func withTexts<Result>(
        _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws -> Result
    ) rethrows -> Result {
        let copies = texts.map { $0.flatMap { strdup($0) } }
        defer { for copy in copies { free(copy) } }
        return try copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { try body($0.baseAddress) }
    }

    static func open(
        _ folder: String, _ requestColumns: [String] = [], flags: UInt32 = 0
    ) -> (status: Int32, model: UInt64) {
        var model: UInt64 = 99
        let status = withTexts(requestColumns) {
            rocket_serving_open(folder, $0, requestColumns.count, flags, &model)
        }
        return (status, model)
    }

    static func names(_ model: UInt64, _ kind: Int) -> [String] {
        var count = 0
        #expect(rocket_serving_column_count(model, Int32(kind), &count) == ROCKET_SERVING_OK)
        return (0..<count).compactMap { rocket_serving_column(model, Int32(kind), $0).map { String(cString: $0) } }
    }

    static func score(_ model: UInt64, json: String, room: Int) -> (status: Int32, found: [Float], count: Int) {
        var (found, count) = ([Float](repeating: -1, count: room), 99)
        let status = rocket_serving_score_json(model, json, json.utf8.count, &found, room, &count)
        return (status, found, count)
    }

    static func differs(_ found: [Float], _ expected: [Float]) -> Float {
        let differences = zip(found, expected).map { abs($0 - $1) }
        // `max` passes over NaN.
        guard found.count == expected.count, differences.allSatisfy(\.isFinite) else { return .infinity }
        return differences.max() ?? 0
    }

    /// A folder that a night's version was pulled to.
    static func withFolder(_ body: (String) throws -> Void) throws {
        try TestJob.withJob { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            #expect(night.code == 0 || night.code == 8, "\(night.errors)")
            #expect(!night.output.contains("Next,"), "it was to be quiet")
            try withTemporaryFolder { folder in
                let pull = try RocketProgram.rocket(["models", "pull", "1", "--to", folder], database: url)
                #expect(pull.code == 0, "\(pull.errors)")
                #expect(pull.output.contains("/test-1/examples.jsonl | rocket predict --folder \(folder)/test-1\n"))
                try body("\(folder)/test-1")
            }
        }
    }

    @Test("After a burst of calls at once, a model keeps as many idle scorers as the machine has cores, and scores on")
    func burst() throws {
        try Self.withFolder { folder in
            let model = try OpenModel(folder: folder, requestColumns: [], precision: .f32, unknownColumns: .refused)
            #expect(model.idleCount == 1)
            // Calls within calls are as many at once as threads would make.
            func nest(_ depth: Int) throws {
                guard depth > 0 else { return }
                let isDone = try model.scoring { _ throws(CallError) -> Bool in (try? nest(depth - 1)) != nil }
                #expect(isDone)
            }
            try nest(OpenModel.mostIdle + 3)
            #expect(model.idleCount == OpenModel.mostIdle)
            try nest(1)
            #expect(model.idleCount == OpenModel.mostIdle)
        }
    }

    @Test("The C interface, the library and predict give 5,000 rows the same probabilities")
    func equal() throws {
        try Self.withFolder { folder in
            let rows = (0..<5_000).map { Row($0) }
            let ranker = try Ranker(ServingModel(folder: folder))
            var raw = ranker.emptyRows()
            for row in rows { try raw.append(json: Array(row.object(Self.columns).utf8)[...]) }
            var expected = [Float](repeating: 0, count: rows.count)
            try ranker.score(request: [], candidates: raw, into: &expected)
            #expect(Set(expected).count > 1_000)

            let lines = rows.map { Array($0.object(Self.columns).utf8)[...] }
            let predicted = try Predictor(folder: folder).predict(lines: lines).predictions.map { prediction in
                if case .probability(let probability) = prediction { probability } else { Float.nan }
            }
            #expect(Self.differs(predicted, expected) < 1e-6)

            let model = Self.open(folder).model
            #expect(Self.names(model, 0).isEmpty && Set(Self.names(model, 1)) == Set(Self.columns))
            let objects = rows.map { $0.object(Self.columns) }.joined(separator: ",\n")
            let found = Self.score(model, json: "{\"candidates\": [\(objects)]}", room: rows.count)
            #expect(found.status == ROCKET_SERVING_OK && found.count == rows.count, "\(Self.lastError)")
            #expect(Self.differs(found.found, expected) < 1e-6)

            var probabilities = [Float](repeating: -1, count: rows.count)
            let texts = Self.names(model, 1).flatMap { column in rows.map { $0.texts[column] } }
            let status = Self.withTexts(texts) {
                rocket_serving_score_texts(model, nil, 0, $0, texts.count, &probabilities, rows.count)
            }
            #expect(status == ROCKET_SERVING_OK, "\(Self.lastError)")
            #expect(Self.differs(probabilities, expected) < 1e-6)
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)

            // With a request that candidates share.
            let split = Self.open(folder, ["interests", "slot"]).model
            for start in stride(from: 0, to: 1_000, by: 50) {
                let user = rows[start]
                let candidates = rows[start..<start + 50].map { row in
                    let own = row.object(["category", "price"])
                    return own == "{}" ? "{\"price\": null}" : own
                }
                let request =
                    user.json["interests"] == nil && user.json["slot"] == nil
                    ? "{\"slot\": null}" : user.object(["interests", "slot"])
                let found = Self.score(
                    split, json: "{\"candidates\": [\(candidates.joined(separator: ","))], \"request\": \(request)}",
                    room: 50)
                #expect(found.status == ROCKET_SERVING_OK, "\(Self.lastError)")
                var whole = ranker.emptyRows()
                for row in rows[start..<start + 50] {
                    var row = row
                    for column in ["interests", "slot"] { row.json[column] = user.json[column] ?? "null" }
                    try whole.append(json: Array(row.object(Self.columns).utf8)[...])
                }
                var expected = [Float](repeating: 0, count: 50)
                try ranker.score(request: [], candidates: whole, into: &expected)
                #expect(Self.differs(found.found, expected) < 1e-6)
            }
            #expect(rocket_serving_close(split) == ROCKET_SERVING_OK)
        }
    }

    @Test("What is wrong with an argument is an error with a message, and nothing ends the process")
    func wrong() throws {
        try Self.withFolder { folder in
            var model: UInt64 = 7
            let argument = Int32(ROCKET_SERVING_ARGUMENT)
            #expect(rocket_serving_open(nil, nil, 0, 0, &model) == argument && model == 0)
            #expect(Self.lastError == "folder is NULL")
            #expect(rocket_serving_open(folder, nil, 0, 0, nil) == argument)
            #expect(rocket_serving_open(folder, nil, 3, 0, &model) == argument)
            #expect(rocket_serving_open(folder, nil, -1, 0, &model) == argument)
            #expect(rocket_serving_open(folder, nil, 0, 64, &model) == argument && Self.lastError.contains("flags"))
            let latin: [CChar] = [CChar(bitPattern: 0xFC), 0]
            #expect(rocket_serving_open(latin, nil, 0, 0, &model) == argument && Self.lastError.contains("UTF-8"))
            #expect(Self.open("/nowhere").status == ROCKET_SERVING_MODEL)
            let mistyped = Self.open(folder, ["Interest"])
            #expect(mistyped.status == ROCKET_SERVING_MODEL && Self.lastError.contains("did you mean interests?"))

            model = Self.open(folder, ["interests"]).model
            #expect(model != 0)
            var found = [Float](repeating: -1, count: 4)
            var count = 0
            #expect(rocket_serving_score_json(model, nil, 5, &found, 4, &count) == argument)
            #expect(rocket_serving_score_json(model, "{", -1, &found, 4, &count) == argument)
            let fine = "{\"request\": {\"interests\": []}, \"candidates\": [{\"price\": 1}, {\"price\": 2}]}"
            #expect(rocket_serving_score_json(model, fine, fine.utf8.count, nil, 4, &count) == argument)
            #expect(rocket_serving_score_json(model, fine, fine.utf8.count, &found, -4, &count) == argument)
            #expect(rocket_serving_score_json(model, fine, fine.utf8.count, &found, 4, nil) == ROCKET_SERVING_OK)
            #expect(found[2] == -1)
            for json in [
                "", "{", "[]", "{}", "{\"candidates\": {}}", "{\"candidates\": [{\"price\": NaN}]}",
                "{\"candidates\": [], \"other\": 1}", "{\"candidates\": [], \"candidates\": []}",
                "{\"candidates\": [{\"price\": 1}]}", "{\"request\": {\"Interests\": []}, \"candidates\": []}",
                "{\"request\": {\"interests\": 3}, \"candidates\": [{\"price\": 1}]}",
                "{\"request\": {}, \"candidates\": [{\"price\": 1}]}",
            ] {
                #expect(Self.score(model, json: json, room: 4).status == ROCKET_SERVING_REQUEST, "\(json)")
                #expect(!Self.lastError.isEmpty)
            }
            var broken = Array(fine.utf8CString.dropLast())
            broken[3] = CChar(bitPattern: 0xFF)
            #expect(rocket_serving_score_json(model, broken, broken.count, &found, 4, nil) == ROCKET_SERVING_REQUEST)
            #expect(Self.lastError.contains("UTF-8"))

            let some = Self.score(
                model,
                json: "{\"request\": {\"interests\": []}, \"candidates\": "
                    + "[{\"price\": 1}, {\"Price\": 1}, {}, {\"price\": \"cheap\"}]}", room: 4)
            #expect(some.status == ROCKET_SERVING_CANDIDATES && Self.lastError.contains("did you mean price?"))
            #expect(Self.lastError.hasSuffix("(and 2 more rows with problems)"))
            #expect(some.found[0] == found[0] && some.found[1...].allSatisfy(\.isNaN))

            let columns = Self.names(model, 1)
            func texts(_ request: [String?], _ texts: [String?], _ count: Int) -> Int32 {
                Self.withTexts(request) { request in
                    Self.withTexts(texts) { pointer in
                        rocket_serving_score_texts(model, request, 1, pointer, texts.count, &found, count)
                    }
                }
            }
            let two = columns.flatMap { $0 == "price" ? ["1", "2"] : [nil, nil] as [String?] }
            #expect(texts(["[]"], two, 2) == ROCKET_SERVING_OK, "\(Self.lastError)")
            #expect(texts([nil], two, 2) == ROCKET_SERVING_OK)
            #expect(texts(["food"], two, 2) == argument && Self.lastError.contains("JSON array"))
            #expect(texts(["[]"], two, 3) == argument && texts(["[]"], two, -1) == argument)
            #expect(texts(["[]"], two, .max) == argument)
            #expect(rocket_serving_score_texts(model, nil, 1, nil, 0, &found, 0) == argument)
            #expect(rocket_serving_score_texts(model, nil, 0, nil, 0, &found, 0) == argument)
            #expect(Self.lastError.contains("expected 1: interests"))
            let odd = columns.map { $0 == "price" ? "cheap" : nil }
            #expect(texts(["[]"], odd, 1) == ROCKET_SERVING_CANDIDATES && found[0].isNaN)
            #expect(texts(["[]"], columns.map { $0 == "price" ? "NaN" : nil }, 1) == ROCKET_SERVING_OK)
            #expect((0...1).contains(found[0]), "a price that is no number is missing, as in the log")

            #expect(rocket_serving_column_count(model, 7, &count) == argument)
            #expect(rocket_serving_column_count(model, 0, nil) == argument)
            #expect(rocket_serving_column(model, 1, 99) == nil && rocket_serving_column(model, 1, -1) == nil)
            #expect(rocket_serving_interface() == UInt32(ROCKET_SERVING_INTERFACE))
            let about = try #require(rocket_serving_about(model))
            #expect(
                String(cString: about)
                    == "{\"model\": \"test\", \"version\": 1, \"trained_from\": \"2026-01-05\", "
                    + "\"trained_to\": \"2026-01-06\", \"history_as_of\": null}")
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
            #expect(rocket_serving_close(model) == argument && rocket_serving_about(model) == nil)
            #expect(Self.score(model, json: fine, room: 4).status == argument)
            #expect(rocket_serving_close(0) == argument && rocket_serving_close(.max) == argument)

            let lenient = Self.open(folder, flags: UInt32(ROCKET_SERVING_ALLOW_UNKNOWN)).model
            #expect(
                Self.score(lenient, json: "{\"candidates\": [{}, {\"Price\": 3}]}", room: 2).status
                    == ROCKET_SERVING_OK)
            #expect(rocket_serving_close(lenient) == ROCKET_SERVING_OK)
        }
    }

    @Test("Many threads score with one model at once, each with its own error, while others open and close")
    func threads() throws {
        try Self.withFolder { folder in
            let model = Self.open(folder).model
            let json = "{\"candidates\": [\((0..<40).map { Row($0).object(Self.columns) }.joined(separator: ","))]}"
            let expected = Self.score(model, json: json, room: 40).found
            DispatchQueue.concurrentPerform(iterations: 24) { number in
                if number % 4 == 3 {
                    let other = Self.open(folder).model
                    #expect(Self.score(other, json: "thread \(number)", room: 1).status == ROCKET_SERVING_REQUEST)
                    #expect(Self.lastError.contains("an object is expected"))
                    #expect(rocket_serving_close(other) == ROCKET_SERVING_OK)
                } else {
                    let found = Self.score(model, json: json, room: 40)
                    #expect(found.status == ROCKET_SERVING_OK && found.found == expected)
                }
            }
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
        }
    }
}
