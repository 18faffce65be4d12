import CRocketServing
import Foundation
import RocketServing
import Synchronization
import Testing

/// What a hostile request, or a caller's own mistake, can do through the C interface: nothing but an error.
struct CInterfaceLimitsTests {
    private typealias C = CInterfaceTests

    @Test("Where there is less room than candidates, their count is written and nothing else")
    func room() throws {
        try C.withFolder { folder in
            let model = C.open(folder).model
            // Those beyond the room are not even read: the last one names a column twice.
            let json = #"{"candidates": [{"price": 1}, {"price": 2}, {"price": 3, "price": 4}]}"#
            for room in 0...2 {
                let few = C.score(model, json: json, room: room)
                #expect(few.status == ROCKET_SERVING_ROOM && few.count == 3 && few.found.allSatisfy { $0 == -1 })
                #expect(C.lastError == "there is room for \(room) probabilities, expected room for all 3 candidates")
            }
            var count = 99
            #expect(rocket_serving_score_json(model, json, json.utf8.count, nil, 0, &count) == ROCKET_SERVING_ROOM)
            #expect(count == 3)
            #expect(rocket_serving_score_json(model, json, json.utf8.count, nil, 0, nil) == ROCKET_SERVING_ROOM)
            let read = C.score(model, json: json, room: 3)
            #expect(read.status == ROCKET_SERVING_REQUEST && read.count == 0 && read.found.allSatisfy { $0 == -1 })

            // No candidates are no error.
            let none = C.score(model, json: #"{"candidates": []}"#, room: 0)
            #expect(none.status == ROCKET_SERVING_OK && none.count == 0)
            #expect(rocket_serving_score_texts(model, nil, 0, nil, 0, nil, 0) == ROCKET_SERVING_OK)
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
        }
    }

    @Test("A call has at most so many candidates as the header says")
    func most() throws {
        let most = Int(ROCKET_SERVING_MOST_CANDIDATES)
        #expect(most == Ranker.mostCandidates)
        try C.withFolder { folder in
            let model = C.open(folder).model
            let text = "{\"candidates\": [" + String(repeating: "{},", count: most) + "{}]}"
            let found = C.score(model, json: text, room: 1)
            #expect(found.status == ROCKET_SERVING_REQUEST && found.count == 0 && found.found == [-1])
            #expect(C.lastError.contains("has \(most + 1) candidates, expected at most \(most)"))
            var probability: Float = -1
            for count in [most + 1, .max, -1, .min] {
                let status = rocket_serving_score_texts(model, nil, 0, nil, 0, &probability, count)
                #expect(status == ROCKET_SERVING_ARGUMENT && C.lastError.contains("expected at most \(most)"))
            }
            #expect(probability == -1)
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
        }
    }

    @Test("Huge texts are refused in a short message of whole characters")
    func huge() throws {
        try C.withFolder { folder in
            let model = C.open(folder).model
            let long = String(repeating: "é", count: 1 << 20)
            // One character, to a reader of Unicode, of a million marks, of which each second belongs further ahead.
            let marked = "e" + String(repeating: "\u{301}\u{323}", count: 1 << 19)
            func list(_ value: String) -> String { #"{"candidates": [{\#(value)}]}"# }
            let (nines, ones) = (String(repeating: "9", count: 1 << 20), String(repeating: "1,", count: 70_000))
            for (json, status) in [
                (list(#""\#(long)": 1"#), ROCKET_SERVING_CANDIDATES),
                (list(#""\#(marked)": 1"#), ROCKET_SERVING_CANDIDATES),
                (list(#""price": "\#(long)""#), ROCKET_SERVING_CANDIDATES),
                (list(#""price": "\#(marked)""#), ROCKET_SERVING_CANDIDATES),
                (list(#""price": \#(nines)"#), ROCKET_SERVING_CANDIDATES),
                (list(#""interests": [\#(ones)1]"#), ROCKET_SERVING_CANDIDATES),
                (list(#""category": "\#(long)""#), ROCKET_SERVING_OK),
                (list(#""interests": \#(String(repeating: "[", count: 1 << 20))"#), ROCKET_SERVING_REQUEST),
                (#"{"\#(marked)": 1}"#, ROCKET_SERVING_REQUEST), (list(#""price": 1"#) + long, ROCKET_SERVING_REQUEST),
            ] as [(String, Int)] {
                let found = C.score(model, json: json, room: 1)
                #expect(found.status == status, "\(json.prefix(50))")
                #expect(found.found[0].isNaN == (status == ROCKET_SERVING_CANDIDATES))
                if status != ROCKET_SERVING_OK { try Self.expectShort() }
            }
            for start in ["/", "/a", "/ab"] {
                #expect(C.open(start + String(repeating: "日", count: 3_000)).status == ROCKET_SERVING_MODEL)
                try Self.expectShort()
            }
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
        }
    }

    /// The last error as bytes, which `String(cString:)` would repair.
    private static func expectShort() throws {
        let pointer = try #require(rocket_serving_last_error())
        let text = try #require(String(validatingCString: pointer), "the message is not UTF-8")
        #expect(!text.isEmpty && text.utf8.count < 4_096)
    }

    @Test("Each thread has its own last error, whatever the others do meanwhile")
    func lastErrors() {
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<50 {
                let folder = "/nowhere/\(thread)-\(number)"
                #expect(C.open(folder).status == ROCKET_SERVING_MODEL)
                #expect(C.lastError.contains("\(folder)/"))
                #expect(rocket_serving_close(0) == ROCKET_SERVING_ARGUMENT)
                #expect(C.lastError == "no open model has the number 0")
            }
        }
    }

    @Test("A model that is closed while others score with it lets them finish, and then is no model")
    func closed() throws {
        try C.withFolder { folder in
            let json = #"{"candidates": [{"price": 1}, {"category": "food"}]}"#
            let model = C.open(folder).model
            let expected = C.score(model, json: json, room: 2).found
            let scored = Atomic(0)
            let refused = Atomic(0)
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                for call in 0..<200 {
                    if thread == 0, call == 100 { #expect(rocket_serving_close(model) == ROCKET_SERVING_OK) }
                    let found = C.score(model, json: json, room: 2)
                    switch found.status {
                    case Int32(ROCKET_SERVING_OK):
                        scored.wrappingAdd(1, ordering: .relaxed)
                        #expect(C.differs(found.found, expected) < 1e-6)
                    case Int32(ROCKET_SERVING_ARGUMENT):
                        refused.wrappingAdd(1, ordering: .relaxed)
                        #expect(C.lastError == "no open model has the number \(model)" && found.found == [-1, -1])
                    default: Issue.record("status \(found.status): \(C.lastError)")
                    }
                }
            }
            #expect(scored.load(ordering: .relaxed) >= 100 && refused.load(ordering: .relaxed) >= 100)
            var count = 0
            #expect(rocket_serving_column_count(model, 1, &count) == ROCKET_SERVING_ARGUMENT)
            #expect(rocket_serving_column(model, 1, 0) == nil && rocket_serving_about(model) == nil)
            // Its number is not given to another one.
            let other = C.open(folder).model
            #expect(other != model && rocket_serving_close(other) == ROCKET_SERVING_OK)
        }
    }

    @Test("A thread of the caller's has as many OpenMP threads after a call as before it")
    func threads() throws {
        let set = unsafeBitCast(
            try #require(dlsym(nil, "omp_set_num_threads")), to: (@convention(c) (Int32) -> Void).self)
        let get = unsafeBitCast(try #require(dlsym(nil, "omp_get_max_threads")), to: (@convention(c) () -> Int32).self)
        let before = get()
        defer { set(before) }
        try C.withFolder { folder in
            set(3)
            let model = C.open(folder).model
            #expect(get() == 3)
            #expect(C.score(model, json: #"{"candidates": [{"price": 1}]}"#, room: 1).status == ROCKET_SERVING_OK)
            #expect(get() == 3)
            #expect(C.score(model, json: "{", room: 1).status == ROCKET_SERVING_REQUEST && get() == 3)
            #expect(rocket_serving_close(model) == ROCKET_SERVING_OK)
        }
    }
}
