import Foundation

/// Why the combination of two columns is worth a separate feature.
struct CrossEvidence: Equatable, Sendable {
    /// Positions of the columns.
    var first, second: Int
    /// Different pairs.
    var pairs: Int
    /// Share of the newest fifth's rows whose pair came before.
    var seen: Double
    /// The share that there would be if the columns had nothing to do with one another.
    var seenByChance: Double
    /// Share of the newest fifth's log loss that the pair's own click rate takes away, where each column's is known.
    var gain: Double
    /// The gain in its standard errors.
    var certainty: Double
}

/// Looks for pairs of columns whose combination tells more of a click than both of them.
///
/// What is known without the pair are the logits of an additive model; the click rate of each pair in the rows before,
/// drawn towards what these logits expected, is tried on the newest fifth of the rows.
struct CrossSearch {
    let rows: RecentRows
    /// Columns that name something and have many values.
    let candidates: [Int]

    /// Crosses of one draft.
    static let most = 3
    /// A smaller part of the log loss is not worth an embedding per pair.
    static let leastGain = 0.01
    static let leastCertainty = 4.0
    /// Pairs that hardly come again cost memory and tell nothing.
    static let leastSeen = 0.1
    private static let leastPairs = 100
    private static let leastRows = 2_000

    /// The crosses that are worth it, the best first; each is judged on top of those before.
    ///
    /// Complexity: O(rows · (columns + candidates²)).
    func found() -> [CrossEvidence] {
        let known = rows.known
        let clicks = rows.clicked[..<known].count { $0 }
        let judged = rows.clicked[known...].count { $0 }
        guard rows.count >= Self.leastRows, clicks > 0, clicks < known, judged > 0, judged < rows.count - known else {
            return []
        }
        var logits = AdditiveModel.logits(rows)
        let singles = candidates.map { KeyGroups(rows, $0) }
        var pairs = possiblePairs(singles)
        var found: [CrossEvidence] = []
        while found.count < Self.most, !pairs.isEmpty {
            // What a column's own rate would correct is no merit of the pair.
            let alone = singles.map { max(0, RateTrial($0, logits, rows).gain) }
            let trials = pairs.map { RateTrial($0.groups, logits, rows) }
            func gain(_ index: Int) -> Double {
                trials[index].gain - max(alone[pairs[index].first], alone[pairs[index].second])
            }
            guard let best = pairs.indices.max(by: { gain($0) < gain($1) }) else { break }
            let trial = trials[best]
            let evidence = CrossEvidence(
                first: candidates[pairs[best].first], second: candidates[pairs[best].second],
                pairs: pairs[best].groups.count, seen: pairs[best].seen, seenByChance: pairs[best].seenByChance,
                gain: gain(best) / trial.logLoss, certainty: gain(best) / max(trial.standardError, 1e-12))
            guard evidence.gain >= Self.leastGain, evidence.certainty >= Self.leastCertainty else { break }
            logits = trial.corrected(pairs[best].groups, logits, rows)
            pairs.remove(at: best)
            found.append(evidence)
        }
        return found
    }

    private struct Pair {
        /// Positions among the candidates.
        var first, second: Int
        var groups: KeyGroups
        var seen, seenByChance: Double
    }

    /// Pairs that come again, and are more than another name of one of their columns.
    private func possiblePairs(_ singles: [KeyGroups]) -> [Pair] {
        let counts = singles.map { $0.counts(upTo: rows.known) }
        var pairs: [Pair] = []
        for second in candidates.indices {
            for first in 0..<second {
                let groups = KeyGroups(rows, candidates[first], candidates[second])
                guard groups.count >= Self.leastPairs,
                    Double(groups.count) > 1.05 * Double(max(singles[first].count, singles[second].count))
                else { continue }
                let before = groups.counts(upTo: rows.known)
                var (seen, chance) = (0, 0.0)
                for row in rows.known..<rows.count where groups.numbers[row] >= 0 {
                    if before[Int(groups.numbers[row])] > 0 { seen += 1 }
                    let left = Double(counts[first][Int(singles[first].numbers[row])])
                    let right = Double(counts[second][Int(singles[second].numbers[row])])
                    chance += 1 - exp(-left * right / Double(rows.known))
                }
                let share = Double(seen) / Double(rows.count - rows.known)
                guard share >= Self.leastSeen else { continue }
                pairs.append(
                    Pair(
                        first: first, second: second, groups: groups, seen: share,
                        seenByChance: chance / Double(rows.count - rows.known)))
            }
        }
        return pairs
    }
}
