// What people ask of a rule whose name they meet for the first time, and of one that held their model back.
extension PromotionGate.Rule {
    /// A sentence on what the rule guards against.
    public var meaning: String {
        switch name {
        case "not_inferior":
            "The new light net is not worse than the live one on the same impressions, by more than promotion.margin."
        case "unseen": "The live version was not trained on the day, so that the comparison is fair."
        case "pcoc": "As many clicks are predicted as come: 1 is calibrated, 1.1 is 10 % too many."
        case "clicks": "The day has enough clicks to judge by."
        case "finite": "The day gives every metric a value."
        case "served_net": "The light net to be served is the one that the job file names, or one that is fast enough."
        case "p99": "The largest request is scored fast enough in 99 of 100 cases."
        case "coverage": "No feature has lost its values since training: a column that stays empty spoils the scores."
        case "constant": "No feature that had several values has only one now."
        case "beats_logistic_regression", "beats_logistic_regression_log_loss":
            "The net is worth more than the simplest model of the same features."
        case "unchallenged": "Nobody deployed another version while this one was judged."
        default: "A rule of the promotion gate."
        }
    }

    /// What to look at after the rule held a version back, and what to type.
    public func advice(version: Int) -> String {
        switch name {
        case "not_inferior" where value == nil:
            "nothing to compare with, so somebody has to decide: \(force(version, "WHY"))"
        case "not_inferior":
            "it may be worse, or the day has too few clicks to tell: the next night judges anew. After an edit of the job "
                + "file look at what it changed; to serve it all the same: \(force(version, "WHY"))"
        case "unseen":
            "the live version knows the day's clicks: judge on a later day (rocket nightly), or \(force(version, "WHY"))"
        case "pcoc":
            "the click rate has moved since the training days, or clicks are missing: compare them (rocket status "
                + "--accounts); if the day is as it should be: \(force(version, "WHY"))"
        case "clicks":
            "if such days are usual, lower promotion.least_clicks; once: \(force(version, "FEW CLICKS"))"
        case "finite": "look at the day: rocket status --accounts"
        case "served_net":
            "raise serve.largest_within_p99_us, or add a smaller net to nets.lights; to serve it all the same: "
                + force(version, "WHY")
        case "p99": "raise promotion.highest_p99_us, or make nets.light smaller"
        case "coverage", "constant":
            "look at the feature's column in the logs of the day, correct them and run rocket backfill --job FILE --stale; if the "
                + "column is to stay so, take the feature out of the job file"
        case "beats_logistic_regression", "beats_logistic_regression_log_loss":
            "look for better settings: rocket experiment --search; to serve it all the same: \(force(version, "WHY"))"
        case "unchallenged": "look at what is live now: rocket models list"
        default: "to serve it all the same: \(force(version, "WHY"))"
        }
    }

    private func force(_ version: Int, _ reason: String) -> String {
        "rocket models promote \(version) --force --reason '\(reason)'"
    }
}
