import Training

/// How a trained model is measured.
public struct EvaluationSpecification: Codable, Equatable, Sendable {
    /// Column of the impressions by whose values GAUC groups, such as the user's id. Nil: no GAUC.
    public var group: String?
    /// Column with the probability that a click was drawn with; generated logs only.
    public var trueProbability: String?
    /// What is trained beside `rocket` on the same cache, to be compared with.
    public var baselines: [Contender]
    /// Features by whose values the impressions are judged apart, too; empty: the few with few values.
    public var slices: [String]
    /// Impressions of the judged day on which the importance of each feature is measured; 0: not at all.
    public var importanceRows = 50_000
    /// Whether a version has impressions of the judged day in it, by which a program that serves it tests itself.
    public var examples = true
    public var latency: LatencySpecification

    public init(
        group: String? = nil, trueProbability: String? = nil, baselines: [Contender] = [], slices: [String] = [],
        latency: LatencySpecification = LatencySpecification()
    ) {
        self.group = group
        self.trueProbability = trueProbability
        self.baselines = baselines
        self.slices = slices
        self.latency = latency
    }
}

/// What the latency report times.
public struct LatencySpecification: Codable, Equatable, Sendable {
    /// Rows a call: 1 is one ad, the larger ones are the candidates of one request.
    public var batchSizes: [Int]
    /// Timed calls for each batch size.
    public var calls: Int
    /// Columns whose values all candidates of a request have in common; nil: the time's, and that of `group`.
    public var requestColumns: [String]?

    public init(batchSizes: [Int] = [1, 50, 200, 500], calls: Int = 2_000, requestColumns: [String]? = nil) {
        self.batchSizes = batchSizes
        self.calls = calls
        self.requestColumns = requestColumns
    }
}
