import Evaluation
import Testing

@Suite struct PromotionGateTests {
    private func difference(lower: Double) -> PairedComparison {
        PairedComparison(
            estimate: lower + 0.001, standardError: 0.001, confidence: 0.95, lowerBound: lower,
            upperBound: lower + 0.002,
            replicates: 400, clusters: 1_000)
    }

    private func findings(_ change: (inout PromotionGate.Findings) -> Void = { _ in }) -> PromotionGate.Findings {
        var findings = PromotionGate.Findings(
            clicks: 500, pcoc: 1.02, auc: 0.75, logLoss: 0.2, p99Microseconds: 80, coverage: ("city", 0.9),
            live: PromotionGate.Live(version: 7, dayIsUnseen: true, difference: difference(lower: -0.001)))
        change(&findings)
        return findings
    }

    @Test("A version that is not worse by more than the margin is promoted; without a live one it is the first model")
    func passes() {
        let gate = PromotionGate()
        #expect(gate.decision(for: findings()).verdict == .promoted)
        #expect(gate.decision(for: findings { $0.live = nil }).verdict == .firstModel)
        #expect(
            gate.decision(for: findings { $0.live?.difference = difference(lower: -gate.margin) }).verdict == .promoted)
    }

    @Test("Each rule holds a version back by itself, and an undefined number never passes")
    func holds() {
        var gate = PromotionGate()
        gate.highestP99Microseconds = 100
        let failures: [(rule: String, change: (inout PromotionGate.Findings) -> Void)] = [
            ("not_inferior", { $0.live?.difference = difference(lower: -0.0021) }),
            ("not_inferior", { $0.live?.difference = nil }),
            ("not_inferior", { $0.live?.difference = difference(lower: .nan) }),
            ("unseen", { $0.live?.dayIsUnseen = false }),
            ("pcoc", { $0.pcoc = 0.79 }), ("pcoc", { $0.pcoc = 1.26 }), ("pcoc", { $0.pcoc = nil }),
            ("pcoc", { $0.pcoc = .nan }), ("clicks", { $0.clicks = 99 }),
            ("finite", { $0.auc = nil }), ("finite", { $0.logLoss = .infinity }), ("finite", { $0.logLoss = .nan }),
            ("p99", { $0.p99Microseconds = 100.1 }), ("p99", { $0.p99Microseconds = nil }),
            ("coverage", { $0.coverage = ("city", 0.49) }), ("coverage", { $0.coverage = ("city", .nan) }),
            ("constant", { $0.constant = ["city"] }),
        ]
        for (rule, change) in failures {
            let decision = gate.decision(for: findings(change))
            #expect(decision.verdict == .held)
            #expect(decision.rules.filter { !$0.passed }.map(\.name) == [rule])
        }
    }
}
