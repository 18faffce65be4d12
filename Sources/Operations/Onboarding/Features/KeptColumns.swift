/// The columns that a draft keeps as features, and which of them name something.
struct KeptColumns {
    /// Their names.
    private(set) var columns: [String] = []
    /// Positions, among them, of those that name something and have many values: at most eight, those with the most.
    private(set) var naming: [Int] = []
    private var positions: [Int] = []

    init(_ features: [FeatureProposal], _ sample: LogSample) {
        var kept: [ProposedFeature] = []
        for case .feature(let feature) in features {
            guard let position = sample.profiles.firstIndex(where: { $0.column.name == feature.column }) else {
                continue
            }
            kept.append(feature)
            positions.append(position)
        }
        columns = kept.map(\.column)
        naming = kept.indices
            .filter { kept[$0].kind == .categorical && kept[$0].distinct >= JobDraft.leastCrossedValues }
            .sorted { (kept[$1].distinct, $0) < (kept[$0].distinct, $1) }
            .prefix(JobDraft.mostCrossedColumns).sorted()
    }

    /// Returns the rows with these columns alone.
    func rows(of rows: RecentRows) -> RecentRows {
        RecentRows(codes: positions.map { rows.codes[$0] }, clicked: rows.clicked, days: rows.days)
    }
}
