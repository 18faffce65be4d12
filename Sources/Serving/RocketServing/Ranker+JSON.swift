extension Ranker {
    /// Returns the click probability of each candidate that has one, and the reasons for the others.
    ///
    /// - Parameter text: JSON in UTF-8: `{"request": {values by column}, "candidates": [{values by column}, …]}`. A
    ///   request without columns may be left out. Numbers keep their digits.
    /// - Throws: `ServingError.request` if the text is no such JSON; others if the request itself cannot be read.
    public func outcomes(json text: ArraySlice<UInt8>) throws(ServingError) -> [Result<Float, ServingError>] {
        var request: Result<[RawValue?], ServingError>?
        var rows = emptyRows()
        var problems = RowProblems()
        var hasCandidates = false
        do throws(JSONRow.Problem) {
            try JSONRow.parse(text) { json throws(JSONRow.Problem) in
                try json.members { name, json throws(JSONRow.Problem) in
                    switch name {
                    case "request" where request == nil: request = try requestNames.read(&json, number: 0)
                    case "candidates" where !hasCandidates:
                        hasCandidates = true
                        try json.elements { json throws(JSONRow.Problem) in
                            switch try candidateNames.read(&json, number: rows.count) {
                            case .success(let row): rows.append(read: row)
                            case .failure(let problem):
                                problems.add(problem, row: rows.count)
                                rows.appendMissing()
                            }
                        }
                    default: throw JSONRow.Problem(what: "it has a member ‘\(name.prefix(200))’")
                    }
                }
            }
        } catch {
            throw .request(error.what)
        }
        guard hasCandidates else { throw .request("it has no candidates") }
        guard let request else {
            return try outcomes(request: requestNames.values(of: [:], row: 0), candidates: rows, problems)
        }
        return try outcomes(request: request.get().map { $0 ?? .missing }, candidates: rows, problems)
    }
}
