/// Agreement among ranks: when one cannot continue, all of them stop.
extension Collective {
    /// Throws on every rank if any rank has failed.
    ///
    /// - Throws: This rank's own failure, or `CollectiveError.failed` with another rank's.
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

    /// Runs the body on every rank separately and throws on all of them if it failed on any.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        let result = Swift.Result(catching: body)
        var failure: (any Error)?
        if case .failure(let error) = result { failure = error }
        try agree(failure)
        return try result.get()
    }

    /// Returns the first rank's text that is not nil, on every rank.
    public func first(_ text: String?) throws -> String? {
        guard isShared else { return text }
        return try gather(Array((text ?? "").utf8)).first { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
    }
}
