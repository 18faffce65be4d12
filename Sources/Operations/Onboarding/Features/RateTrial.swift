import Foundation

/// The rows of a log, grouped by a key: the value of a column, or of two.
struct KeyGroups: Sendable {
    /// The key's number for each row; −1: a part of it is missing.
    private(set) var numbers: [Int32]
    private(set) var count: Int

    /// Groups the rows by the values of one column, or of two.
    init(_ rows: RecentRows, _ first: Int, _ second: Int? = nil) {
        var keys = KeyNumbers()
        let left = rows.codes[first]
        let right = second.map { rows.codes[$0] }
        numbers = left.indices.map { row in
            guard left[row] != 0, right?[row] != 0 else { return -1 }
            return keys.number(of: UInt64(left[row]) << 32 | UInt64(right?[row] ?? 0))
        }
        count = keys.count
    }

    /// How often each key comes in the first rows.
    func counts(upTo end: Int) -> [Int32] {
        var counts = [Int32](repeating: 0, count: count)
        for number in numbers[..<end] where number >= 0 { counts[Int(number)] += 1 }
        return counts
    }
}

/// What the click rates of keys add to given logits.
///
/// A key's rows before a row say how many clicks there were and how many the logits expected; the ratio of the odds,
/// drawn towards 1, corrects the row's logit. How strongly it is drawn is chosen on the rows before the newest fifth;
/// that fifth is judged by what the rows before it tell.
struct RateTrial {
    /// Mean log loss of the newest fifth by the logits alone.
    private(set) var logLoss = 0.0
    /// What the correction takes away from it, with its standard error over the rows.
    private(set) var gain = 0.0
    private(set) var standardError = 0.0
    /// Rows that pull towards the expected rate; the less, the more a key's few rows are believed.
    private var pull = strengths[0]

    private static let strengths: [Float] = [1, 4, 16, 64]
    /// Where choosing begins: at half of the rows.
    private static func start(_ rows: RecentRows) -> Int { rows.known - rows.known * 3 / 8 }

    init(_ groups: KeyGroups, _ logits: [Float], _ rows: RecentRows) {
        var tallies = [Tally](repeating: Tally(), count: groups.count)
        var tried = [Double](repeating: 0, count: Self.strengths.count)
        let start = Self.start(rows)
        for row in 0..<rows.known where groups.numbers[row] >= 0 {
            let key = Int(groups.numbers[row])
            if row >= start, tallies[key].rows > 0 {
                let before = Self.loss(logits[row], rows.clicked[row])
                for (index, strength) in Self.strengths.enumerated() {
                    let logit = logits[row] + tallies[key].correction(strength)
                    tried[index] += Double(before - Self.loss(logit, rows.clicked[row]))
                }
            }
            tallies[key].add(logits[row], rows.clicked[row])
        }
        let best = tried.indices.max { tried[$0] < tried[$1] } ?? 0
        pull = Self.strengths[best]
        judge(tallies, groups, logits, rows)
    }

    private mutating func judge(_ tallies: [Tally], _ groups: KeyGroups, _ logits: [Float], _ rows: RecentRows) {
        let count = Double(rows.count - rows.known)
        var (losses, gains, squares) = (0.0, 0.0, 0.0)
        for row in rows.known..<rows.count {
            let loss = Self.loss(logits[row], rows.clicked[row])
            losses += Double(loss)
            let key = groups.numbers[row]
            guard key >= 0, tallies[Int(key)].rows > 0 else { continue }
            let gain = Double(
                loss - Self.loss(logits[row] + tallies[Int(key)].correction(pull), rows.clicked[row]))
            gains += gain
            squares += gain * gain
        }
        guard count > 1 else { return }
        logLoss = losses / count
        gain = gains / count
        standardError = (max(0, squares / count - gain * gain) / (count - 1)).squareRoot()
    }

    /// The logits with this correction, each by the rows before it alone.
    func corrected(_ groups: KeyGroups, _ logits: [Float], _ rows: RecentRows) -> [Float] {
        var tallies = [Tally](repeating: Tally(), count: groups.count)
        var corrected = logits
        for row in 0..<rows.count where groups.numbers[row] >= 0 {
            let key = Int(groups.numbers[row])
            if tallies[key].rows > 0 { corrected[row] += tallies[key].correction(pull) }
            if row < rows.known { tallies[key].add(logits[row], rows.clicked[row]) }
        }
        return corrected
    }

    /// Clicks of a key so far, and those that the logits expected.
    private struct Tally {
        var rows: Float = 0
        var clicks: Float = 0
        var expected: Float = 0

        mutating func add(_ logit: Float, _ clicked: Bool) {
            rows += 1
            expected += 1 / (1 + exp(-logit))
            if clicked { clicks += 1 }
        }

        func correction(_ strength: Float) -> Float {
            let mean = min(max(expected / rows, 1e-6), 1 - 1e-6)
            let rate = min(max((clicks + strength * mean) / (rows + strength), 1e-6), 1 - 1e-6)
            return log(rate / (1 - rate)) - log(mean / (1 - mean))
        }
    }

    private static func loss(_ logit: Float, _ clicked: Bool) -> Float {
        let margin = clicked ? logit : -logit
        // log(1 + e^−margin), which no margin overflows.
        return max(0, -margin) + log1p(exp(-abs(margin)))
    }
}
