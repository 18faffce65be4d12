import Nets

/// The type of numbers in which a ranker multiplies.
public typealias ServingPrecision = DenseType

/// A scorer of requests' candidates with a model's light net. The request's part of the first layer is computed once
/// per request. Keeps its scratch memory between calls, so each thread needs its own ranker; rankers share the model.
public final class Ranker {
    public let encoder: FeatureEncoder
    private let model: ServingModel
    let requestNames, candidateNames: RowNames
    private let scorer: any ProbabilityScorer
    private var request, candidates: EncodedRows

    /// - Parameters:
    ///   - requestColumns: Columns whose values all candidates of a request share: the user's, the page's, the time.
    ///     Empty: every row is a candidate with all columns.
    ///   - precision: The type of numbers; bf16 is faster on CPUs that have it, and scores then differ in about the
    ///     third digit.
    ///   - tableBytes: Memory for precomputed first-layer products of features with few ids.
    ///   - unknownColumns: What is done with names that are no column of the model. Columns of its log that no feature
    ///     reads are always ignored.
    /// - Throws: `ServingError`.
    public convenience init(
        _ model: ServingModel, requestColumns: Set<String> = [], precision: ServingPrecision = .f32,
        tableBytes: Int = 16 << 20, unknownColumns: UnknownColumns = .refused
    ) throws(ServingError) {
        guard precision.isSupportedHere else { throw .unsupported(precision) }
        try self.init(model, requestColumns, unknownColumns) { encoder in
            CandidateScorer(
                model.branch, requestFields: encoder.request.fields, requestNumerics: encoder.request.numerics,
                type: precision, tableBytes: tableBytes)
        }
    }

    /// A ranker for rows without a request, thousands at a time: as they come from a day of the log, and not from a
    /// user who waits.
    ///
    /// - Throws: `ServingError`.
    package convenience init(
        wholeRowsOf model: ServingModel, unknownColumns: UnknownColumns = .refused
    ) throws(ServingError) {
        try self.init(model, [], unknownColumns) { _ in WholeRowScorer(model.branch) }
    }

    private init(
        _ model: ServingModel, _ requestColumns: Set<String>, _ unknownColumns: UnknownColumns,
        _ scorer: (FeatureEncoder) -> any ProbabilityScorer
    ) throws(ServingError) {
        self.model = model
        encoder = try FeatureEncoder(
            model.features, requestColumns: requestColumns, ids: model.branch.ids, history: model.history
        )
        .bounded(by: model.branch.embeddings.layout.numerics)
        self.scorer = scorer(encoder)
        request = encoder.empty()
        candidates = encoder.empty()
        (requestNames, candidateNames) = encoder.names(model.features.unreadColumns, unknownColumns)
    }

    /// Returns rows without content for candidates, which refuse unknown columns as this ranker does.
    public func emptyRows() -> RawRows { RawRows(candidateNames) }

    /// Returns the click probability of each candidate.
    ///
    /// - Parameters:
    ///   - request: Values by column; an absent column is missing.
    ///   - candidates: Values by column, for each candidate.
    /// - Throws: `ServingError.value`, `.noProbability` for the first candidate that cannot be scored;
    ///   `.unknownName`, `.misplacedColumn`, `.noColumns` for names that the model does not know.
    public func score(request: [String: RawValue], candidates: [[String: RawValue]]) throws(ServingError) -> [Float] {
        var rows = emptyRows()
        for candidate in candidates { try rows.append(candidate) }
        var probabilities = [Float](repeating: 0, count: rows.count)
        try score(request: requestNames.values(of: request, row: 0), candidates: rows, into: &probabilities)
        return probabilities
    }

    /// Returns the click probability of each candidate that has one, and the reasons for the others.
    ///
    /// - Throws: `ServingError` if the request itself cannot be read.
    public func outcomes(
        request: [String: RawValue], candidates: [[String: RawValue]]
    ) throws(ServingError) -> [Result<Float, ServingError>] {
        var rows = emptyRows()
        var problems = RowProblems()
        for candidate in candidates {
            do throws(ServingError) {
                try rows.append(candidate)
            } catch {
                problems.add(error, row: rows.count)
                rows.appendMissing()
            }
        }
        return try outcomes(request: requestNames.values(of: request, row: 0), candidates: rows, problems)
    }

    /// Returns outcomes without dictionaries: values in the order of `encoder.requestColumns`, candidates with the
    /// columns `encoder.candidateColumns`.
    ///
    /// - Throws: `ServingError.value` if the request itself cannot be read; `.width`.
    public func outcomes(
        request values: [RawValue], candidates rows: RawRows
    ) throws(ServingError) -> [Result<Float, ServingError>] {
        try outcomes(request: values, candidates: rows, RowProblems())
    }

    /// - Parameter problems: Those of rows that could not be read.
    func outcomes(
        request values: [RawValue], candidates rows: RawRows, _ problems: RowProblems
    ) throws(ServingError) -> [Result<Float, ServingError>] {
        var problems = problems
        try encoder.encode(request: values, into: &request)
        try encoder.encode(candidates: rows, of: request, into: &candidates, problems: &problems)
        var probabilities = [Float](repeating: 0, count: rows.count)
        scorer.score(request: request.rows, candidates: candidates.rows, into: &probabilities)
        return probabilities.enumerated().map { row, probability in
            if let problem = problems.byRow[row] { return .failure(problem) }
            return probability.isNaN ? .failure(noProbability(row, values, rows)) : .success(probability)
        }
    }

    /// Scores without dictionaries: values in the order of `encoder.requestColumns`, candidates with the columns
    /// `encoder.candidateColumns`, and a buffer for as many probabilities.
    ///
    /// - Throws: `ServingError.value`, `.noProbability` for the first candidate that cannot be scored; `.width`,
    ///   `.room`.
    public func score(
        request values: [RawValue], candidates rows: RawRows, into probabilities: inout [Float]
    ) throws(ServingError) {
        try encoder.encode(request: values, into: &request)
        try encoder.encode(candidates: rows, of: request, into: &candidates)
        do throws(ServingError) {
            try score(request: request, candidates: candidates, into: &probabilities)
        } catch {
            guard case .noProbability(let row) = error else { throw error }
            throw noProbability(row, values, rows)
        }
    }

    /// Scores rows encoded by this ranker's encoder, or by that of another ranker of the same model. Allocates nothing.
    ///
    /// - Throws: `ServingError.noProbability` for the first candidate without one; `.room`.
    public func score(
        request: EncodedRows, candidates: EncodedRows, into probabilities: inout [Float]
    ) throws(ServingError) {
        guard probabilities.count >= candidates.count else {
            throw .room(found: probabilities.count, expected: candidates.count)
        }
        scorer.score(request: request.rows, candidates: candidates.rows, into: &probabilities)
        for row in 0..<candidates.count where probabilities[row].isNaN {
            for row in row..<candidates.count where probabilities[row].isNaN { probabilities[row] = 0 }
            throw .noProbability(row: row)
        }
    }

    /// Returns the reason why a row has no probability: the number that is farthest beyond what Float32 holds after
    /// standardising, if there is one.
    private func noProbability(_ row: Int, _ values: [RawValue], _ raw: RawRows) -> ServingError {
        let expected = "a number nearer to those of training; with this one the probability is no number"
        for (columns, part, encoded, row, value) in [
            (encoder.candidateColumns, encoder.candidates, candidates, row, { raw.values[$0][row] }),
            (encoder.requestColumns, encoder.request, request, 0, { values[$0] }),
        ] as [([String], FeatureEncoder.Part, EncodedRows, Int, (Int) -> RawValue)] {
            for reader in part.readers {
                guard case .number(let column, _) = reader.source else { continue }
                let number = encoded.rows.numerics[reader.target][row]
                guard model.isFarFromTraining(number, numeric: reader.target) else { continue }
                return .value(row: row, column: columns[column], found: "\(value(column))", expected: expected)
            }
        }
        return .noProbability(row: row)
    }
}
