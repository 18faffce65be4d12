import Evaluation
import Foundation
import Training

extension NetJudge {
    /// Judges by log loss, and reports AUC too.
    ///
    /// - Parameter search: judges nothing where the held-out rows have too few of a class to tell epochs apart.
    init(search: EpochSearch?) {
        self.init { labels, logits in
            let clicks = labels.reduce(0) { $0 + Int($1) }
            let fewest = min(clicks, labels.count - clicks)
            guard !labels.isEmpty, search.map({ fewest >= $0.fewestPerClass }) ?? true else { return nil }
            // H(y, σ(z)) = log(1 + exp(z)) − y z, without overflow.
            let sum = zip(labels, logits).reduce(0.0) { sum, row in
                let z = Double(row.1)
                return sum + max(z, 0) - Double(row.0) * z + log1p(exp(-abs(z)))
            }
            let rate = Double(clicks) / Double(labels.count)
            let entropy = [rate, 1 - rate].reduce(0.0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
            return Judgement(
                loss: sum / Double(labels.count), auc: try EvaluationReport.auc(of: logits, labels: labels),
                constantLoss: entropy)
        }
    }
}
