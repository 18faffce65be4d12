import AdLogs
import Names

/// Pairs of keys in the order of their likelihood, by names, types and what the catalog knows.
struct KeyPairs {
    private let search: SourceSearch

    init(_ search: SourceSearch) { self.search = search }

    /// Comparable pairs of single columns, the likeliest first: foreign keys, names that are alike, references to what
    /// is above or to an impression, unique columns.
    func singles(_ ids: [SurveyedColumn], _ references: [SurveyedColumn]) -> [KeySearch.Pair] {
        var pairs: [KeySearch.Pair] = []
        for id in ids {
            for reference in references where Self.areComparable(id, reference) {
                pairs.append(
                    KeySearch.Pair(
                        id: SurveyedKey([id]), reference: SurveyedKey([reference]), prior: prior(id, reference),
                        isForeignKey: reference.refersTo == id.name))
            }
        }
        return Self.likeliestFirst(pairs)
    }

    /// Foreign keys first, and among these as among the others by the prior; what is equal stays in its order.
    static func likeliestFirst(_ pairs: [KeySearch.Pair]) -> [KeySearch.Pair] {
        let ranked = pairs.enumerated().map { position, pair in
            (isForeign: pair.isForeignKey ? 0 : 1, against: -pair.prior, position: position, pair: pair)
        }
        return ranked.sorted {
            ($0.isForeign, $0.against, $0.position) < ($1.isForeign, $1.against, $1.position)
        }.map(\.pair)
    }

    private func prior(_ id: SurveyedColumn, _ reference: SurveyedColumn) -> Double {
        var prior = Self.likeness(id, reference) + (id.isUnique ? 0.5 : 0)
        let words = Set(reference.words)
        if !words.isDisjoint(with: Self.above) { prior += 1 }
        if !words.isDisjoint(with: Self.impression) || isNamedAfterTable(words) { prior += 0.75 }
        // A key of the clicks' own counts them; it would name impressions by chance.
        if reference.isUnique, reference.refersTo == nil, !search.isOneTable { prior -= 1 }
        return prior
    }

    private static let above: Set = ["parent", "origin", "source", "cause", "ref", "reference"]
    private static let impression: Set = ["impression", "imp", "view", "show", "shown", "display", "serve"]

    /// `ad_view_id` of `shop.ad_views`.
    private func isNamedAfterTable(_ words: Set<String>) -> Bool {
        let table = SurveyedColumn(
            name: SQLName.parts(search.impressions.name)?.last ?? search.impressions.name, type: "")
        return table.words.contains { word in
            let singular = word.hasSuffix("s") ? String(word.dropLast()) : word
            return singular.count > 2 && words.contains(singular)
        }
    }

    /// Columns that may be part of a key, those whose names say so first.
    func parts(_ ids: SurveyedKey) -> [SurveyedColumn] {
        let isShared = Set(search.clicks.columns.map(\.name))
        let shared = ids.columns.filter {
            isShared.contains($0.name) && $0.family != .number && $0.resolvedType != "enum"
        }
        return shared.filter { Self.partScore($0) > 0 } + shared.filter { Self.partScore($0) == 0 }
    }

    /// The pair of keys that are these columns on both sides; nil where they cannot be compared.
    func composite(_ columns: [SurveyedColumn]) -> KeySearch.Pair? {
        let references = columns.compactMap { search.clicks.column($0.name) }
        guard references.count == columns.count, zip(columns, references).allSatisfy(Self.areComparable) else {
            return nil
        }
        let score = columns.reduce(0) { $0 + Self.partScore($1) }
        return KeySearch.Pair(
            id: SurveyedKey(columns), reference: SurveyedKey(references), prior: score / Double(columns.count))
    }

    /// How much a name sounds like that of a request, or of a place within it.
    private static func partScore(_ column: SurveyedColumn) -> Double {
        let words = Set(column.words)
        let request: Set = [
            "request", "auction", "search", "query", "session", "page", "pageview", "slate", "batch", "list", "feed",
            "response", "serve", "impression", "event",
        ]
        let place: Set = [
            "position", "pos", "rank", "index", "idx", "seq", "sequence", "ordinal", "slot", "place", "row", "number",
        ]
        return words.isDisjoint(with: request.union(place)) ? 0 : 1
    }

    static func areComparable(_ a: SurveyedColumn, _ b: SurveyedColumn) -> Bool {
        guard a.family == b.family || Set([a.family, b.family]) == [.text, .uuid] else { return false }
        return a.idType.flatMap { left in b.idType.flatMap { left.objection(against: $0) } } == nil
    }

    /// What two names have in common, 0…1: `view` and `view_id` much, `tap_id` and `view_id` nothing.
    static func likeness(_ a: SurveyedColumn, _ b: SurveyedColumn) -> Double {
        let noise: Set = ["id", "uuid", "key", "ref", "fk"]
        let (left, right) = (Set(a.words).subtracting(noise), Set(b.words).subtracting(noise))
        let all = left.union(right)
        return all.isEmpty ? (a.name == b.name ? 0.5 : 0) : Double(left.intersection(right).count) / Double(all.count)
    }
}
