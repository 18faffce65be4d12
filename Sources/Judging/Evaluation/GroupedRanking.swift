/// The AUC within groups (usually users), weighted by impressions: how well a net orders what one user saw.
struct GroupedRanking {
    /// Mean of the groups' AUC weighted by their impressions; nil if no group has both a click and a non-click.
    let gauc: Double?
    /// As ``EvaluationReport/gaucStandardError``.
    let standardError: Double?
    /// The number of groups that had both classes and were counted.
    let countedGroups: Int

    /// O(n log n).
    ///
    /// - Parameter excess: Receives each group; a row without one counts as a group.
    init(
        _ rows: ScoredRows<some BinaryFloatingPoint>, excess: inout ExcessLoss?, space: ScratchSpace
    ) throws(EvaluationError) {
        var sort = ExternalSort<RankedRow>(space)
        try rows.forEachRow { row throws(EvaluationError) in
            guard row.weight > 0 else { return }
            // Group 0 stands for rows without a group.
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

/// A mean of groups weighted by impressions, and its error. Squared deviations are summed as in West, "Updating Mean
/// and Variance Estimates" (1979), so that they do not cancel when the groups hardly differ.
private struct GroupMean {
    private(set) var groups = 0
    private var weighted = 0.0
    private var impressions = 0
    /// Groups weighted by squared impressions: the sum of the weights, their mean, and the squared deviations from it.
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
        // Relative to the mean by impressions, which differs from the centre.
        let residuals = deviations + squares * (centre - value) * (centre - value)
        return (Double(groups) / Double(groups - 1) * residuals).squareRoot() / Double(impressions)
    }
}
