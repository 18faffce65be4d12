import Foundation

/// Scores rows that have nothing in common, thousands at a time, as those of a day.
package final class WholeRowScorer: ProbabilityScorer {
    private let scorer: BranchScorer

    package init(_ branch: Branch) {
        scorer = BranchScorer(branch)
    }

    /// - Parameter request: is not read; candidates have all features.
    package func score(request: SparseRows, candidates: SparseRows, into probabilities: inout [Float]) {
        scorer.score(candidates)
        for row in 0..<candidates.count {
            let logit = scorer.logits[row]
            probabilities[row] = logit.isFinite ? 1 / (1 + exp(-logit)) : .nan
        }
    }
}
