extension KeySearch {
    /// The pairs that were tried, one after the other.
    struct Trials {
        var trial: KeyTrial?
        let notice: (String) -> Void
        let newest: () throws -> ClickSample?
        private(set) var pairs: [Pair] = []
        private var timeouts = 0

        init(_ trial: KeyTrial?, notice: @escaping (String) -> Void, newest: @escaping () throws -> ClickSample?) {
            (self.trial, self.notice, self.newest) = (trial, notice, newest)
        }

        private var hasGivenUp: Bool { timeouts >= KeySearch.mostTimeouts }

        /// Whether no column alone names the impressions of the clicks; without clicks nothing speaks against one.
        var needsMore: Bool {
            guard let best else { return true }
            guard !hasGivenUp, let result = best.result, result.clicks > 0 else { return false }
            return result.share < 0.9 || !result.isUnique || !result.isPrompt
        }

        /// The first of those with the highest score.
        var best: Pair? {
            pairs.reduce(nil as Pair?) { best, pair in
                if let best, best.score >= pair.score { best } else { pair }
            }
        }

        mutating func run(_ candidates: [Pair]) throws {
            var hasFound = false
            for (number, candidate) in candidates.enumerated() {
                var pair = candidate
                notice(
                    "looking for impressions by \(pair.description), "
                        + "\(number + 1) of at most \(candidates.count)")
                if let trial, !hasGivenUp {
                    pair.result = try trial.result(pair.id, pair.reference)
                    if pair.result == nil, !trial.isOfNewest, let sample = try newest() {
                        self.trial = KeyTrial(
                            source: trial.source, sample: sample, isOfNewest: true, milliseconds: trial.milliseconds,
                            connection: trial.connection)
                        pair.result = try self.trial?.result(pair.id, pair.reference)
                    }
                    if pair.result == nil { timeouts += 1 }
                }
                pairs.append(pair)
                let isSettled = pair.result?.explains == true || pair.isForeignKey && pair.result?.clicks == 0
                let hasMoreKeys = number + 1 < candidates.count && candidates[number + 1].isForeignKey
                if isSettled { hasFound = true }
                if hasFound, !hasMoreKeys { return }
            }
        }
    }
}
