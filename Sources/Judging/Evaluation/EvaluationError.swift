/// The reason why scored impressions cannot be evaluated.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// There are no rows.
    case noRows
    /// Two columns that describe the same rows have different lengths; an empty `groups` means "no groups" and is fine.
    case lengthsDiffer(what: String, count: Int, labels: Int)
    /// A label other than 0 and 1.
    case label(row: Int, value: UInt8)
    /// A score that is NaN or infinite.
    case nonFiniteScore(row: Int, value: Double)
    /// A probability outside [0, 1].
    case notAProbability(row: Int, value: Double)
    /// There are more click/non-click pairs than the exact sums of an AUC's variance can hold.
    case tooManyPairs(clicks: Int, others: Int)
    /// There are more clusters than a sorted row has bits for.
    case tooManyClusters(most: Int)
    /// The folder for rows that do not fit into memory cannot be used.
    case scratch(folder: String, call: String, reason: String)

    public var description: String {
        switch self {
        case .noRows:
            "there are no impressions to evaluate; choose a day that has some"
        case .lengthsDiffer(let what, let count, let labels):
            "there are \(count) \(what) for \(labels) labels; pass one for each impression"
        case .label(let row, let value):
            "row \(row): the label is \(value), expected 0 or 1; look at how the clicks were joined"
        case .nonFiniteScore(let row, let value):
            "row \(row): the score is \(value), expected a finite number; the net's weights or its input hold a NaN "
                + "or an infinity, so lower the learning rate or look for a broken numeric feature"
        case .notAProbability(let row, let value):
            "row \(row): the score is \(value), expected a probability in 0…1; apply the sigmoid to logits first"
        case .tooManyPairs(let clicks, let others):
            "\(clicks) clicks and \(others) impressions without one make more pairs than an exact AUC can "
                + "count (2^63); judge a part of the rows, or lower the weights"
        case .tooManyClusters(let most):
            "there are more than \(most) clusters, the most that can be drawn; name a coarser column in "
                + "evaluation.group"
        case .scratch(let folder, let call, let reason):
            "rows that do not fit into memory cannot be stored in folder \(folder) (\(call): \(reason)); make it "
                + "writable and free some disk there, 50 bytes per row and 8 more per net and sliced feature, or name "
                + "another folder in cache.directory"
        }
    }
}
