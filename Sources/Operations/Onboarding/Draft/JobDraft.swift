/// A first job file for a team's own tables, before it is written down.
struct JobDraft: Sendable {
    var model: String
    var impressions, clicks: SurveyedTable
    var source: SourceProposal
    var sample: LogSample
    var features: [FeatureProposal]
    var crosses: [ProposedCross]
    var history: ProposedHistory?
    var group: SurveyedColumn?
    /// What a person should look at.
    var remarks: [String]

    /// - Throws: `JobDraftError.noFeatures`.
    init(
        model: String, impressions: SurveyedTable, clicks: SurveyedTable, source: SourceProposal, sample: LogSample
    ) throws {
        self.model = model
        self.impressions = impressions
        self.clicks = clicks
        self.source = source
        self.sample = sample
        features = source.featureColumns.compactMap { column in
            if let reason = column.reasonUnread { return .leftOut(column: column.name, reason: reason) }
            return sample.profiles.first { $0.column.name == column.name }.map { FeatureProposal($0) }
        }
        crosses = Self.crosses(features, sample)
        let groups = Self.groups(sample.profiles)
        // The first training day, too, must have a mature day before it.
        let isLongEnough = sample.dayCount > DraftSizes.windowDays(of: sample.dayCount) + sample.historyLag
        history = isLongEnough ? ProposedHistory(features, sample, persons: groups.map(\.name)) : nil
        remarks = source.remarks + sample.remarks
        let reasons = features.compactMap { proposal in
            if case .leftOut(let column, let reason) = proposal { "\(column): \(reason)" } else { nil }
        }
        guard reasons.count < features.count else {
            throw JobDraftError.noFeatures(table: impressions.name, reasons: reasons)
        }
        group = groups.first
        if groups.isEmpty {
            remarks.append("no column seems to name a person, so there is no GAUC: evaluation.group may name one")
        }
        if groups.count > 1 {
            remarks.append(
                "GAUC is over \(groups[0].name); it could be over \(groups.dropFirst().map(\.name).joined(separator: ", "))"
            )
        }
        remark(on: sample)
        remarkOnFeatures()
        if !sizes.idsFit {
            remarks.append(
                "about \(ids) ids do not fit nets.embedding_memory: the rarest share an embedding row; raise it where the "
                    + "machine has the memory, or give a feature a minimum_count")
        }
    }

    /// Crosses are of columns that name something.
    private static func crosses(_ features: [FeatureProposal], _ sample: LogSample) -> [ProposedCross] {
        let kept = KeptColumns(features, sample)
        return CrossSearch(rows: kept.rows(of: sample.recent), candidates: kept.naming).found().map {
            ProposedCross(first: kept.columns[$0.first], second: kept.columns[$0.second], evidence: $0)
        }
    }

    /// Ids that training can meet: the values of all features, and the pairs of the crosses.
    var ids: Int {
        var count = crosses.reduce(0) { $0 + $1.evidence.pairs }
        for case .feature(let feature) in features {
            switch feature.kind {
            case .categorical, .multiValued: count += feature.distinct
            case .numeric, .bucketed: break
            }
        }
        return count
    }

    /// Sizes of the nets, and how they are trained.
    var sizes: DraftSizes { DraftSizes(rows: sample.tableRows, days: sample.dayCount, ids: ids) }

    /// The fewest values on each side of a cross; with fewer, a net finds what the cross would tell.
    static let leastCrossedValues = 10
    static let mostCrossedColumns = 8

    private mutating func remarkOnFeatures() {
        for proposal in features {
            switch proposal {
            case .feature(let feature):
                if let auc = feature.strongAUC {
                    let rounded = auc.formatted(.number.precision(.fractionLength(2)))
                    remarks.append("\(feature.column) alone reaches AUC \(rounded); is it known before the click?")
                }
            case .leftOut(let column, let reason):
                let hasParts = impressions.columns.contains { $0.name == column && $0.hasParts }
                if hasParts || sample.profiles.contains(where: { $0.column.name == column && $0.leak != nil }) {
                    remarks.append("\(column) is left out: \(reason)")
                }
            }
        }
        if let history { remarks.append(history.remark) }
        for cross in crosses {
            remarks.append("the pair of \(cross.first) and \(cross.second) is proposed as a cross: \(cross.remark)")
        }
    }

    private mutating func remark(on sample: LogSample) {
        if sample.hasClicks, sample.clicks == 0 {
            remarks.append(
                "none of \(sample.rows) impressions of the sample is clicked by a row of \(clicks.name): a night has "
                    + "nothing to learn from until some are, or the columns that join the two are others "
                    + "(--impression-id, --click-impression)")
        } else if sample.hasClicks, sample.attributionWindow == nil {
            remarks.append(
                "\(sample.clicks) clicks in the sample are too few to tell how long people wait with them; "
                    + "attribution_window is a guess")
        }
        if sample.hasAllDays, sample.days.count < 2 {
            remarks.append(
                "the log has rows of \(sample.days.first.map { "\($0)" } ?? "no day") only; a night trains on one day at "
                    + "least and judges on the next")
        }
    }

    /// Columns that name a person, the likeliest first.
    private static func groups(_ profiles: [ColumnProfile]) -> [SurveyedColumn] {
        let words: [String: Int] = [
            "user": 5, "visitor": 5, "member": 4, "customer": 4, "viewer": 4, "account": 3, "cookie": 3, "person": 3,
            "subscriber": 3, "buyer": 2, "session": 1,
        ]
        func score(_ column: SurveyedColumn) -> Int {
            let own = column.words.reduce(0) { max($0, words[$1] ?? 0) }
            let endings = ["id", "uuid", "guid", "key", "hash", "ref", "token"]
            let isID = endings.contains(column.words.last ?? "") || column.words.count == 1
            return own > 0 && isID ? own : column.words == ["device", "id"] ? 2 : 0
        }
        return profiles.filter { profile in
            let family = profile.column.family
            return score(profile.column) > 0 && profile.nullShare < 0.5 && profile.expectedDistinct > 20
                && profile.rowsPerValue >= 1.2 && (family == .integer || family == .text || family == .uuid)
        }.map(\.column).sorted { score($0) > score($1) }
    }
}

/// A pair of columns as a separate feature.
struct ProposedCross: Equatable, Sendable {
    /// Columns.
    var first, second: String
    var evidence: CrossEvidence

    /// Why.
    var remark: String {
        "\(shortPercent(evidence.seen)) of later rows have a pair that came before (\(shortPercent(evidence.seenByChance)) "
            + "by chance), and pairs' own click rates take \(shortPercent(evidence.gain)) off the log loss there"
    }
}
