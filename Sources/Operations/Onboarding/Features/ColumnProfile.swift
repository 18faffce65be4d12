import Foundation

/// What a column's values are like, from a sample of rows whose clicks are known.
struct ColumnProfile: Sendable {
    var column: SurveyedColumn
    /// Share of the rows without a value.
    var nullShare: Double
    /// Different values of the sample; of arrays, different elements.
    var distinct: Int
    /// Different values of the whole table, as far as they are known.
    var expectedDistinct: Int
    /// How they are known.
    var distinctBasis: DistinctBasis
    /// Rows of the table for each of its values, NULL left out.
    var rowsPerValue: Double
    /// The commonest values, first the most common.
    var examples: [String]
    /// Characters of a value.
    var meanLength: Double
    /// Nil where not all values are numbers.
    var numbers: Numbers?
    /// Area under the ROC curve that the column reaches alone; nil with too few clicks to tell.
    var clickAUC: Double?
    /// Why it cannot be known before the click; nil: it may be.
    var leak: ColumnLeak?
    /// Share of the newest rows whose value came before; nil: not known.
    var seenBefore: Double?

    enum DistinctBasis: Sendable {
        case counted
        /// Counted over all rows, within 1 % or so.
        case sketched
        /// From those of a sample.
        case extrapolated
    }

    struct Numbers: Equatable, Sendable {
        var lowest, highest, skewness: Double
    }

    /// - Parameters:
    ///   - values: of the sample's rows, in the order of the rows' hashes; nil for NULL.
    ///   - elements: of arrays, the values of all rows; otherwise the values themselves.
    ///   - clicked: of each row.
    ///   - tableRows: of the whole table.
    ///   - counted: the different values of all rows that were read.
    ///   - isWhole: whether these are all rows of the table.
    init(
        _ column: SurveyedColumn, values: [String?], elements: [String]? = nil, clicked: [Bool], tableRows: Int,
        counted: DistinctCount, isWhole: Bool
    ) {
        self.column = column
        let present = elements ?? values.compactMap { $0 }
        let nulls = values.count { $0 == nil }
        nullShare = values.isEmpty ? 0 : Double(nulls) / Double(values.count)
        var counts: [String: Int] = [:]
        for value in present { counts[value, default: 0] += 1 }
        distinct = counts.count
        let tableValues =
            Int(Double(max(tableRows, values.count)) * (1 - nullShare))
            * (elements == nil ? 1 : max(1, present.count / max(1, values.count - nulls)))
        if isWhole {
            expectedDistinct = counted.count
            distinctBasis = counted.isExact ? .counted : .sketched
        } else {
            let expected = Self.expectedDistinct(
                counts: counts.values.map { $0 }, sampled: present.count, of: max(tableValues, present.count))
            expectedDistinct = max(expected, counted.count)
            distinctBasis = .extrapolated
        }
        rowsPerValue = Double(tableValues) / Double(max(1, expectedDistinct))
        examples = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map(\.key)
        meanLength = present.isEmpty ? 0 : Double(present.reduce(0) { $0 + $1.count }) / Double(present.count)
        numbers = [.integer, .number].contains(column.family) ? Self.numbers(present.compactMap { Double($0) }) : nil
        clickAUC = elements == nil ? Self.clickAUC(values, clicked) : nil
        leak = elements == nil ? ColumnLeak(values, clicked) : nil
    }

    /// The estimator that PostgreSQL's own ANALYZE uses: Haas and Stokes, “Estimating the number of classes in a finite
    /// population”, JASA 93 (1998), Duj1.
    static func expectedDistinct(counts: [Int], sampled: Int, of rows: Int) -> Int {
        guard sampled > 0, rows > sampled else { return counts.count }
        let (n, d, total) = (Double(sampled), Double(counts.count), Double(rows))
        let once = Double(counts.count { $0 == 1 })
        return Int(min(total, n * d / (n - once + once * n / total)).rounded())
    }

    private static func numbers(_ values: [Double]) -> Numbers? {
        let values = values.filter(\.isFinite)
        guard let lowest = values.min(), let highest = values.max() else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        var (second, third) = (0.0, 0.0)
        for value in values {
            second += (value - mean) * (value - mean)
            third += (value - mean) * (value - mean) * (value - mean)
        }
        let deviation = (second / count).squareRoot()
        return Numbers(
            lowest: lowest, highest: highest,
            skewness: deviation > 0 ? third / count / (deviation * deviation * deviation) : 0)
    }

    /// Click rates of values are learned from every other row and tried on the rest, so that chance does not look like
    /// knowledge. Values that are rare share one rate, NULL has its own: a column that is filled with clicks gives
    /// itself away.
    static func clickAUC(_ values: [String?], _ clicked: [Bool]) -> Double? {
        let leastClicks = 20
        let even = values.indices.filter { $0 % 2 == 0 }
        let odd = values.indices.filter { $0 % 2 == 1 }
        let clicks = odd.count { clicked[$0] }
        guard clicks >= leastClicks, clicks < odd.count, even.contains(where: { clicked[$0] }) else { return nil }
        enum Kind: Hashable {
            case null, rare
            case value(String)
        }
        var seen: [String: Int] = [:]
        for row in even { if let value = values[row] { seen[value, default: 0] += 1 } }
        func kind(_ value: String?) -> Kind {
            guard let value else { return .null }
            return seen[value, default: 0] >= 5 ? .value(value) : .rare
        }
        let prior = Double(even.count { clicked[$0] }) / Double(even.count)
        var rows: [Kind: (rows: Double, clicks: Double)] = [:]
        for row in even {
            rows[kind(values[row]), default: (0, 0)].rows += 1
            if clicked[row] { rows[kind(values[row]), default: (0, 0)].clicks += 1 }
        }
        let scores = rows.mapValues { ($0.clicks + 10 * prior) / ($0.rows + 10) }
        var tried: [Double: (clicked: Double, not: Double)] = [:]
        for row in odd {
            let score = scores[kind(values[row])] ?? prior
            if clicked[row] {
                tried[score, default: (0, 0)].clicked += 1
            } else {
                tried[score, default: (0, 0)].not += 1
            }
        }
        var (below, wins) = (0.0, 0.0)
        for (_, group) in tried.sorted(by: { $0.key < $1.key }) {
            wins += group.clicked * (below + group.not / 2)
            below += group.not
        }
        return wins / (Double(clicks) * below)
    }
}
