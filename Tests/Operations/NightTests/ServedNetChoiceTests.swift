import Evaluation
import Foundation
import ModelRegistry
import Testing

@testable import Night

/// Which of several light nets is served.
@Suite("The choice of the net that is served") struct ServedNetChoiceTests {
    static func latencies(_ p99: [String: Double]) throws -> [LatencyReport] {
        try p99.map { net, time in
            let json = """
                {"net": "\(net)", "batchSize": 200, "mode": "paced", "calls": 1, "p50Microseconds": 1, "p90Microseconds": 1,
                "p99Microseconds": \(time), "p999Microseconds": 1, "meanMicroseconds": 1, "scoresPerSecond": 1,
                "cpuModel": "x"}
                """
            return try JSONDecoder().decode(LatencyReport.self, from: Data(json.utf8))
        }
    }

    @Test(
        "The largest net within the limit is chosen; a live one stays up to 10 % above it; where none fits, the smallest",
        arguments: [
            (["small": 50.0, "medium": 120, "large": 280], nil, "large", true),
            (["small": 50, "medium": 120, "large": 305], nil, "medium", true),
            (["small": 50, "medium": 120, "large": 305], "large", "large", true),
            (["small": 50, "medium": 120, "large": 305], "huge", "medium", true),
            (["small": 50, "medium": 120, "large": 331], "large", "medium", true),
            (["small": 50, "medium": 120, "large": 290], "medium", "large", true),
            (["small": 320, "medium": 340, "large": 900], nil, "small", false),
            (["small": 320, "medium": 340, "large": 900], "small", "small", true),
            ([:], "medium", "medium", false), ([:], nil, "small", false), ([:], "other", "small", false),
        ] as [([String: Double], String?, String, Bool)])
    func choice(_ p99: [String: Double], _ live: String?, _ expected: String, _ passes: Bool) throws {
        let choice = ServedNetChoice(
            .largest(p99Microseconds: 300, candidates: 200), among: ["small", "medium", "large"],
            try Self.latencies(p99), live: live)
        #expect(choice.record.net == expected && choice.rule?.passed == passes)
        #expect((choice.warning == nil) == passes)
        #expect(choice.record.limit?.candidates == 200 && choice.record.limit?.p99Microseconds == 300)
    }

    @Test("A named net needs no latency, and of one light net nothing is said")
    func named() {
        let named = ServedNetChoice(.net("small"), among: ["small", "large"], [], live: "large")
        #expect(named.record == ServedNetRecord(net: "small") && named.rule?.passed == true && named.warning == nil)
        #expect(ServedNetChoice(.net("light"), among: ["light"], [], live: nil).rule == nil)
    }

    @Test(
        "A version that is there keeps its net, and is held to its own limit",
        arguments: [
            ("medium", ["small": 50.0, "medium": 120, "large": 280], nil, 120, true),
            ("large", ["small": 50, "medium": 120, "large": 305], nil, 305, false),
            ("large", ["small": 50, "medium": 120, "large": 305], "large", 305, true),
            ("large", ["small": 50, "medium": 120, "large": 331], "large", 331, false),
            ("small", ["small": 320, "medium": 340, "large": 900], nil, 320, false),
            ("small", [:], nil, nil, false),
        ] as [(String, [String: Double], String?, Double?, Bool)])
    func known(_ net: String, _ p99: [String: Double], _ live: String?, _ value: Double?, _ passes: Bool) throws {
        let record = ServedNetRecord(net: net, limit: (200, 300))
        let choice = ServedNetChoice(record, among: ["small", "medium", "large"], try Self.latencies(p99), live: live)
        #expect(choice.record == record)
        #expect(choice.rule?.value == value && choice.rule?.passed == passes && (choice.warning == nil) == passes)
        let named = ServedNetChoice(ServedNetRecord(net: net), among: ["small", "medium", "large"], [], live: live)
        #expect(named.record == ServedNetRecord(net: net) && named.rule?.passed == true)
    }
}
