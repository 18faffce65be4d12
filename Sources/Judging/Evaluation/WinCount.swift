/// A count, over runs of equal scores in ascending order, of the pairs in which a click outranks a non-click, a tie
/// counting one half (midranks). In integers, so the AUC is exact up to its last division.
struct WinCount {
    /// Twice the wins.
    private(set) var doubledWins: UInt128 = 0
    /// Clicks in the runs so far.
    private(set) var clicks = 0
    /// Impressions without a click in the runs so far.
    private(set) var others = 0

    mutating func add(clicks: Int, others: Int) {
        let (high, low) = clicks.multipliedFullWidth(by: 2 * self.others + others)
        doubledWins += UInt128(UInt64(high)) << 64 | UInt128(low)
        self.clicks += clicks
        self.others += others
    }

    /// Area under the ROC curve; nil if only one class occurred.
    var auc: Double? {
        guard clicks > 0, others > 0 else { return nil }
        return Double(doubledWins) / (2 * Double(clicks) * Double(others))
    }
}
