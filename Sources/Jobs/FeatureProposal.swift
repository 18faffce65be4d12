/// What becomes of a column in a first job file.
enum FeatureProposal: Equatable, Sendable {
    case feature(ProposedFeature)
    /// Nothing, and why.
    case leftOut(column: String, reason: String)
}

/// A feature of a first job file.
struct ProposedFeature: Equatable, Sendable {
    var column: String
    var kind: Kind
    /// What was seen of the column.
    var remark: String

    enum Kind: Equatable, Sendable {
        case categorical(hashBits: Int)
        case multiValued(hashBits: Int)
        case numeric(isSkewed: Bool)
    }
}

extension FeatureProposal {
    /// Above this a single column knows more than any column can before the click.
    private static let mostAUC = 0.9
    private static let mostNull = 0.95
    /// Longer texts than this, mostly different ones, are prose.
    private static let longestValue = 40.0

    init(_ profile: ColumnProfile) {
        let name = profile.column.name
        if let reason = Self.reasonAgainst(profile) {
            self = .leftOut(column: name, reason: reason)
        } else {
            let kind = Self.kind(of: profile)
            self = .feature(ProposedFeature(column: name, kind: kind, remark: Self.remark(profile, kind)))
        }
    }

    /// Twice the bits of what is there twice over: few ids collide, and new values find room.
    static func hashBits(distinct: Int) -> Int {
        var bits = 4
        while bits < 22, 1 << bits < 4 * distinct { bits += 1 }
        return bits
    }

    private static func reasonAgainst(_ profile: ColumnProfile) -> String? {
        let column = profile.column
        if let auc = profile.clickAUC, auc > mostAUC {
            return "it tells the click by itself (AUC \(rounded(auc, 2))), so it is written after it"
        }
        if let word = Self.after.first(where: { column.words.contains($0) }) {
            return "‘\(word)’: it sounds as if it were known after the click only; put it in if it is known before"
        }
        switch column.family {
        case .moment: return "a moment: of times, only the impression's own becomes features (hour_of_day, day_of_week)"
        case .document: return "\(column.type): name what is in it by a view or a generated column"
        default: break
        }
        if profile.nullShare > mostNull { return "\(shortPercent(profile.nullShare)) of the rows have no value" }
        if profile.distinct < 2, profile.nullShare == 0 || profile.distinct == 0 { return "the same value in every row" }
        if column.family == .array || column.family == .number { return nil }
        if profile.distinct > 1_000 || column.isUnique, profile.rowsPerValue < 2 {
            return "nearly every row has a value of its own (about \(profile.expectedDistinct))"
        }
        if column.family == .text, profile.meanLength > longestValue, profile.distinct > 100 {
            return "long texts of \(Int(profile.meanLength)) characters, \(profile.distinct) different ones: prose"
        }
        return nil
    }

    /// Words of columns that are filled after the impression.
    private static let after = [
        "click", "clicked", "clicks", "conversion", "conversions", "converted", "purchase", "purchased", "revenue", "dwell",
        "bought", "label", "postback",
    ]

    private static func kind(of profile: ColumnProfile) -> ProposedFeature.Kind {
        switch profile.column.family {
        case .array: return .multiValued(hashBits: hashBits(distinct: profile.expectedDistinct))
        case .number where profile.distinct > 10: return .numeric(isSkewed: isSkewed(profile))
        case .integer where profile.distinct > 10 && isMeasure(profile.column): return .numeric(isSkewed: isSkewed(profile))
        default: return .categorical(hashBits: hashBits(distinct: profile.expectedDistinct))
        }
    }

    private static func isSkewed(_ profile: ColumnProfile) -> Bool {
        guard let numbers = profile.numbers else { return false }
        return numbers.lowest >= 0 && (numbers.skewness > 2 || numbers.highest > 1_000)
    }

    /// A whole number that measures something, by its name; any other names something.
    private static func isMeasure(_ column: SurveyedColumn) -> Bool {
        !Set(["id", "key", "code"]).contains(column.words.last ?? "") && !measures.isDisjoint(with: column.words)
    }

    private static let measures: Set = [
        "price", "age", "score", "amount", "cost", "bid", "count", "counts", "num", "number", "n", "total", "duration",
        "seconds", "ms", "length", "size", "width", "height", "rank", "position", "days", "rating", "quantity", "distance",
        "balance", "budget", "discount", "weight", "views", "sessions",
    ]

    private static func remark(_ profile: ColumnProfile, _ kind: ProposedFeature.Kind) -> String {
        var parts: [String] = []
        if case .numeric(let isSkewed) = kind, let numbers = profile.numbers {
            parts.append("\(profile.column.type), \(rounded(numbers.lowest, 2)) … \(rounded(numbers.highest, 2))")
            if isSkewed { parts.append("skewed") }
        } else {
            let count = profile.expectedDistinct
            let values = profile.column.family == .array ? "elements" : "values"
            parts.append("\(profile.expectedDistinct > profile.distinct ? "about " : "")\(count) \(values)")
            let examples = profile.examples.filter { !$0.isEmpty && $0.count <= 12 && $0.allSatisfy(isPlain) }
            if count <= 1_000, profile.column.family != .boolean, !examples.isEmpty {
                parts[0] += ": \(examples.joined(separator: ", "))\(count > examples.count ? ", …" : "")"
            }
        }
        if profile.nullShare >= 0.005 { parts.append("\(shortPercent(profile.nullShare)) NULL") }
        if profile.column.family == .integer, case .numeric = kind { parts.append("if it names something: categorical") }
        return parts.joined(separator: "; ")
    }

    /// What may stand in a comment without a second thought.
    private static func isPlain(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-./ +".contains(character)
    }

    private static func rounded(_ number: Double, _ digits: Int) -> String {
        number.formatted(.number.precision(.fractionLength(0...digits)).grouping(.never))
    }
}
