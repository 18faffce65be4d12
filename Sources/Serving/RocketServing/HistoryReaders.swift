import Features

/// A key of histories: the features whose values make it, and the counts of its values.
struct HistoryKeyReader: Sendable {
    let of: [String]
    /// Positions of the features.
    let parts: [Int]
    /// Nil without a table of counts.
    let counts: ServedHistory.Key?

    /// Returns the key's hash, 0 if a part is missing; equal to the extraction's.
    ///
    /// - Parameter part: Returns the hash of a feature, 0 for missing.
    @inline(__always)
    func hash(_ part: (Int) -> UInt64) -> UInt64 {
        if parts.count == 1 { return part(parts[0]) }
        if parts.contains(where: { part($0) == 0 }) { return 0 }
        return max(1, HistoryNumber.keyHasher.hash(crossing: parts.count) { part(parts[$0]) })
    }
}

/// How a record of counts becomes a number of a history.
struct HistoryNumberReader: Sendable {
    /// Position of the key.
    let key: Int
    let measure: HistoryNumber.Measure
    /// Nil for a plain number.
    let buckets: QuantileBuckets?
    let transform: Feature.Transform
    /// Nil without a table of counts.
    let source: Source?

    struct Source: Sendable {
        let counts: [Float]
        /// Numbers per record, and where the window's are.
        let width, offset: Int
        let rate: SmoothedRate
    }

    /// Returns the number of a record; NaN, which is missing, for −1.
    @inline(__always)
    func value(_ record: Int32) -> Double {
        guard let source, record >= 0 else { return .nan }
        let place = Int(record) &* source.width &+ source.offset
        switch measure {
        case .impressions: return Double(source.counts[place])
        case .clicks: return Double(source.counts[place &+ 1])
        case .rate: return source.rate.lift(impressions: source.counts[place], clicks: source.counts[place &+ 1])
        }
    }
}

/// The distinct keys of a model's histories.
struct HistoryKeys {
    private(set) var readers: [HistoryKeyReader] = []
    private let history: ServedHistory?

    /// - Parameter history: Counts of these features; nil without.
    init(_ features: [Feature], _ history: ServedHistory?) {
        self.history = history
        for number in features.compactMap(\.history) where !readers.contains(where: { $0.of == number.of }) {
            readers.append(
                HistoryKeyReader(
                    of: number.of, parts: number.of.compactMap { name in features.firstIndex { $0.name == name } },
                    counts: history?.keys.first { $0.of == number.of }))
        }
    }

    /// Returns, for each feature, the positions of the features that make its key; empty for other kinds.
    func parts(of features: [Feature]) -> [[Int]] {
        features.map { feature in
            feature.history.flatMap { number in readers.first { $0.of == number.of }?.parts } ?? []
        }
    }

    /// - Throws: `ServingError.history` if the counts do not have the number's window.
    func reader(of feature: Feature) throws(ServingError) -> HistoryNumberReader {
        guard let number = feature.history, let key = readers.firstIndex(where: { $0.of == number.of }) else {
            throw .features("feature \(feature.name) does not say which history it is of")
        }
        var source: HistoryNumberReader.Source?
        if let history {
            guard let place = history.place(of: number) else {
                throw .history("it has no \(number.name); it is of another model")
            }
            let counts = history.keys[place.key]
            let window = counts.windows[place.window]
            source = HistoryNumberReader.Source(
                counts: counts.counts, width: 2 * counts.windows.count, offset: 2 * place.window,
                rate: SmoothedRate(prior: window.prior, strength: window.strength))
        }
        return HistoryNumberReader(
            key: key, measure: number.measure,
            buckets: feature.isNumber ? nil : QuantileBuckets(boundaries: feature.boundaries ?? []),
            transform: feature.transform, source: source)
    }
}
