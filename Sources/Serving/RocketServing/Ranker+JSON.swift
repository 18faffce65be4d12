extension Ranker {
    /// The most candidates of one request in JSON, or in texts through the C interface. A few bytes of text name a
    /// candidate that takes memory for each of its columns, so a text alone must not decide how much.
    public static let mostCandidates = 1 << 20

    /// Returns the click probability of each candidate that has one, and the reasons for the others.
    ///
    /// - Parameters:
    ///   - text: JSON in UTF-8: `{"request": {values by column}, "candidates": [{values by column}, …]}`. A request
    ///     without columns may be left out. Numbers keep their digits.
    ///   - most: The number of candidates that the caller has room for. The ones beyond it are counted, neither kept
    ///     nor scored.
    /// - Throws: `ServingError.request` if the text is no such JSON; `.room` if it has more than `most` candidates,
    ///   `.candidates` if it has more than `mostCandidates`; others if the request itself cannot be read.
    public func outcomes(
        json text: ArraySlice<UInt8>, most: Int = Ranker.mostCandidates
    ) throws(ServingError) -> [Result<Float, ServingError>] {
        let limit = min(max(most, 0), Self.mostCandidates)
        var request: Result<[RawValue?], ServingError>?
        var candidates: JSONCandidates?
        do throws(JSONRow.Problem) {
            try JSONRow.parse(text) { json throws(JSONRow.Problem) in
                try json.members { name, json throws(JSONRow.Problem) in
                    // By bytes: what `==` costs grows with the square of a run of combining marks.
                    if request == nil, name.utf8.elementsEqual("request".utf8) {
                        request = try requestNames.read(&json, number: 0)
                    } else if candidates == nil, name.utf8.elementsEqual("candidates".utf8) {
                        candidates = try JSONCandidates(&json, candidateNames, limit)
                    } else {
                        throw JSONRow.Problem(what: "it has a member ‘\(name.beginning)’")
                    }
                }
            }
        } catch {
            throw .request(error.what)
        }
        guard let candidates else { throw .request("it has no candidates") }
        guard candidates.count <= Self.mostCandidates else {
            throw .candidates(found: candidates.count, most: Self.mostCandidates)
        }
        guard candidates.count <= limit else { throw .room(found: limit, expected: candidates.count) }
        guard let request else {
            let none = try requestNames.values(of: [:], row: 0)
            return try outcomes(request: none, candidates: candidates.rows, candidates.problems)
        }
        let values = try request.get().map { $0 ?? .missing }
        return try outcomes(request: values, candidates: candidates.rows, candidates.problems)
    }
}

/// The candidates of a request of JSON.
private struct JSONCandidates {
    private(set) var rows: RawRows
    private(set) var problems = RowProblems()
    /// How many the text has; `rows` are the first of them.
    private(set) var count = 0

    /// - Parameter most: How many are kept.
    init(_ json: inout JSONRow, _ names: RowNames, _ most: Int) throws(JSONRow.Problem) {
        rows = RawRows(names)
        try json.elements { json throws(JSONRow.Problem) in
            count += 1
            guard count <= most else { return try json.skipValue() }
            switch try names.read(&json, number: rows.count) {
            case .success(let row): rows.append(read: row)
            case .failure(let problem):
                problems.add(problem, row: rows.count)
                rows.appendMissing()
            }
        }
    }
}
