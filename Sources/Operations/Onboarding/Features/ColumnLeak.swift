import Foundation

/// Why a column's values cannot have been known before the click: not that they tell much of it, but that they are
/// written because of it.
enum ColumnLeak: Equatable, Sendable {
    /// It says something only where there is a click; in every other row it is empty, or has one and the same value.
    case filledOnlyWhereClicked(rows: Int, otherwise: String?)
    /// One of its values, or having none, stands for the click, or for none.
    case sameAsClick(value: String?, clicked: Bool)

    /// Clicks are lost or come late now and then, so that a few rows may contradict.
    private static let certain = 0.98
    /// Fewer rows may agree by chance.
    private static let leastRows = 20
    /// Unclicked rows that chance would put among those.
    private static let leastExpected = 14.0

    /// Nil: nothing of the kind.
    ///
    /// - Parameters:
    ///   - values: one per row; nil for NULL.
    ///   - clicked: of each row.
    init?(_ values: [String?], _ clicked: [Bool]) {
        let clicks = clicked.count { $0 }
        guard clicks >= Self.leastRows, clicks < clicked.count else { return nil }
        var tallies: [String?: (rows: Int, clicks: Int)] = [:]
        for (value, isClicked) in zip(values, clicked) {
            tallies[value, default: (0, 0)].rows += 1
            if isClicked { tallies[value, default: (0, 0)].clicks += 1 }
        }
        guard tallies.count > 1 else { return nil }
        let same = tallies.filter { Self.correlation($0.value, rows: values.count, clicks: clicks) > Self.certain }
        // Of two values, the one of the clicks.
        let value = same.min { left, right in
            let (ofLeft, ofRight) = (left.value.rows - 2 * left.value.clicks, right.value.rows - 2 * right.value.clicks)
            return (ofLeft, left.key ?? "") < (ofRight, right.key ?? "")
        }
        if let value {
            self = .sameAsClick(value: value.key, clicked: 2 * value.value.clicks > value.value.rows)
            return
        }
        let empty = tallies.filter { Self.isEmpty($0.key) }
        // The most frequent value of the rows that are not clicked.
        let usual = tallies.max { left, right in
            (left.value.rows - left.value.clicks, right.key ?? "") < (
                right.value.rows - right.value.clicks, left.key ?? ""
            )
        }
        for (otherwise, part) in [(nil, empty), (usual?.key, tallies.filter { $0.key == usual?.key })] {
            let filled = values.count - part.values.reduce(0) { $0 + $1.rows }
            let unclicked = filled - (clicks - part.values.reduce(0) { $0 + $1.clicks })
            let expected = Double(filled) * Double(values.count - clicks) / Double(values.count)
            if filled >= Self.leastRows, Double(unclicked) <= (1 - Self.certain) * Double(filled),
                expected >= Self.leastExpected, Double(unclicked) <= 0.05 * expected
            {
                self = .filledOnlyWhereClicked(rows: filled, otherwise: otherwise)
                return
            }
        }
        return nil
    }

    /// Between having the value and being clicked, 0…1 whichever way round.
    private static func correlation(_ value: (rows: Int, clicks: Int), rows: Int, clicks: Int) -> Double {
        let (total, with, clicked) = (Double(rows), Double(value.rows), Double(clicks))
        let variance = with * (total - with) * clicked * (total - clicked)
        guard variance > 0 else { return 0 }
        return abs(total * Double(value.clicks) - with * clicked) / variance.squareRoot()
    }

    /// NULL, an empty text, zero, false.
    private static func isEmpty(_ value: String?) -> Bool {
        guard let value, !value.isEmpty else { return true }
        return value == "false" || value == "f" || Double(value) == 0
    }
}

extension ColumnLeak: CustomStringConvertible {
    var description: String {
        switch self {
        case .filledOnlyWhereClicked(let rows, let otherwise):
            "the \(rows) rows where it is \(otherwise.map { "not ‘\($0)’" } ?? "filled") are clicked, so it is written "
                + "after the click"
        case .sameAsClick(let value, let clicked):
            "it is \(value.map { "‘\($0)’" } ?? "NULL") exactly where there is \(clicked ? "a" : "no") click, so it is "
                + "written after the click"
        }
    }
}
