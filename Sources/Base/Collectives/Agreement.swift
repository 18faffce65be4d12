/// Ranks that end together where one cannot go on.
extension Collective {
    /// Ends on all ranks where one has failed.
    ///
    /// - Throws: the rank's own failure, or `CollectiveError.failed` with that of another.
    public func agree(_ failure: (any Error)?) throws {
        guard isShared else {
            if let failure { throw failure }
            return
        }
        let reasons = try gather(Array((failure.map { "\($0)" } ?? "").utf8), .long)
        if let failure { throw failure }
        guard let rank = reasons.firstIndex(where: { !$0.isEmpty }) else { return }
        throw CollectiveError.failed(
            rank: rank, host: hosts[rank], reason: String(decoding: reasons[rank], as: UTF8.self))
    }

    /// Does what every rank does by itself, and ends on all ranks where one has failed.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        let result = Swift.Result(catching: body)
        var failure: (any Error)?
        if case .failure(let error) = result { failure = error }
        try agree(failure)
        return try result.get()
    }

    /// The first text that a rank has, on all of them.
    public func first(_ text: String?) throws -> String? {
        guard isShared else { return text }
        return try gather(Array((text ?? "").utf8)).first { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
    }
}
