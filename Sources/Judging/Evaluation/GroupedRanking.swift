/// The AUC within groups (usually users), averaged by impressions: how well a net orders what one user saw.
struct GroupedRanking {
    /// Mean of the groups' AUC weighted by their impressions; `nil` when no group has both a click and a non-click.
    let gauc: Double?
    /// As ``EvaluationReport/gaucStandardError``.
    let standardError: Double?
    /// How many groups had both classes and so were counted.
    let countedGroups: Int

    /// O(n log n).
    ///
    /// - Parameter excess: is given each group; rows that have none as one each.
    init(
        _ rows: ScoredRows<some BinaryFloatingPoint>, excess: inout ExcessLoss?, space: ScratchSpace
    ) throws(EvaluationError) {
        var sort = ExternalSort<RankedRow>(space)
        try rows.forEach { row throws(EvaluationError) in
            guard row.weight > 0 else { return }
            // Group 0 stands for rows that have none.
            guard row.group != 0 else {
                excess?.add(row)
                return
            }
            try sort.add(RankedRow(part: row.group, score: row.score, label: row.label, weight: row.weight))
        }
        var mean = GroupMean()
        var group: UInt64 = 0
        var wins = WinCount()
        var groupExcess = 0.0
        func endGroup() {
            guard wins.clicks + wins.others > 0 else { return }
            if let auc = wins.auc { mean.add(auc, impressions: wins.clicks + wins.others) }
            excess?.add(group: groupExcess)
            (wins, groupExcess) = (WinCount(), 0)
        }
        try sort.forEachRun { run throws(EvaluationError) in
            if run.part != group { endGroup() }
            group = run.part
            wins.add(clicks: run.clicks, others: run.others)
            if let excess {
                groupExcess += excess.excess(probability: run.score, clicks: run.clicks, others: run.others)
            }
        }
        endGroup()
        gauc = mean.value
        standardError = mean.standardError
        countedGroups = mean.groups
    }
}

/// A mean of groups by their impressions, and its error. Squared deviations are summed as in West, "Updating Mean and
/// Variance Estimates" (1979), so that they do not cancel where the groups hardly differ.
private struct GroupMean {
    private(set) var groups = 0
    private var weighted = 0.0
    private var impressions = 0
    /// Groups by their squared impressions: the sum of these, their mean, and their squared deviations from that.
    private var squares = 0.0
    private var centre = 0.0
    private var deviations = 0.0

    mutating func add(_ auc: Double, impressions count: Int) {
        groups += 1
        weighted += auc * Double(count)
        impressions += count
        let weight = Double(count) * Double(count)
        squares += weight
        let step = (auc - centre) * weight / squares
        deviations += weight * (auc - centre) * (auc - centre - step)
        centre += step
    }

    var value: Double? { groups > 0 ? weighted / Double(impressions) : nil }

    var standardError: Double? {
        guard groups > 1, let value else { return nil }
        // About the mean by impressions, which is another than the centre.
        let residuals = deviations + squares * (centre - value) * (centre - value)
        return (Double(groups) / Double(groups - 1) * residuals).squareRoot() / Double(impressions)
    }
}
