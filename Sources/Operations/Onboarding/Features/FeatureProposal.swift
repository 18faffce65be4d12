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
    /// Different values, or elements of arrays.
    var distinct: Int
    /// What was seen of the column.
    var remark: String
    /// What it reaches alone, where that is so much that somebody should look at it.
    var strongAUC: Double?

    enum Kind: Equatable, Sendable {
        case categorical
        case multiValued
        case numeric(isSkewed: Bool)
        case bucketed(Int)
    }
}

extension FeatureProposal {
    /// Above this a column deserves a look: it is very good, or known after the click only.
    private static let strongAUC = 0.9
    private static let mostNull = 0.95
    /// Longer texts than this, mostly different ones, are prose.
    private static let longestValue = 40.0
    /// Where fewer of the newest rows have a value that came before, values name rows and not what rows have in common.
    private static let leastSeenBefore = 0.2

    init(_ profile: ColumnProfile) {
        let name = profile.column.name
        if let reason = Self.reasonAgainst(profile) {
            self = .leftOut(column: name, reason: reason)
            return
        }
        let kind = Self.kind(of: profile)
        var feature = ProposedFeature(
            column: name, kind: kind, distinct: profile.expectedDistinct, remark: Self.remark(profile, kind))
        if let auc = profile.clickAUC, auc > Self.strongAUC {
            feature.strongAUC = auc
            feature.remark += "; alone it reaches AUC \(Self.rounded(auc, 2)): is it known before the click?"
        }
        self = .feature(feature)
    }

    private static func reasonAgainst(_ profile: ColumnProfile) -> String? {
        let column = profile.column
        if column.isGeneratedTruth {
            return
                "the probability that rocket sample-logs drew the click with: evaluation.true_probability, and no feature"
        }
        if let leak = profile.leak { return leak.description }
        if let word = after.first(where: { column.words.contains($0) }), history.isDisjoint(with: column.words) {
            return "‘\(word)’: it sounds as if it were known after the click only; put it in if it is known before"
        }
        if profile.nullShare > mostNull { return "\(shortPercent(profile.nullShare)) of the rows have no value" }
        if profile.distinct < 2, profile.nullShare == 0 || profile.distinct == 0 {
            return "the same value in every row"
        }
        if column.family == .array || column.family == .number { return nil }
        if profile.distinct > 1_000 || column.isUnique, profile.rowsPerValue < 2,
            profile.seenBefore.map({ $0 < leastSeenBefore }) ?? true
        {
            let share = profile.seenBefore.map { "; \(shortPercent($0)) of later rows have one that came before" }
            return "nearly every row has its own value (\(count(profile)))\(share ?? "")"
        }
        if column.family == .text, profile.meanLength > longestValue, profile.distinct > 100 {
            return "long texts of \(Int(profile.meanLength)) characters, \(profile.distinct) different ones: prose"
        }
        return nil
    }

    /// Words of columns that are filled after the impression.
    private static let after = [
        "click", "clicked", "clicks", "conversion", "conversions", "converted", "purchase", "purchased", "revenue",
        "dwell",
        "bought", "label", "postback",
    ]
    /// Words in the names of columns that tell of earlier impressions.
    private static let history: Set = [
        "past", "prior", "prev", "previous", "earlier", "last", "before", "history", "historic", "historical", "hist",
        "avg",
        "average", "mean", "rate", "ctr", "7d", "14d", "28d", "30d", "90d",
    ]

    private static func kind(of profile: ColumnProfile) -> ProposedFeature.Kind {
        switch profile.column.family {
        case .array: return .multiValued
        case .number where profile.distinct > 10: return .numeric(isSkewed: isSkewed(profile))
        case .integer where profile.distinct > 10 && profile.column.isMeasure:
            return .numeric(isSkewed: isSkewed(profile))
        default: return .categorical
        }
    }

    private static func isSkewed(_ profile: ColumnProfile) -> Bool {
        guard let numbers = profile.numbers else { return false }
        return numbers.lowest >= 0 && (numbers.skewness > 2 || numbers.highest > 1_000)
    }

    private static func remark(_ profile: ColumnProfile, _ kind: ProposedFeature.Kind) -> String {
        var parts: [String] = []
        if case .numeric(let isSkewed) = kind, let numbers = profile.numbers {
            parts.append("\(profile.column.type), \(rounded(numbers.lowest, 2)) … \(rounded(numbers.highest, 2))")
            if isSkewed { parts.append("skewed") }
        } else {
            let count = profile.expectedDistinct
            parts.append(Self.count(profile))
            let examples = profile.examples.filter { !$0.isEmpty && $0.count <= 12 && $0.allSatisfy(isPlain) }
            if count <= 1_000, profile.column.family != .boolean, !examples.isEmpty {
                parts[0] += ": \(examples.joined(separator: ", "))\(count > examples.count ? ", …" : "")"
            }
        }
        if profile.nullShare >= 0.005 { parts.append("\(shortPercent(profile.nullShare)) NULL") }
        if profile.column.family == .integer, case .numeric = kind {
            parts.append("if it names something: categorical")
        }
        return parts.joined(separator: "; ")
    }

    /// `801 values`; what is not counted says so.
    private static func count(_ profile: ColumnProfile) -> String {
        let values = profile.column.family == .array ? "elements" : "values"
        return switch profile.distinctBasis {
        case .counted: "\(profile.expectedDistinct) \(values)"
        case .sketched: "about \(profile.expectedDistinct) \(values)"
        case .extrapolated: "\(profile.expectedDistinct) \(values), extrapolated from a sample"
        }
    }

    /// What may stand in a comment without a second thought.
    private static func isPlain(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-./ +".contains(character)
    }

    private static func rounded(_ number: Double, _ digits: Int) -> String {
        number.formatted(.number.precision(.fractionLength(0...digits)).grouping(.never))
    }
}
