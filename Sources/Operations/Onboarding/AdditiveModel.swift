import Foundation

/// Logistic regression over the values of all columns, learned row by row in the order of time: what is known of a
/// click without any cross.
///
/// Each row is predicted before it is learned from, and the newest fifth is only predicted, so that no logit knows its
/// own click. The step of each weight shrinks with the gradients that it has seen (Adagrad).
enum AdditiveModel {
    private static let rate: Float = 0.2
    private static let tableBits = 22

    /// The logit of each row.
    static func logits(_ rows: RecentRows) -> [Float] {
        let mask = 1 << tableBits - 1
        var weights = [Float](repeating: 0, count: mask + 1)
        var seen = [Float](repeating: 1, count: mask + 1)
        var logits = [Float](repeating: 0, count: rows.count)
        let clicks = rows.clicked[..<rows.known].count { $0 }
        // The level of the first rows, which have nothing before them.
        var level = Float(log((Double(clicks) + 1) / (Double(rows.known - clicks) + 1)))
        var levelSeen: Float = 1
        var places = [Int](repeating: 0, count: rows.codes.count)
        for row in 0..<rows.count {
            var logit = level
            for (column, codes) in rows.codes.enumerated() {
                let key = UInt64(codes[row]) | UInt64(column + 1) << 32
                let place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
                places[column] = place
                logit += weights[place]
            }
            logits[row] = logit
            guard row < rows.known else { continue }
            let gradient = 1 / (1 + exp(-logit)) - (rows.clicked[row] ? 1 : 0)
            let square = gradient * gradient
            levelSeen += square
            level -= rate * gradient / levelSeen.squareRoot()
            for place in places {
                seen[place] += square
                weights[place] -= rate * gradient / seen[place].squareRoot()
            }
        }
        return logits
    }
}
