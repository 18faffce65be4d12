/// What turns encoded rows into click probabilities. Used by one thread at a time.
package protocol ProbabilityScorer: AnyObject {
    /// Writes the click probability of each candidate to `probabilities`, which has room for them; NaN where the logit
    /// is no finite number.
    ///
    /// - Parameters:
    ///   - request: one row of the features in common.
    ///   - candidates: a row each of the other features.
    func score(request: SparseRows, candidates: SparseRows, into probabilities: inout [Float])
}
