/// The AUC within groups (usually users), averaged by impressions: how well a net orders what one user saw.
struct GroupedRanking {
    /// Mean of the groups' AUC weighted by their impressions; `nil` when no group has both a click and a non-click.
    let gauc: Double?
    /// How many groups had both classes and so were counted.
    let countedGroups: Int

    /// O(n log n).
    init(_ rows: ScoredRows<some BinaryFloatingPoint>, space: ScratchSpace) throws(EvaluationError) {
        var sort = ExternalSort<RankedRow>(space)
        // Group 0 stands for rows that have none.
        try rows.forEach { row throws(EvaluationError) in
            guard row.group != 0, row.weight > 0 else { return }
            try sort.add(RankedRow(part: row.group, score: row.score, label: row.label, weight: row.weight))
        }
        var weighted = 0.0
        var weight = 0
        var counted = 0
        var group: UInt64 = 0
        var wins = WinCount()
        func endGroup() {
            if let auc = wins.auc {
                weighted += auc * Double(wins.clicks + wins.others)
                weight += wins.clicks + wins.others
                counted += 1
            }
            wins = WinCount()
        }
        try sort.forEachRun { run throws(EvaluationError) in
            if run.part != group { endGroup() }
            group = run.part
            wins.add(clicks: run.clicks, others: run.others)
        }
        endGroup()
        gauc = weight > 0 ? weighted / Double(weight) : nil
        countedGroups = counted
    }
}
