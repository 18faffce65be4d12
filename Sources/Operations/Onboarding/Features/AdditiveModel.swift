import Foundation

/// Logistic regression over the values of all columns, learned row by row in the order of time: what is known of a
/// click without any cross.
///
/// The step of each weight shrinks with the gradients that it has seen (Adagrad).
struct AdditiveModel {
    private static let rate: Float = 0.2
    private static let tableBits = 22
    private static let mask = 1 << tableBits - 1

    /// For each column, one code per row.
    private let codes: [[UInt32]]
    private var weights = [Float](repeating: 0, count: mask + 1)
    private var seen = [Float](repeating: 1, count: mask + 1)
    private var level: Float
    private var levelSeen: Float = 1

    /// - Parameter level: The logit of a row of which nothing is known.
    init(_ codes: [[UInt32]], level: Float) {
        self.codes = codes
        self.level = level
    }

    /// Returns a row's logit by what was learned so far.
    func logit(_ row: Int) -> Float {
        var logit = level
        for column in codes.indices { logit += weights[place(row, column)] }
        return logit
    }

    /// - Parameter logit: The row's.
    mutating func learn(_ row: Int, logit: Float, clicked: Bool) {
        let gradient = 1 / (1 + exp(-logit)) - (clicked ? 1 : 0)
        let square = gradient * gradient
        levelSeen += square
        level -= Self.rate * gradient / levelSeen.squareRoot()
        for column in codes.indices {
            let place = place(row, column)
            seen[place] += square
            weights[place] -= Self.rate * gradient / seen[place].squareRoot()
        }
    }

    private func place(_ row: Int, _ column: Int) -> Int {
        let key = UInt64(codes[column][row]) | UInt64(column + 1) << 32
        return Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & Self.mask
    }

    /// The logit of each row. Each is predicted before it is learned from, and the newest fifth is only predicted, so
    /// that no logit knows its own click.
    static func logits(_ rows: RecentRows) -> [Float] {
        var model = AdditiveModel(rows.codes, level: level(rows, ..<rows.known))
        return (0..<rows.count).map { row in
            let logit = model.logit(row)
            if row < rows.known { model.learn(row, logit: logit, clicked: rows.clicked[row]) }
            return logit
        }
    }

    /// The logits of some rows by the rows before them, learned in an order that is not that of time: a night's nets
    /// know the mean of their days, and not the last one best.
    static func logits(of wanted: Range<Int>, _ rows: RecentRows) -> [Float] {
        let known = wanted.lowerBound
        var model = AdditiveModel(rows.codes, level: level(rows, ..<known))
        var stride = max(1, Int(Double(known) * 0.618_033_988_749))
        while stride > 1, greatestCommonDivisor(stride, known) != 1 { stride -= 1 }
        var row = 0
        for _ in 0..<known {
            model.learn(row, logit: model.logit(row), clicked: rows.clicked[row])
            row = (row + stride) % known
        }
        return wanted.map { model.logit($0) }
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }

    /// The level of the first rows, which have nothing before them.
    private static func level(_ rows: RecentRows, _ range: PartialRangeUpTo<Int>) -> Float {
        let clicks = rows.clicked[range].count { $0 }
        return Float(log((Double(clicks) + 1) / (Double(range.upperBound - clicks) + 1)))
    }
}
