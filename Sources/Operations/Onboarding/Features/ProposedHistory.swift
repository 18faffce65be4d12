import Foundation

/// Counts and click rates of earlier days as features, with what speaks for them.
struct ProposedHistory: Equatable, Sendable {
    struct Key: Equatable, Sendable {
        /// One or two.
        var columns: [String]
        var evidence: HistoryEvidence
    }

    var keys: [Key]
    var spans: [HistorySpan]
    var gain, certainty: Double
    var triedDays: Int
    /// Whether rows of all days were tried, or some of each day's.
    var isOfAllRows: Bool

    /// Nil where no key's earlier days pay, or the log is too short to tell.
    init?(_ features: [FeatureProposal], _ sample: LogSample, persons: [String]) {
        let kept = KeptColumns(features, sample)
        let search = HistorySearch(
            rows: kept.rows(of: sample.month), candidates: kept.naming,
            persons: kept.naming.filter { persons.prefix(2).contains(kept.columns[$0]) }, lag: sample.historyLag)
        guard let found = search.found() else { return nil }
        keys = found.keys.map { evidence in
            Key(columns: evidence.key.map { kept.columns[$0] }, evidence: evidence)
        }
        (spans, gain, certainty, triedDays) = (found.spans, found.gain, found.certainty, found.triedDays)
        isOfAllRows = sample.isWhole && sample.month.count == sample.recent.count
    }

    /// Why.
    var remark: String {
        "history of \(keys.map { $0.columns.joined(separator: " × ") }.joined(separator: ", ")) is proposed: \(evidence)"
    }

    /// What all of them take away.
    var evidence: String {
        "on \(triedDays) days before the judged one it takes \(shortPercent(gain)) off the log loss of a logistic "
            + "regression over all columns (\(certainty.formatted(.number.precision(.fractionLength(1)))) standard "
            + "errors\(isOfAllRows ? "" : "; counted on some of the rows, so all of them tell more"))"
    }
}

extension ProposedHistory.Key {
    /// Why this key.
    var remark: String {
        let name = columns.count == 1 ? "a value of \(columns[0])" : "a pair"
        return "\(shortPercent(evidence.seen)) of later rows have \(name) that was shown on a mature day; "
            + "\(shortPercent(evidence.gain)) off the log loss"
    }
}

extension LogSample {
    /// Days from a row's day back to the newest one whose labels are mature when it begins.
    var historyLag: Int { 1 + ((attributionWindow?.seconds ?? 1_800) + 86_399) / 86_400 }
}
