import Nets

/// In which numbers a ranker multiplies.
public typealias ServingPrecision = DenseType

/// Scores the candidates of requests with a model's light net. What belongs to the request goes through the first layer
/// once. Keeps its scratch between calls, so each thread has a ranker of its own; they share the model.
public final class Ranker {
    public let encoder: FeatureEncoder
    private let scorer: CandidateScorer
    private var request, candidates: EncodedRows

    /// - Parameters:
    ///   - requestColumns: columns whose values all candidates of a request have in common: the user's, the page's, the
    ///     time. None: every row is a candidate with all columns.
    ///   - precision: bf16 is faster where the CPU has it; scores then differ in the third digit or so.
    ///   - tableBytes: memory for the first layer's part of features with few ids, so that it is looked up and not computed.
    /// - Throws: `ServingError`.
    public init(
        _ model: ServingModel, requestColumns: Set<String> = [], precision: ServingPrecision = .f32,
        tableBytes: Int = 16 << 20
    ) throws(ServingError) {
        guard precision.isSupportedHere else { throw .unsupported(precision) }
        encoder = try FeatureEncoder(model.features, requestColumns: requestColumns, ids: model.branch.ids)
        scorer = CandidateScorer(
            model.branch, requestFields: encoder.request.fields, requestNumerics: encoder.request.numerics,
            type: precision, tableBytes: tableBytes)
        request = encoder.empty()
        candidates = encoder.empty()
    }

    /// The click probability of each candidate.
    ///
    /// - Parameters:
    ///   - request: values by column; a column that is not there is missing.
    ///   - candidates: the same of each candidate.
    /// - Throws: `ServingError.value`.
    public func score(request: [String: RawValue], candidates: [[String: RawValue]]) throws(ServingError) -> [Float] {
        var rows = RawRows(columns: encoder.candidateColumns)
        for candidate in candidates { rows.append(candidate) }
        var probabilities = [Float](repeating: 0, count: rows.count)
        try score(
            request: encoder.requestColumns.map { request[$0] ?? .missing }, candidates: rows, into: &probabilities)
        return probabilities
    }

    /// The same without dictionaries: values in the order of `encoder.requestColumns`, candidates with the columns
    /// `encoder.candidateColumns`, and room for as many probabilities.
    ///
    /// - Throws: `ServingError.value`, `.width`.
    public func score(
        request values: [RawValue], candidates rows: RawRows, into probabilities: inout [Float]
    ) throws(ServingError) {
        try encoder.encode(request: values, into: &request)
        try encoder.encode(candidates: rows, of: request, into: &candidates)
        score(request: request, candidates: candidates, into: &probabilities)
    }

    /// The same for what this ranker's encoder, or that of another ranker of the same model, has encoded. Allocates nothing.
    public func score(request: EncodedRows, candidates: EncodedRows, into probabilities: inout [Float]) {
        precondition(probabilities.count >= candidates.count, "no room for the probabilities of all candidates")
        scorer.score(request: request.rows, candidates: candidates.rows, into: &probabilities)
    }
}
