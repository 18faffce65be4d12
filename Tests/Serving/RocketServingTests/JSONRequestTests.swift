import Nets
import RocketServing
import Testing

/// How many candidates a request of JSON may have.
@Suite struct JSONRequestTests {
    private static func ranker() throws -> Ranker {
        try Ranker(
            ServingModel(
                model: Shop.model(DenseSpecification([6, 4])).safetensors(),
                features: Array(Shop.features.canonicalJSON().utf8)))
    }

    private static func request(_ candidates: [String]) -> ArraySlice<UInt8> {
        Array("{\"candidates\": [\(candidates.joined(separator: ","))]}".utf8)[...]
    }

    private static func problem(_ json: ArraySlice<UInt8>, most: Int, _ ranker: Ranker) -> ServingError? {
        do throws(ServingError) {
            _ = try ranker.outcomes(json: json, most: most)
            return nil
        } catch {
            return error
        }
    }

    @Test("Candidates beyond the room are counted and not read, and then none is scored")
    func room() throws {
        let ranker = try Self.ranker()
        // What is not kept must be JSON, but not a row.
        let three = Self.request([#"{"price": 1}"#, #"{"price": 2, "price": 3}"#, #"[7, {"a": null}]"#])
        for most in [1, 0, -5] {
            #expect(Self.problem(three, most: most, ranker) == .room(found: max(most, 0), expected: 3))
        }
        for most in [2, 3, Ranker.mostCandidates, .max] {
            let problem = try #require(Self.problem(three, most: most, ranker))
            guard case .request(let what) = problem else { throw problem }
            #expect(what.contains("twice"))
        }
        let broken = try #require(Self.problem(Self.request([#"{"price": 1}"#, "{"]), most: 1, ranker))
        guard case .request = broken else { throw broken }
        let two = Self.request([#"{"price": 1}"#, #"{"price": 2}"#])
        #expect(try ranker.outcomes(json: two, most: 2) == ranker.outcomes(json: two))
        #expect(try ranker.outcomes(json: two, most: 2).count == 2)
        #expect(try ranker.outcomes(json: Self.request([]), most: 0).isEmpty)
    }

    @Test("A request has at most so many candidates, however much room the caller has")
    func most() throws {
        let ranker = try Self.ranker()
        let rest = [String](repeating: "0", count: Ranker.mostCandidates - 1)
        let (allowed, tooMany) = (Self.request(["{}"] + rest), Self.request(["{}", "0"] + rest))
        for most in [0, 1] {
            #expect(Self.problem(allowed, most: most, ranker) == .room(found: most, expected: Ranker.mostCandidates))
            let error = ServingError.candidates(found: Ranker.mostCandidates + 1, most: Ranker.mostCandidates)
            #expect(Self.problem(tooMany, most: most, ranker) == error)
            #expect("\(error)".contains("send them in several requests"))
        }
    }
}
