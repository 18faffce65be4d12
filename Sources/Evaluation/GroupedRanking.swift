/// The AUC within groups (usually users), averaged by impressions: how well a net orders what one user saw.
struct GroupedRanking {
    /// Mean of the groups' AUC weighted by their impressions; `nil` when no group has both a click and a non-click.
    let gauc: Double?
    /// How many groups had both classes and so were counted.
    let countedGroups: Int

    /// O(n log n). Lengths are equal and scores finite: ``EvaluationReport`` has looked.
    init(scores: [Double], labels: [UInt8], groups: [UInt64], weights: [UInt32]) {
        struct Row {
            var group: UInt64
            var score: Double
            var label: UInt8
            var weight: Int
        }
        var rows: [Row] = []
        rows.reserveCapacity(labels.count)
        // Group 0 stands for rows that have none.
        for row in labels.indices where groups[row] != 0 {
            let weight = weights.isEmpty ? 1 : Int(weights[row])
            guard weight > 0 else { continue }
            rows.append(Row(group: groups[row], score: scores[row], label: labels[row], weight: weight))
        }
        rows.sort { ($0.group, $0.score) < ($1.group, $1.score) }

        var weighted = 0.0
        var weight = 0
        var counted = 0
        var start = 0
        while start < rows.count {
            var end = start + 1
            while end < rows.count, rows[end].group == rows[start].group { end += 1 }
            // Most groups saw no click at all; they are skipped before anything is built for them.
            if rows[start..<end].contains(where: { $0.label == 1 }) {
                let ranking = ScoreRanking(
                    ascending: rows[start..<end].map {
                        ScoreRanking.Row(score: $0.score, label: $0.label, weight: $0.weight)
                    })
                if let auc = ranking.auc {
                    let impressions = ranking.clicks + ranking.others
                    weighted += auc * Double(impressions)
                    weight += impressions
                    counted += 1
                }
            }
            start = end
        }
        gauc = weight > 0 ? weighted / Double(weight) : nil
        countedGroups = counted
    }
}
