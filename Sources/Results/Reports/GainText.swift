import Plots

/// A difference between two nets in words that claim no more than its error allows.
public enum GainText {
    /// `better than alone by 0.0031 ± 0.0005 AUC (log loss −0.0010 ± 0.0002)`, or `exactly as alone`.
    ///
    /// - Parameters:
    ///   - than: The other net: `alone`, `logistic regression`.
    ///   - auc: The difference and its standard error, nil if there is none.
    public static func sentence(
        than other: String, auc: (difference: Double, error: Double?),
        logLoss: (difference: Double, error: Double?)?
    ) -> String {
        // The same scores, not merely equally good ones: then neither differs for any user or seed.
        if let logLoss, [auc, logLoss].allSatisfy({ $0.difference == 0 && ($0.error ?? 0) == 0 }) {
            return "exactly as \(other)"
        }
        let loss = logLoss.map { " (log loss \(NumberText.signed($0.difference))\(margin($0.error)))" } ?? ""
        let own = margin(auc.error)
        guard let error = auc.error, abs(auc.difference) > clear * error, auc.difference != 0 else {
            let verdict =
                auc.error == nil ? "against \(other), with no error known" : "not clearly different from \(other)"
            return "\(verdict): \(NumberText.signed(auc.difference))\(own) AUC\(loss)"
        }
        let word = auc.difference > 0 ? "better" : "worse"
        return "\(word) than \(other) by \(NumberText.fixed(abs(auc.difference)))\(own) AUC\(loss)"
    }

    /// The number of standard errors beyond which a difference is not attributed to chance.
    private static let clear = 1.96

    private static func margin(_ error: Double?) -> String { error.map { " ± \(NumberText.fixed($0))" } ?? "" }
}

extension ModelReport {
    /// The nets' gains, one line each; empty without baselines.
    public var gains: [String] {
        [
            (servedNet, "light_minus_light_alone", "alone"), ("booster", "booster_minus_booster_alone", "alone"),
            (servedNet, "light_minus_logistic_regression", "logistic regression"),
        ].compactMap { net, name, other in
            comparison(name, "auc").map { auc in
                "\(net): "
                    + GainText.sentence(
                        than: other, auc: (auc.estimate, auc.standardError),
                        logLoss: comparison(name, "log_loss").map { ($0.estimate, $0.standardError) })
            }
        }
    }
}

extension ExperimentLine {
    /// A net's gains in its arm, over itself alone and over logistic regression; empty if neither is known.
    public var gains: [String] {
        [(gain, "alone"), (overLogisticRegression, "logistic regression")].compactMap { gain, other in
            guard let gain, let auc = gain.auc else { return nil }
            return "\(net) in \(arm): "
                + GainText.sentence(
                    than: other, auc: (auc, gain.aucStandardError),
                    logLoss: gain.logLoss.map { ($0, gain.logLossStandardError) })
        }
    }
}
