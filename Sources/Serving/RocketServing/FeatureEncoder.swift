import Features
import Foundation
import Nets

/// An encoder from raw values to ids and numbers, equal to the extraction from the logs, and from ids to rows of a
/// model's tables. Without a model, ids stay as they are.
///
/// Features whose columns all belong to the request are encoded once per request, the others once per candidate.
public struct FeatureEncoder: Sendable {
    /// The columns read by the request's features, and by the candidates', each once.
    public let requestColumns, candidateColumns: [String]
    private(set) var request, candidates: Part
    /// The keys of histories.
    private let keys: [HistoryKeyReader]
    private let fieldCount, numericCount, featureCount: Int

    /// The features of one side, crosses last.
    struct Part: Sendable {
        var readers: [Reader] = []
        /// The fields' positions among the model's.
        var fields: [Int] = []
        var numerics: [Int] = []
    }

    struct Reader: Sendable {
        var feature: Int
        /// Whether a cross needs its hash.
        var isCrossed: Bool
        var source: Source
        /// Whether it becomes a plain number, without ids.
        var isNumber: Bool
        /// The position among the fields, or among the numbers.
        var target: Int
        var hasher: FeatureHasher
        /// The table of ids; nil if the ids themselves are the rows.
        var ids: IDTable?
        /// The type of its column; nil if the model's file has none.
        var type: ColumnType?
        /// For numbers: the range that the net can standardise.
        var range = -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude
    }

    enum Source: Sendable {
        case text(Int)
        case list(Int)
        case number(Int, Feature.Transform)
        case bucketed(Int, QuantileBuckets)
        case hour(Int, TimeZone)
        case weekday(Int, TimeZone)
        case cross([Int])
        case history(HistoryNumberReader)
    }

    /// - Parameters:
    ///   - columns: The columns whose values all candidates of a request share.
    ///   - history: The counts that histories are read from; nil: they are missing in every row.
    /// - Throws: `ServingError.unknownColumn`, `.timeZone`, `.features` if features contradict each other, `.history`
    ///   if the counts are those of other features.
    public init(
        _ served: ServedFeatures, requestColumns columns: Set<String> = [], history: ServedHistory? = nil
    ) throws(ServingError) {
        try self.init(served, requestColumns: columns, ids: .none, history: history)
    }

    /// - Parameter ids: The model's tables of ids.
    init(
        _ served: ServedFeatures, requestColumns columns: Set<String>, ids: IDTables, history: ServedHistory?
    ) throws(ServingError) {
        if let contradiction = served.contradiction { throw .features(contradiction) }
        let features = served.features
        let known = features.compactMap { served.column(of: $0) }
        if let unknown = columns.subtracting(known).min() {
            throw .unknownColumn(unknown, known: Array(Set(known)).sorted())
        }
        var fromRequest: [Bool] = features.map { served.column(of: $0).map { columns.contains($0) } ?? false }
        let crossed = features.map { ($0.crossed ?? []).compactMap { name in features.firstIndex { $0.name == name } } }
        let keys = HistoryKeys(features, history)
        for (index, parts) in crossed.enumerated() where features[index].kind == .cross {
            fromRequest[index] = parts.allSatisfy { fromRequest[$0] }
        }
        for (index, parts) in keys.parts(of: features).enumerated() where features[index].kind == .history {
            fromRequest[index] = parts.allSatisfy { fromRequest[$0] }
        }
        let inCrosses = Set(crossed.joined()).union(keys.readers.flatMap(\.parts))
        var (request, candidates) = (Part(), Part())
        var (requestColumns, candidateColumns) = ([String](), [String]())
        var (fields, numerics) = (0, 0)
        // Crosses and histories follow the features they are made of, which are neither.
        func rank(_ index: Int) -> Int { features[index].kind == .cross || features[index].kind == .history ? 1 : 0 }
        let order = features.indices.sorted { (rank($0), $0) < (rank($1), $1) }
        var targets = [Int](repeating: 0, count: features.count)
        for (index, feature) in features.enumerated() {
            if feature.isNumber {
                targets[index] = numerics
                numerics += 1
            } else {
                targets[index] = fields
                fields += 1
            }
        }
        for index in order {
            let feature = features[index]
            func position() -> Int {
                let name = served.column(of: feature) ?? ""
                return fromRequest[index] ? requestColumns.place(of: name) : candidateColumns.place(of: name)
            }
            func zone() throws(ServingError) -> TimeZone {
                guard let zone = TimeZone(identifier: served.timeZone) else { throw .timeZone(served.timeZone) }
                return zone
            }
            let source: Source =
                switch feature.kind {
                case .categorical: .text(position())
                case .multiValued: .list(position())
                case .numeric: .number(position(), feature.transform)
                case .bucketed: .bucketed(position(), QuantileBuckets(boundaries: feature.boundaries ?? []))
                case .hourOfDay: .hour(position(), try zone())
                case .dayOfWeek: .weekday(position(), try zone())
                case .cross: .cross(crossed[index])
                case .history: .history(try keys.reader(of: feature))
                }
            let reader = Reader(
                feature: index, isCrossed: inCrosses.contains(index), source: source, isNumber: feature.isNumber,
                target: targets[index], hasher: FeatureHasher(feature),
                ids: feature.isNumber ? nil : ids[targets[index]],
                type: served.column(of: feature).flatMap { served.type(of: $0) })
            if fromRequest[index] { request.add(reader) } else { candidates.add(reader) }
        }
        (self.request, self.candidates) = (request, candidates)
        (self.requestColumns, self.candidateColumns) = (requestColumns, candidateColumns)
        self.keys = keys.readers
        (fieldCount, numericCount, featureCount) = (fields, numerics, features.count)
    }

    /// Returns an encoder that refuses numbers that the net of a layout cannot standardise.
    func bounded(by numerics: [NumericShape]) -> FeatureEncoder {
        var bounded = self
        for index in request.readers.indices { bounded.request.readers[index].bound(by: numerics) }
        for index in candidates.readers.indices { bounded.candidates.readers[index].bound(by: numerics) }
        return bounded
    }

    /// Returns the names that a request and its candidates may have.
    ///
    /// - Parameter unread: Columns of the log that no feature reads.
    func names(_ unread: Set<String>, _ unknown: UnknownColumns) -> (request: RowNames, candidates: RowNames) {
        var request = RowNames(requestColumns, unknown: unknown)
        var candidates = RowNames(candidateColumns, unknown: unknown)
        (request.part, candidates.part) = (.request, .candidates)
        (request.unread, candidates.unread) = (unread, unread)
        (request.otherPart, candidates.otherPart) = (Set(candidateColumns), Set(requestColumns))
        return (request, candidates)
    }

    /// Returns rows to be filled by `encode`, repeatedly without allocation.
    public func empty() -> EncodedRows {
        EncodedRows(fields: fieldCount, numerics: numericCount, features: featureCount, keys: keys.count)
    }

    /// Encodes the request's values, in the order of `requestColumns`.
    ///
    /// - Throws: `ServingError.value`, `.width`.
    public func encode(request values: [RawValue], into rows: inout EncodedRows) throws(ServingError) {
        guard values.count == requestColumns.count else {
            throw .width(row: 0, found: values.count, expected: requestColumns)
        }
        var problems = RowProblems()
        encode(1, request.readers, of: nil, into: &rows, &problems) { column in
            RawColumn(values: values[column...column], name: requestColumns[column])
        }
        if let problem = problems.first { throw problem }
    }

    /// Encodes the candidates of an encoded request.
    ///
    /// - Parameter raw: Rows with the columns `candidateColumns`.
    /// - Throws: `ServingError.value` for the first row with a refused value, `.width`.
    public func encode(
        candidates raw: RawRows, of request: EncodedRows, into rows: inout EncodedRows
    ) throws(ServingError) {
        var problems = RowProblems()
        try encode(candidates: raw, of: request, into: &rows, problems: &problems)
        if let problem = problems.first { throw problem }
    }

    /// Encodes the candidates so that a refused value affects no other row: the value counts as missing, and the
    /// problem is recorded. O(rows × columns), however many are refused.
    ///
    /// - Throws: `ServingError.width`.
    public func encode(
        candidates raw: RawRows, of request: EncodedRows, into rows: inout EncodedRows, problems: inout RowProblems
    ) throws(ServingError) {
        guard raw.columns == candidateColumns else {
            throw .width(row: 0, found: raw.columns.count, expected: candidateColumns)
        }
        encode(raw.count, candidates.readers, of: request, into: &rows, &problems) { column in
            RawColumn(values: raw.values[column][...], name: candidateColumns[column])
        }
    }

    /// Encodes feature by feature, so that the kind of a feature is examined once and not for each value.
    private func encode(
        _ count: Int, _ readers: [Reader], of request: EncodedRows?, into rows: inout EncodedRows,
        _ problems: inout RowProblems, _ column: (Int) -> RawColumn
    ) {
        rows.clear(readers)
        for reader in readers {
            switch reader.source {
            case .text(let index): rows.encodeTexts(column(index), reader, &problems)
            case .list(let index): rows.encodeLists(column(index), reader, &problems)
            case .number(let index, let transform): rows.encodeNumbers(column(index), transform, reader, &problems)
            case .bucketed(let index, let buckets):
                rows.encodeIDs(column(index), reader, expected: "a finite number", &problems) { value in
                    value.number(as: reader.type).map { buckets.id($0) }
                }
            case .hour(let index, let zone):
                rows.encodeIDs(column(index), reader, expected: LocalTime.expected, &problems) { value in
                    value.secondsSince1970.map { UInt32(1 + LocalTime(secondsSince1970: $0, zone).hour) }
                }
            case .weekday(let index, let zone):
                rows.encodeIDs(column(index), reader, expected: LocalTime.expected, &problems) { value in
                    value.secondsSince1970.map { UInt32(LocalTime(secondsSince1970: $0, zone).weekday) }
                }
            case .cross(let parts): rows.encodeCross(parts, reader, of: request, count: count)
            case .history(let number):
                rows.encodeHistory(number, keys[number.key], reader, of: request, count: count)
            }
            if let ids = reader.ids { ids.replaceByRows(&rows.rows.fields[reader.target].ids) }
        }
        rows.rows.count = count
    }
}

extension FeatureEncoder.Reader {
    fileprivate mutating func bound(by numerics: [NumericShape]) {
        if case .number = source { range = numerics[target].range }
    }
}

extension FeatureEncoder.Part {
    fileprivate mutating func add(_ reader: FeatureEncoder.Reader) {
        readers.append(reader)
        if reader.isNumber { numerics.append(reader.target) } else { fields.append(reader.target) }
    }
}

extension [String] {
    /// Returns a name's position, appending it if missing.
    fileprivate mutating func place(of name: String) -> Int {
        if let place = firstIndex(of: name) { return place }
        append(name)
        return count - 1
    }
}
