/// Impressions with what a net predicted for them, gathered batch by batch.
public struct ScoredRows: Equatable, Sendable {
    /// 1 for a click, 0 for none. `[rows]`
    public var labels: [UInt8]
    /// Hash of the group that GAUC works by. `[rows]`, or empty for no GAUC
    public var groups: [UInt64]
    /// Predicted click probabilities. `[rows]`
    public var scores: [Float]

    public init(labels: [UInt8] = [], groups: [UInt64] = [], scores: [Float] = []) {
        self.labels = labels
        self.groups = groups
        self.scores = scores
    }

    /// Measures the rows; see ``EvaluationReport/measure(labels:probabilities:groups:)``.
    public func report() throws(EvaluationError) -> EvaluationReport {
        try EvaluationReport.measure(labels: labels, probabilities: scores, groups: groups)
    }
}
