import Foundation

/// The decision whether a new version may replace the live one. A pure value: numbers in, verdict out.
///
/// It requires non-inferiority: with the given confidence, the light net's AUC is at most a margin below the live one's
/// (of whatever size). Requiring only that a difference is not significant would let a bad model pass on a day with few
/// clicks.
public struct PromotionGate: Codable, Equatable, Sendable {
    /// The AUC that the light net may lose against the live one.
    public var margin = 0.002
    /// The confidence, one-sided, over users.
    public var confidence = 0.95
    /// Number of draws of users.
    public var replicates = 400
    /// Bounds of predicted over observed clicks of the light net.
    public var lowestPCOC = 0.8
    public var highestPCOC = 1.25
    /// The largest 99th percentile of the light net at the largest batch; nil for any.
    public var highestP99Microseconds: Double?
    /// The least number of clicks on the unseen day.
    public var leastClicks = 100
    /// The least ratio between a feature's share of rows with a value on the unseen day and that on the training days.
    public var leastCoverage = 0.5
    /// Whether the light net must be better than logistic regression, in AUC and in log loss.
    public var beatsLogisticRegression = false

    public init() {}

    /// The figures that the gate examines. A nil is an undefined number, and never passes.
    public struct Findings: Sendable {
        /// Clicks on the unseen day.
        public var clicks: Int
        public var pcoc: Double?
        public var auc: Double?
        public var logLoss: Double?
        public var p99Microseconds: Double?
        /// The feature whose coverage fell most, and the remaining share; nil without features.
        public var coverage: (feature: String, share: Double)?
        /// Features with one value on the unseen day that had several on most of the training days.
        public var constant: [String]
        public var live: Live?
        public var regression = Regression()
        /// Why the net was chosen among several; nil where there is one.
        public var choice: Rule?

        public init(
            clicks: Int, pcoc: Double?, auc: Double?, logLoss: Double?, p99Microseconds: Double?,
            coverage: (feature: String, share: Double)?, constant: [String] = [], live: Live?
        ) {
            self.clicks = clicks
            self.pcoc = pcoc
            self.auc = auc
            self.logLoss = logLoss
            self.p99Microseconds = p99Microseconds
            self.coverage = coverage
            self.constant = constant
            self.live = live
        }
    }

    /// The live version compared with the new one.
    public struct Live: Sendable {
        public var version: Int
        /// Whether the live version was not trained on the day.
        public var dayIsUnseen: Bool
        /// AUC of the new light net minus the live one's; nil if undefined, or if the live one cannot score the day.
        public var difference: PairedComparison?
        /// The reason why the live one cannot score the day.
        public var obstacle: String?

        public init(version: Int, dayIsUnseen: Bool, difference: PairedComparison?, obstacle: String? = nil) {
            self.version = version
            self.dayIsUnseen = dayIsUnseen
            self.difference = difference
            self.obstacle = obstacle
        }
    }

    /// The light net minus logistic regression on the same rows; nil if it was not trained, or if the difference is
    /// undefined.
    public struct Regression: Sendable {
        public var auc, logLoss: PairedComparison?

        public init(auc: PairedComparison? = nil, logLoss: PairedComparison? = nil) {
            self.auc = auc
            self.logLoss = logLoss
        }
    }

    /// One rule and its result.
    public struct Rule: Codable, Equatable, Sendable {
        public var name: String
        public var passed: Bool
        /// The value; nil if undefined.
        public var value: Double?
        public var lowest: Double?
        public var highest: Double?
        public var detail: String

        public init(_ name: String, _ value: Double?, lowest: Double? = nil, highest: Double? = nil, _ detail: String) {
            self.name = name
            // Neither JSON nor people know infinities.
            self.value = value.flatMap { $0.isFinite ? $0 : nil }
            self.lowest = lowest
            self.highest = highest
            self.detail = detail
            passed = self.value.map { $0 >= lowest ?? -.infinity && $0 <= highest ?? .infinity } ?? false
        }
    }

    public enum Verdict: String, Codable, Sendable {
        case promoted
        case held
        /// Promoted although nothing was live before.
        case firstModel = "first_model"
    }

    /// Returns every rule, in the order in which people read them.
    public func rules(for findings: Findings) -> [Rule] {
        var rules: [Rule] = []
        if let live = findings.live {
            rules.append(
                Rule(
                    "not_inferior", live.difference?.lowerBound, lowest: -margin,
                    "AUC of the light net minus that of live version \(live.version): lower bound at "
                        + "\(confidence) confidence"
                        + (live.obstacle.map { "; it could not be compared: \($0)" } ?? "")))
            rules.append(
                Rule(
                    "unseen", live.dayIsUnseen ? 1 : 0, lowest: 1,
                    "live version \(live.version) was not trained on the day that both are judged on"))
        }
        rules.append(
            Rule("pcoc", findings.pcoc, lowest: lowestPCOC, highest: highestPCOC, "predicted over observed clicks"))
        rules.append(
            Rule("clicks", Double(findings.clicks), lowest: Double(leastClicks), "clicks on the unseen day"))
        rules.append(
            Rule(
                "finite", findings.auc.flatMap { auc in findings.logLoss.map { auc + $0 } }.map { $0.isFinite ? 1 : 0 },
                lowest: 1, "AUC and log loss are defined"))
        if let choice = findings.choice { rules.append(choice) }
        if let limit = highestP99Microseconds {
            rules.append(
                Rule(
                    "p99", findings.p99Microseconds, highest: limit,
                    "microseconds of the largest request, 99th percentile"))
        }
        if let coverage = findings.coverage {
            rules.append(
                Rule(
                    "coverage", coverage.share, lowest: leastCoverage,
                    "rows with a value of feature \(coverage.feature), over the share on the training days"))
        }
        rules.append(
            Rule(
                "constant", Double(findings.constant.count), highest: 0,
                "features with one value on the unseen day, of those that had several on the training days"
                    + (findings.constant.isEmpty ? "" : ": " + findings.constant.joined(separator: ", "))))
        if beatsLogisticRegression { rules += self.rules(for: findings.regression) }
        return rules
    }

    private func rules(for regression: Regression) -> [Rule] {
        [
            Rule(
                "beats_logistic_regression", regression.auc?.lowerBound, lowest: 0,
                "AUC of the light net minus logistic regression's: lower bound at \(confidence) confidence"),
            Rule(
                "beats_logistic_regression_log_loss", regression.logLoss?.upperBound, highest: 0,
                "log loss of the light net minus logistic regression's: upper bound at \(confidence) confidence"),
        ]
    }

    /// Returns the rules and the decision that follows from them.
    public func decision(for findings: Findings) -> GateDecision {
        let rules = rules(for: findings)
        let passed = rules.allSatisfy(\.passed)
        return GateDecision(
            verdict: !passed ? .held : findings.live == nil ? .firstModel : .promoted, rules: rules,
            liveVersion: findings.live?.version)
    }
}

/// The gate's decision on a version.
public struct GateDecision: Codable, Equatable, Sendable {
    public var verdict: PromotionGate.Verdict
    public var rules: [PromotionGate.Rule]
    /// The version that was live when it was judged.
    public var liveVersion: Int?

    public init(verdict: PromotionGate.Verdict, rules: [PromotionGate.Rule], liveVersion: Int?) {
        self.verdict = verdict
        self.rules = rules
        self.liveVersion = liveVersion
    }

    enum CodingKeys: String, CodingKey {
        case verdict, rules
        case liveVersion = "live_version"
    }
}

extension PromotionGate.Rule: CustomStringConvertible {
    /// `pcoc is 1.4, expected 0.8 … 1.25: predicted over observed clicks`
    public var description: String {
        func text(_ number: Double) -> String { String(format: "%.6g", number) }
        let expected =
            switch (lowest, highest) {
            case (let low?, let high?): "\(text(low)) … \(text(high))"
            case (let low?, nil): "at least \(text(low))"
            case (nil, let high?): "at most \(text(high))"
            case (nil, nil): "a number"
            }
        return "\(name) is \(value.map(text) ?? "undefined"), expected \(expected): \(detail)"
    }
}
