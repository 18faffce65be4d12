import Foundation

/// Why a key's earlier days are worth a feature.
struct HistoryEvidence: Equatable, Sendable {
    /// Positions of the key's columns: one or two.
    var key: [Int]
    /// Share of the tried rows whose key was shown on a mature day.
    var seen: Double
    /// Share of the tried rows' log loss that it takes away, on top of those before it.
    var gain: Double
    /// The gain in its standard errors.
    var certainty: Double
}

/// Looks for keys whose earlier days tell more of a click than all columns do.
///
/// They are tried by ``HistoryTrial``, with the clock of the nightly job.
struct HistorySearch {
    let rows: RecentRows
    /// Columns that name something.
    let candidates: [Int]
    /// Those of them that name a person; their pairs with the other candidates are keys too.
    let persons: [Int]
    /// A row of day D knows the days up to D − lag.
    let lag: Int

    /// History features of one draft.
    static let most = 4
    /// A smaller part of the log loss is not worth the counting; of a further history, six more inputs.
    static let leastGain = 0.001
    static let leastFurtherGain = 0.002
    static let leastCertainty = 2.0
    /// Pairs that hardly come again tell nothing.
    static let leastSeen = 0.1
    private static let leastRows = 2_000

    /// What was found.
    struct Found: Equatable, Sendable {
        var keys: [HistoryEvidence]
        var spans: [HistorySpan]
        /// Share of the tried rows' log loss that all of them take away, and that in its standard errors.
        var gain, certainty: Double
        /// Days that they were tried on, and days of the log before the judged one.
        var triedDays, days: Int
    }

    /// The keys that are worth it, the best first; each is judged on top of those before. Nil: none is, or the log is
    /// too short to tell.
    ///
    /// Complexity: O(keys · rows · columns).
    func found() -> Found? {
        let days = rows.daySpans
        guard rows.count >= Self.leastRows, let first = days.first, let last = days.last,
            let trial = HistoryTrial(rows, lag: lag),
            let form = Self.forms(days: last.day - first.day + 1, lag: lag).first
        else { return nil }
        let clicks = rows.clicked[trial.tried].count { $0 }
        guard clicks > 0, clicks < trial.tried.count else { return nil }
        let forms = Self.forms(days: last.day - first.day + 1, lag: lag)
        let before = trial.losses([])
        let mean = before.reduce(0, +) / Double(before.count)
        let alone = keys(trial).map { key in
            (key: key, gain: HistoryTrial.gain(trial.losses(trial.numbers(key.groups, form)), before))
        }
        var (keys, evidence, losses) = ([KeyGroups](), [HistoryEvidence](), before)
        var numbers: [[Float]] = []
        for (key, gain) in alone.sorted(by: { $0.gain.mean > $1.gain.mean })
        where keys.count < Self.most && gain.mean >= Self.leastGain * mean {
            let added = trial.numbers(key.groups, form)
            let next = trial.losses(numbers + added)
            let gain = HistoryTrial.gain(next, losses)
            let least = keys.isEmpty ? Self.leastGain : Self.leastFurtherGain
            guard gain.mean >= least * mean, gain.certainty >= Self.leastCertainty else { continue }
            keys.append(key.groups)
            numbers += added
            evidence.append(
                HistoryEvidence(
                    key: key.columns, seen: key.seen, gain: gain.mean / mean, certainty: gain.certainty))
            losses = next
        }
        guard !keys.isEmpty else { return nil }
        var spans = form
        for other in forms.dropFirst() {
            let next = trial.losses(keys.flatMap { trial.numbers($0, other) })
            guard HistoryTrial.gain(next, losses).certainty >= Self.leastCertainty else { continue }
            (spans, losses) = (other, next)
        }
        let gain = HistoryTrial.gain(losses, before)
        return Found(
            keys: evidence, spans: spans, gain: gain.mean / mean, certainty: gain.certainty,
            triedDays: trial.triedDays, days: days.count)
    }

    private struct Key {
        var columns: [Int]
        var groups: KeyGroups
        var seen: Double
    }

    /// Columns, and pairs of a person's column with another one, that come again.
    private func keys(_ trial: HistoryTrial) -> [Key] {
        var columns = candidates.map { [$0] }
        for person in persons { columns += candidates.filter { !persons.contains($0) }.map { [person, $0] } }
        return columns.compactMap { columns in
            let groups = KeyGroups(rows, columns[0], columns.count > 1 ? columns[1] : nil)
            let seen = trial.seen(groups)
            return seen >= Self.leastSeen ? Key(columns: columns, groups: groups, seen: seen) : nil
        }
    }

    /// What keys are tried with first, and what else may be better for those found: windows that the log is long enough
    /// for.
    private static func forms(days: Int, lag: Int) -> [[HistorySpan]] {
        let windows = [1, 3, 7, 14, 28].filter { $0 <= days - lag }
        guard let longest = windows.last else { return [] }
        guard windows.count > 1 else { return [[.days(longest)]] }
        let short = windows[max(0, windows.count - 3)]
        return [[.days(short), .days(longest)], [.days(longest)], [.halfLife(short)]]
    }
}
