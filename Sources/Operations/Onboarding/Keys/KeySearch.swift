import AdLogs
import Postgres

/// Finds the columns that name an impression, and those by which a click names it.
///
/// Likely pairs are tried first, by their names, types and uniqueness; the first that explains nearly all clicks of a
/// sample ends the search. Where no column names an impression alone, pairs and triples are tried.
struct KeySearch {
    let search: SourceSearch

    /// Joins that are tried of single columns, and of several.
    private static let mostSingles = 10
    private static let mostComposites = 6
    /// A log on which so many joins took too long is not asked again.
    private static let mostTimeouts = 2

    /// A pair of keys, and what became of it.
    struct Pair {
        var id, reference: SurveyedKey
        /// How likely it is by its names.
        var prior: Double
        var isForeignKey = false
        /// Nil where trying took too long.
        var result: KeyTrial.Result?

        var score: Double {
            guard let result else { return prior }
            let share = result.isUnique ? result.share : 0
            return 5 * share * (result.isPrompt ? 1 : 0.25) + prior + (isForeignKey ? 10 : 0)
        }
    }

    /// - Throws: `JobDraftError.noReference`, `.noColumn`, `.keyType`; `PostgresError`.
    func find(_ source: inout SourceProposal, _ remarks: inout [String]) throws {
        let ids = try keys(given.impressionID, of: search.impressions, "--impression-id")
        let references = try keys(given.clickImpression, of: search.clicks, "--click-impression")
        search.notice("looking at \(source.impressions.table.name)")
        let counts = try FirstRows(source, on: connection, milliseconds: milliseconds)
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
            let unique = ids.columns.filter { given.impressionID != nil || counts.isUnique($0) }
            let naming = references.columns.filter { column in
                given.clickImpression != nil || column.refersTo != nil || sample.map { $0.couldName(column) } ?? true
            }
            try trials.run(Array(KeyPairs(search).singles(unique, naming).prefix(Self.mostSingles)))
        }
        if trials.needsMore { try trials.run(try composites(ids, references, counts)) }
        try choose(trials, isGiven: given.impressionID != nil && given.clickImpression != nil, &source, &remarks)
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
        _ trials: Trials, isGiven: Bool, _ source: inout SourceProposal, _ remarks: inout [String]
    ) throws {
        guard let best = trials.best, isGiven || best.isForeignKey || isEvidence(best) else {
            throw JobDraftError.noReference(
                impressions: search.impressions.name, clicks: search.clicks.name,
                columns: search.clicks.columns.map(\.name), refused: refusedKeys)
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
                        + "\(best.reference.description) = \(best.id.description): numbers match by chance like that")
            }
            if !result.isUnique {
                remarks.append(
                    "a \(best.id.description) names several impressions of \(search.impressions.name); where several columns "
                        + "make the id, name them: --impression-id request_id,position")
            }
        } else if best.result == nil {
            remarks.append(
                "whether clicks find their impressions by \(best.reference.description) = \(best.id.description) is not known: "
                    + "it could not be found out within \(milliseconds / 1_000) s; an index on \(best.id.description) of "
                    + "\(search.impressions.name) makes that possible")
        }
        if best.id.columns.count > 1 {
            remarks.append("an impression is named by \(best.id.names.joined(separator: " and ")) together")
        }
        for other in trials.pairs where other.id != best.id || other.reference != best.reference {
            guard other.score > best.score - 2, other.id.columns.count == 1, other.result?.share ?? 0 > 0.5,
                other.result?.isUnique == true
            else { continue }
            remarks.append(
                "clicks are joined by \(best.reference.description) = \(best.id.description); \(other.reference.description) "
                    + "= \(other.id.description) would fit too (--click-impression, --impression-id)")
        }
    }

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
        let names = isOne ? [wanted] : wanted.split(separator: ",").map(String.init)
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
        _ ids: SurveyedKey, _ references: SurveyedKey, _ counts: FirstRows
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

    /// The pairs that were tried, one after the other.
    private struct Trials {
        var trial: KeyTrial?
        let notice: (String) -> Void
        let newest: () throws -> ClickSample?
        private(set) var pairs: [Pair] = []
        private var timeouts = 0

        init(_ trial: KeyTrial?, notice: @escaping (String) -> Void, newest: @escaping () throws -> ClickSample?) {
            (self.trial, self.notice, self.newest) = (trial, notice, newest)
        }

        private var hasGivenUp: Bool { timeouts >= KeySearch.mostTimeouts }

        /// Whether no column alone names the impressions of the clicks; without clicks nothing speaks against one.
        var needsMore: Bool {
            guard let best else { return true }
            guard !hasGivenUp, let result = best.result, result.clicks > 0 else { return false }
            return result.share < 0.9 || !result.isUnique || !result.isPrompt
        }

        /// The first of those with the highest score.
        var best: Pair? {
            pairs.reduce(nil as Pair?) { best, pair in
                if let best, best.score >= pair.score { best } else { pair }
            }
        }

        mutating func run(_ candidates: [Pair]) throws {
            for (number, candidate) in candidates.enumerated() {
                var pair = candidate
                notice(
                    "looking for impressions by \(pair.reference.description) = \(pair.id.description), "
                        + "\(number + 1) of at most \(candidates.count)")
                if let trial, !hasGivenUp {
                    pair.result = try trial.result(pair.id, pair.reference)
                    if pair.result == nil, !trial.isOfNewest, let sample = try newest() {
                        self.trial = KeyTrial(
                            source: trial.source, sample: sample, isOfNewest: true, milliseconds: trial.milliseconds,
                            connection: trial.connection)
                        pair.result = try self.trial?.result(pair.id, pair.reference)
                    }
                    if pair.result == nil { timeouts += 1 }
                }
                pairs.append(pair)
                if pair.isForeignKey || pair.result?.explains == true { return }
            }
        }
    }
}
