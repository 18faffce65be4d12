import AdLogs
import Postgres

/// Which columns of a team's tables are an impression's id and time, and a click's, with what else they could be.
struct SourceProposal: Sendable {
    var impressionID: SurveyedColumn
    var impressionTime: SurveyedColumn
    var clickImpression: SurveyedColumn
    var clickTime: SurveyedColumn
    /// Share of some clicks whose impression was found; nil without clicks.
    var found: Double?
    /// What a person should look at.
    var remarks: [String] = []

    /// Columns that the user names; the others are looked for.
    struct Given: Sendable {
        var impressionID, impressionTime, clickImpression, clickTime: String?
    }
}

/// Finds the columns of a source.
struct SourceSearch {
    let impressions, clicks: SurveyedTable
    let given: SourceProposal.Given
    let connection: Connection
    let notice: (String) -> Void

    /// Clicks whose impressions are looked up.
    private static let clicksTried = 1_000
    /// Rows in which a column's values are counted.
    private static let rowsTried = 20_000
    /// A table with this many rows takes a while to read.
    static let large = 5_000_000

    /// - Throws: `JobDraftError.noTime`, `.noReference`, `.noColumn`, `PostgresError`.
    func proposal() throws -> SourceProposal {
        var remarks: [String] = []
        let impressionTime = try time(
            of: impressions, given.impressionTime, option: "--impression-time",
            near: [
                "impression", "seen", "shown", "view",
                "viewed", "display", "displayed", "served", "impressed",
            ], &remarks)
        let clickTime = try time(
            of: clicks, given.clickTime, option: "--click-time", near: ["click", "clicked", "tap", "tapped"], &remarks)
        let pair = try reference(&remarks)
        return SourceProposal(
            impressionID: pair.id, impressionTime: impressionTime, clickImpression: pair.reference,
            clickTime: clickTime,
            found: pair.found, remarks: remarks)
    }

    // MARK: Time

    private func time(
        of table: SurveyedTable, _ wanted: String?, option: String, near words: Set<String>, _ remarks: inout [String]
    ) throws -> SurveyedColumn {
        if let wanted { return try column(wanted, of: table, option: option) }
        let candidates = table.columns.filter { $0.type == "timestamp with time zone" && $0.isNameable }
            .map { (column: $0, score: Self.timeScore($0, near: words)) }
            .sorted { $0.score > $1.score }
        guard let best = candidates.first?.column else {
            throw JobDraftError.noTime(
                table: table.name,
                others: table.columns.filter { $0.family == .moment }.map { "\($0.name) \($0.type)" })
        }
        let others = candidates.dropFirst().map(\.column.name)
        if !others.isEmpty {
            remarks.append(
                "the time of \(table.name) is taken to be \(best.name); it could also be "
                    + "\(others.joined(separator: ", ")) (\(option))")
        }
        return best
    }

    /// How much a moment looks like that of the event, and not of the row's loading.
    static func timeScore(_ column: SurveyedColumn, near words: Set<String>) -> Int {
        let loading: Set = [
            "created", "updated", "modified", "inserted", "loaded", "ingested", "processed", "deleted", "exported",
            "etl",
            "expires", "received", "valid", "converted", "purchased",
        ]
        var score = 0
        if column.isPartitionKey { score += 4 }
        if column.leadsIndex { score += 3 }
        if column.isRequired { score += 1 }
        if !words.isDisjoint(with: column.words) { score += 4 }
        if !Set(["event", "time", "ts", "timestamp", "occurred", "happened", "logged"]).isDisjoint(with: column.words) {
            score += 1
        }
        if !loading.isDisjoint(with: column.words) { score -= 4 }
        return score
    }

    // MARK: Reference

    private typealias Pair = (id: SurveyedColumn, reference: SurveyedColumn, found: Double?, score: Double)

    private func reference(_ remarks: inout [String]) throws -> Pair {
        let ids = try keys(given.impressionID, of: impressions, option: "--impression-id").filter {
            given.impressionID != nil || isNearlyUnique($0)
        }
        let references = try keys(given.clickImpression, of: clicks, option: "--click-impression")
        var pairs: [Pair] = []
        for (id, reference) in likelyFirst(ids, references) {
            let found = try share(of: reference, in: id)
            let likeness = Self.likeness(id, reference)
            let isKey = reference.refersTo == id.name
            pairs.append((id, reference, found, 5 * (found ?? 0) + likeness + (id.isUnique ? 1 : 0) + (isKey ? 10 : 0)))
            // Nothing can fit better than nearly all clicks by columns of one name.
            if isKey || (found ?? 0 >= 0.99 && likeness > 0) { break }
        }
        pairs.sort { $0.score > $1.score }
        let isGiven = given.impressionID != nil && given.clickImpression != nil
        guard let best = pairs.first,
            isGiven || best.reference.refersTo == best.id.name
                || (best.found ?? Self.likeness(best.id, best.reference)) > 0
        else {
            throw JobDraftError.noReference(
                impressions: impressions.name, clicks: clicks.name, columns: clicks.columns.map(\.name),
                refused: refusedKeys)
        }
        if let found = best.found, found < 0.9 {
            remarks.append(
                "only \(shortPercent(found)) of \(Self.clicksTried) clicks have a \(best.reference.name) that is a "
                    + "\(best.id.name) of \(impressions.name); the others would count for nothing")
        }
        for other in pairs.dropFirst() where other.score > best.score - 2 && (other.found ?? 0) > 0.5 {
            remarks.append(
                "clicks are joined by \(best.reference.name) = \(best.id.name); \(other.reference.name) = "
                    + "\(other.id.name) would fit too (--click-impression, --impression-id)")
        }
        return best
    }

    /// The column that the user names, or all that can be one.
    ///
    /// - Throws: `JobDraftError.noColumn`, `.keyType`.
    private func keys(_ wanted: String?, of table: SurveyedTable, option: String) throws -> [SurveyedColumn] {
        guard let wanted else {
            return table.columns.filter {
                [.integer, .number, .text, .uuid, .other].contains($0.family) && $0.reasonAgainstKey == nil
            }
        }
        let column = try column(wanted, of: table, option: option)
        if let reason = column.reasonAgainstKey {
            throw JobDraftError.keyType(option: option, column: column.name, table: table.name, reason: reason)
        }
        return [column]
    }

    /// Columns of both tables that one might take for keys, if it were not for their type.
    private var refusedKeys: [String] {
        [impressions, clicks].flatMap { table in
            table.columns.compactMap { column in
                guard let reason = column.reasonAgainstKey, column.isUnique || Self.looksLikeKey(column) else {
                    return nil
                }
                return "\(table.name).\(column.name): \(reason)"
            }
        }
    }

    private static func looksLikeKey(_ column: SurveyedColumn) -> Bool {
        [.number, .text, .other].contains(column.family)
            && !Set(["id", "uuid", "key", "impression", "view", "imp"]).isDisjoint(with: column.words)
    }

    /// Comparable pairs: foreign keys, names that are alike and unique columns before others.
    private func likelyFirst(
        _ ids: [SurveyedColumn], _ references: [SurveyedColumn]
    ) -> [(id: SurveyedColumn, reference: SurveyedColumn)] {
        ids.flatMap { id in references.map { (id: id, reference: $0) } }
            .filter { Self.areComparable($0.id, $0.reference) }
            .enumerated()
            .map { position, pair in
                let prior =
                    (pair.reference.refersTo == pair.id.name ? 10 : 0) + Self.likeness(pair.id, pair.reference)
                    + (pair.id.isUnique ? 0.5 : 0)
                return (prior: prior, position: position, pair: pair)
            }
            .sorted { ($1.prior, $0.position) < ($0.prior, $1.position) }
            .map(\.pair)
    }

    private static func areComparable(_ a: SurveyedColumn, _ b: SurveyedColumn) -> Bool {
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

    private func isNearlyUnique(_ column: SurveyedColumn) -> Bool {
        if column.isUnique { return true }
        guard let name = try? connection.quoteIdentifier(column.name),
            let table = try? connection.quoteRelation(impressions.name),
            let row = try? connection.execute(
                """
                SELECT pg_catalog.count(s.v) AS n, pg_catalog.count(DISTINCT s.v) AS values
                FROM (SELECT i.\(name) AS v FROM \(table) i LIMIT \(Self.rowsTried)) s
                """
            ).first, let count = try? row.int("n"), let values = try? row.int("values")
        else { return false }
        return count > 0 && Double(values) >= 0.99 * Double(count)
    }

    /// Returns the share of some clicks that have an impression; nil without clicks.
    private func share(of reference: SurveyedColumn, in id: SurveyedColumn) throws -> Double? {
        if !id.leadsIndex, impressions.rows > Self.large {
            notice(
                "no index of \(impressions.name) begins with \(id.name): reading all of about \(impressions.rows) rows")
        }
        // A semi-join: the server reads the impressions once, where no index leads to them.
        let row = try connection.execute(
            """
            WITH c AS MATERIALIZED (
                SELECT k.\(try connection.quoteIdentifier(reference.name))
                FROM \(try connection.quoteRelation(clicks.name)) k
                WHERE k.\(try connection.quoteIdentifier(reference.name)) IS NOT NULL LIMIT \(Self.clicksTried))
            SELECT (SELECT pg_catalog.count(*) FROM c) AS n, (
                SELECT pg_catalog.count(*) FROM c
                WHERE EXISTS (
                    SELECT FROM \(try connection.quoteRelation(impressions.name)) i
                    WHERE \(try equality("i", id, "c", reference)))) AS found
            """
        ).first
        guard let row, try row.int("n") > 0 else { return nil }
        return Double(try row.int("found")) / Double(try row.int("n"))
    }

    /// SQL that compares two columns, as text where their types differ.
    func equality(_ a: String, _ left: SurveyedColumn, _ b: String, _ right: SurveyedColumn) throws -> String {
        let isComparable =
            left.type == right.type
            || (left.family == right.family && [.integer, .text, .uuid].contains(left.family))
        let cast = isComparable ? "" : "::text"
        return "\(a).\(try connection.quoteIdentifier(left.name))\(cast) = "
            + "\(b).\(try connection.quoteIdentifier(right.name))\(cast)"
    }

    private func column(_ name: String, of table: SurveyedTable, option: String) throws -> SurveyedColumn {
        guard let column = table.column(name) else {
            throw JobDraftError.noColumn(
                option: option, column: name, table: table.name, has: table.columns.map(\.name))
        }
        return column
    }
}

/// `3 %`, `99.8 %`
func shortPercent(_ share: Double) -> String {
    "\((100 * share).formatted(.number.precision(.fractionLength(0...1)).grouping(.never))) %"
}
