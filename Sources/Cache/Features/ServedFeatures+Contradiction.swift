extension ServedFeatures {
    /// A description of the first contradiction within or between features; nil if there is none. A file is not trusted
    /// before this is checked.
    public var contradiction: String? {
        guard features.count <= Self.mostFeatures else {
            return "it has \(features.count) features, expected at most \(Self.mostFeatures)"
        }
        var names: Set<String> = []
        for feature in features {
            guard !feature.name.isEmpty, names.insert(feature.name).inserted else {
                return "two features are called ‘\(feature.name)’"
            }
        }
        for feature in features {
            if let found = contradiction(in: feature) { return "feature \(feature.name): \(found)" }
        }
        return nil
    }

    private func contradiction(in feature: Feature) -> String? {
        if feature.kind.isHashed, !(1...31).contains(feature.hashBits) {
            return "hashBits is \(feature.hashBits), expected 1 … 31"
        }
        if feature.kind.readsColumn, feature.column.isEmpty { return "it reads no column" }
        if feature.kind == .bucketed || feature.kind == .history, let found = bucketContradiction(in: feature) {
            return found
        }
        if feature.kind == .history, let found = historyContradiction(in: feature) { return found }
        if feature.kind == .cross {
            let crossed = feature.crossed ?? []
            guard (2...Self.mostCrossed).contains(crossed.count) else {
                return "it crosses \(crossed.count) features, expected 2 … \(Self.mostCrossed)"
            }
            for name in crossed {
                guard let part = features.first(where: { $0.name == name }) else {
                    return "there is no ‘\(name)’ to cross"
                }
                if [.cross, .numeric, .multiValued, .history].contains(part.kind) {
                    return "it crosses \(name), which is \(part.kind.rawValue); expected a feature with one id a row"
                }
            }
        }
        if let table = feature.table {
            guard let owner = features.first(where: { $0.name == table }), owner.table == nil,
                owner.name != feature.name,
                [.categorical, .multiValued].contains(owner.kind), [.categorical, .multiValued].contains(feature.kind)
            else { return "it uses the table of ‘\(table)’, which has none of its own to share" }
            guard owner.tableRows == feature.tableRows else {
                return "it has \(feature.tableRows) ids, the table of \(table), which it uses, \(owner.tableRows)"
            }
        }
        return nil
    }

    private func bucketContradiction(in feature: Feature) -> String? {
        let buckets = feature.buckets ?? 1
        guard (1...Self.mostBuckets).contains(buckets) else {
            return "it has \(buckets) buckets, expected 1 … \(Self.mostBuckets)"
        }
        let boundaries = feature.boundaries ?? []
        guard boundaries.count < buckets else {
            return "it has \(boundaries.count) boundaries, \(buckets) buckets have \(buckets - 1) at most"
        }
        guard boundaries.allSatisfy(\.isFinite), zip(boundaries, boundaries.dropFirst()).allSatisfy(<) else {
            return "its boundaries do not ascend"
        }
        return nil
    }

    private func historyContradiction(in feature: Feature) -> String? {
        guard let history = feature.history else { return "it does not say which history it is of" }
        guard (1...Self.mostCrossed).contains(history.of.count) else {
            return "its key has \(history.of.count) features, expected 1 … \(Self.mostCrossed)"
        }
        for name in history.of {
            guard let part = features.first(where: { $0.name == name }), part.kind.canBeKey else {
                return "its key has ‘\(name)’, which is no feature with one value a row"
            }
        }
        guard history.window.isPossible(lag: history.lag) else {
            return "its window is not of 1 … \(HistoryWindow.mostDays) days"
        }
        return nil
    }

    private static let mostFeatures = 10_000
    private static let mostCrossed = 64
    private static let mostBuckets = 1_000_000
}
