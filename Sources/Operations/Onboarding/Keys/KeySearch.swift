import AdLogs
import Files
import Foundation
import Postgres

/// Finds the columns that name an impression, and those by which a click names it.
///
/// Foreign keys are tried first, all of them: a table may have several, such as one to the first impression of a visit.
/// Then the others, the likeliest first by names, types and uniqueness, until one explains nearly all clicks of a
/// sample. Where no column names an impression alone, pairs and triples are tried.
struct KeySearch {
    let search: SourceSearch

    /// Joins that are tried of single columns, and of several.
    private static let mostSingles = 10
    private static let mostComposites = 6
    /// A log on which so many joins took too long is not asked again.
    static let mostTimeouts = 2

    /// A pair of keys, and what became of it.
    struct Pair {
        var id, reference: SurveyedKey
        /// How likely it is by its names.
        var prior: Double
        var isForeignKey = false
        /// Nil where trying took too long.
        var result: KeyTrial.Result?

        /// What speaks for it: mostly the clicks, where there are any. A declared key that was not tried counts as one
        /// that most clicks have.
        var score: Double {
            guard let result else { return prior + (isForeignKey ? 4 : 0) }
            if result.clicks == 0 { return prior + (isForeignKey ? 10 : 0) }
            let share = result.isUnique ? result.share : 0
            return 5 * share * (result.isPrompt ? 1 : 0.25) + prior + (isForeignKey ? 1 : 0)
        }

        /// `view = view_id`
        var description: String { "\(reference.description) = \(id.description)" }
    }

    /// - Throws: `JobDraftError.noReference`, `.noColumn`, `.keyType`; `PostgresError`.
    func find(_ source: inout SourceProposal, _ remarks: inout [String]) throws {
        let ids = try keys(given.impressionID, of: search.impressions, "--impression-id")
        let references = try keys(given.clickImpression, of: search.clicks, "--click-impression")
        search.notice("looking at \(source.impressions.table.name)")
        var counts = try FirstRows(source, on: connection, milliseconds: milliseconds)
        search.notice("choosing some clicks of \(source.clicks.table.name)")
        var sample = try clickSample(source, .spread)
        let isWhole = sample != nil
        if sample == nil { sample = try clickSample(source, .newest) }
        let known = source
        let trial = sample.map {
            KeyTrial(
                source: known, sample: $0, isOfNewest: !isWhole, milliseconds: milliseconds, connection: connection)
        }
        var trials = Trials(trial, notice: search.notice) { try clickSample(known, .newest) }
        if given.impressionID == nil || ids.columns.count == 1,
            given.clickImpression == nil || references.columns.count == 1
        {
            // What could not be counted may be unique; joining it with the clicks tells, too.
            let unique = ids.columns.filter { given.impressionID != nil || counts.uniqueness(of: $0) != .repeated }
            let naming = references.columns.filter { column in
                given.clickImpression != nil || column.refersTo != nil || sample.map { $0.couldName(column) } ?? true
            }
            let pairs = KeyPairs(search).singles(unique, naming).map { pair in
                var pair = pair
                if given.impressionID == nil, counts.uniqueness(of: pair.id.columns[0]) == .unknown { pair.prior -= 1 }
                return pair
            }
            try trials.run(Array(KeyPairs.likeliestFirst(pairs).prefix(Self.mostSingles)))
        }
        if trials.needsMore { try trials.run(try composites(ids, references, &counts)) }
        try choose(trials, counts, hasSample: sample != nil, &source, &remarks)
    }

    private var connection: Connection { search.connection }
    private var given: SourceProposal.Given { search.given }
    private var milliseconds: Int { search.limits.statementMilliseconds }

    private func clickSample(_ source: SourceProposal, _ choice: ClickSample.Choice) throws -> ClickSample? {
        let columns = try keys(given.clickImpression, of: search.clicks, "--click-impression").columns
        return try ClickSample(
            source.clicks, time: source.clickTime, columns, choice, milliseconds: milliseconds, on: connection)
    }

    private func choose(
        _ trials: Trials, _ counts: FirstRows, hasSample: Bool, _ source: inout SourceProposal,
        _ remarks: inout [String]
    ) throws {
        let isGiven = given.impressionID != nil && given.clickImpression != nil
        guard let best = trials.best, isGiven || best.isForeignKey || isEvidence(best) else {
            throw JobDraftError.noReference(
                impressions: search.impressions.name, clicks: search.clicks.name,
                columns: search.clicks.columns.map(\.name), refused: refusedKeys,
                unknown: unknown(trials, counts, hasSample: hasSample))
        }
        source.impressionID = best.id
        source.clickImpression = best.reference
        if let result = best.result, result.clicks > 0 {
            source.found = result.share
            if result.share < 0.9 {
                remarks.append(
                    "only \(shortPercent(result.share)) of \(result.clicks) clicks have a \(best.reference.description) that "
                        + "is a \(best.id.description) of \(search.impressions.name); the others would count for nothing"
                )
            }
            if result.found > 0, 10 * result.inOrder < 9 * result.found {
                let early = 1 - Double(result.inOrder) / Double(result.found)
                remarks.append(
                    "\(shortPercent(early)) of the clicks have a time before that of their impression and count for nothing: "
                        + "are \(source.impressionTime.name) and \(source.clickTime.name) the times of the events?")
            }
            if !result.isPrompt {
                let late = 1 - Double(result.prompt) / Double(result.found)
                remarks.append(
                    "\(shortPercent(late)) of the clicks are not of the day after the impression that they are joined to by "
                        + "\(best.description): numbers match by chance like that")
            }
            if !result.isUnique {
                remarks.append(
                    "a \(best.id.description) names several impressions of \(search.impressions.name); where several columns "
                        + "make the id, name them: --impression-id request_id,position")
            }
        } else if best.result == nil {
            let wanted =
                hasSample
                ? "an index on \(best.id.description) of \(search.impressions.name)"
                : "an index on \(source.clickTime.name) of \(search.clicks.name)"
            remarks.append(
                "whether clicks find their impressions by \(best.description) is not known: it could not be found out "
                    + "within \(limit); \(wanted) makes that possible")
        }
        if counts.areUnknown, given.impressionID == nil {
            remarks.append(
                "which columns of \(search.impressions.name) are unique is not known: counting their values took longer "
                    + "than \(limit)")
        }
        if best.id.columns.count > 1 {
            remarks.append("an impression is named by \(best.id.names.joined(separator: " and ")) together")
        }
        remarkOnRivals(of: best, among: trials.pairs, &remarks)
    }

    /// Other foreign keys, whatever they explain, and other columns that explain much.
    private func remarkOnRivals(of best: Pair, among pairs: [Pair], _ remarks: inout [String]) {
        for other in pairs where other.id != best.id || other.reference != best.reference {
            let fits =
                other.score > best.score - 2 && other.result?.share ?? 0 > 0.5 && other.result?.isUnique == true
            guard other.id.columns.count == 1, fits || other.isForeignKey else { continue }
            let kind = other.isForeignKey ? "the foreign key " : ""
            remarks.append(
                "clicks are joined by \(best.description), which explains \(explained(best)); \(kind)\(other.description) "
                    + "explains \(explained(other)) (--click-impression \(ShellWord.quoted(other.reference.names[0])) "
                    + "--impression-id \(ShellWord.quoted(other.id.names[0])))")
        }
    }

    /// `99.8 % of 1000 clicks`
    private func explained(_ pair: Pair) -> String {
        guard let result = pair.result else { return "what could not be found out within \(limit)" }
        guard result.clicks > 0 else { return "none, for there are no clicks" }
        var text = "\(shortPercent(result.share)) of \(result.clicks) clicks"
        if result.found > 0, !result.isPrompt { text += ", most of them more than a day after the impression" }
        if !result.isUnique { text += ", with several impressions each" }
        return text
    }

    /// What took too long where no reference was found; empty: everything was looked at.
    private func unknown(_ trials: Trials, _ counts: FirstRows, hasSample: Bool) -> [String] {
        var unknown: [String] = []
        if counts.areUnknown {
            unknown.append(
                "counting the values of columns of \(search.impressions.name) took longer than \(limit)")
        }
        if !hasSample { unknown.append("reading clicks of \(search.clicks.name) took longer than \(limit)") }
        let untried = trials.pairs.filter { $0.result == nil }
        if hasSample, !untried.isEmpty {
            unknown.append(
                "joining by \(untried.map(\.description).joined(separator: ", ")) could not be tried within \(limit)")
        }
        return unknown
    }

    private var limit: String { Connection.limit(milliseconds) }

    /// Whether anything but chance speaks for a pair.
    private func isEvidence(_ pair: Pair) -> Bool {
        guard let result = pair.result, result.clicks > 0 else { return pair.prior > 0 }
        return result.found > 0 && result.isUnique
    }

    // MARK: Columns

    /// The columns that the user names, `request_id,position`, or all that can be keys.
    ///
    /// - Throws: `JobDraftError.noColumn`, `.keyType`.
    private func keys(_ wanted: String?, of table: SurveyedTable, _ option: String) throws -> SurveyedKey {
        guard let wanted else {
            return SurveyedKey(
                table.columns.filter {
                    [.integer, .number, .text, .uuid, .other].contains($0.family) && $0.reasonAgainstKey == nil
                })
        }
        let isOne = table.column(wanted) != nil || !wanted.contains(",")
        var names = isOne ? [wanted] : wanted.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        names = names.enumerated().filter { !names[..<$0].contains($1) }.map(\.element)
        return SurveyedKey(
            try names.map { name in
                let column = try search.column(name, of: table, option: option)
                if let reason = column.reasonAgainstKey {
                    throw JobDraftError.keyType(
                        option: option, column: column.name, table: table.name, reason: reason)
                }
                return column
            })
    }

    /// Keys of several columns: those that are named, or those that are likely.
    private func composites(
        _ ids: SurveyedKey, _ references: SurveyedKey, _ counts: inout FirstRows
    ) throws -> [Pair] {
        let named = given.clickImpression.map { _ in references } ?? given.impressionID.map { _ in ids }
        if let named {
            guard named.columns.count > 1 else { return [] }
            let others = given.impressionID == nil ? search.impressions : search.clicks
            let same = SurveyedKey(named.columns.compactMap { others.column($0.name) })
            let (id, reference) =
                given.impressionID == nil ? (same, references) : (ids, given.clickImpression == nil ? same : references)
            guard id.columns.count == reference.columns.count else { return [] }
            return [Pair(id: id, reference: reference, prior: 1)]
        }
        let pairs = KeyPairs(search)
        return Array(try counts.unique(among: pairs.parts(ids)) { pairs.composite($0) }.prefix(Self.mostComposites))
    }

    /// Columns of both tables that one might take for keys, if it were not for their type.
    private var refusedKeys: [String] {
        (search.isOneTable ? [search.impressions] : [search.impressions, search.clicks]).flatMap { table in
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
}
