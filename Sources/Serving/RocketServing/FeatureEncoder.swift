import Features
import Foundation
import Nets

/// Turns raw values into ids and numbers, as the extraction from the logs does, and ids into the rows of a model's
/// tables. One of no model leaves the ids as they are.
///
/// Features whose columns all belong to the request are encoded once a request, the others once a candidate.
public struct FeatureEncoder: Sendable {
    /// The columns that the request's features read, and those of the candidates', each once.
    public let requestColumns, candidateColumns: [String]
    private(set) var request, candidates: Part
    private let fieldCount, numericCount, featureCount: Int

    /// The features of one side, crosses last.
    struct Part: Sendable {
        var readers: [Reader] = []
        /// Whose they are among the model's.
        var fields: [Int] = []
        var numerics: [Int] = []
    }

    struct Reader: Sendable {
        var feature: Int
        /// Whether a cross needs its hash.
        var isCrossed: Bool
        var source: Source
        /// Its place among the fields, or among the numbers.
        var target: Int
        var hasher: FeatureHasher
        /// Which rows the ids have; nil: their own numbers.
        var ids: IDTable?
        /// Of its column; nil where the model's file says none.
        var type: ColumnType?
        /// Of numbers: what the net can standardise.
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
    }

    /// - Parameter columns: those whose values all candidates of a request have in common.
    /// - Throws: `ServingError.unknownColumn`, `.timeZone`, `.features` where features contradict each other.
    public init(_ served: ServedFeatures, requestColumns columns: Set<String> = []) throws(ServingError) {
        try self.init(served, requestColumns: columns, ids: .none)
    }

    /// - Parameter ids: of the model.
    init(_ served: ServedFeatures, requestColumns columns: Set<String>, ids: IDTables) throws(ServingError) {
        if let contradiction = served.contradiction { throw .features(contradiction) }
        let features = served.features
        let known = features.compactMap { served.column(of: $0) }
        if let unknown = columns.subtracting(known).min() {
            throw .unknownColumn(unknown, known: Array(Set(known)).sorted())
        }
        var fromRequest: [Bool] = features.map { served.column(of: $0).map { columns.contains($0) } ?? false }
        let crossed = features.map { ($0.crossed ?? []).compactMap { name in features.firstIndex { $0.name == name } } }
        for (index, parts) in crossed.enumerated() where features[index].kind == .cross {
            fromRequest[index] = parts.allSatisfy { fromRequest[$0] }
        }
        let inCrosses = Set(crossed.joined())
        var (request, candidates) = (Part(), Part())
        var (requestColumns, candidateColumns) = ([String](), [String]())
        var (fields, numerics) = (0, 0)
        // Crosses after what they cross, which are never crosses.
        let order = features.indices.sorted {
            (features[$0].kind == .cross ? 1 : 0) < (features[$1].kind == .cross ? 1 : 0)
        }
        var targets = [Int](repeating: 0, count: features.count)
        for (index, feature) in features.enumerated() {
            if feature.kind == .numeric {
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
                }
            let reader = Reader(
                feature: index, isCrossed: inCrosses.contains(index), source: source, target: targets[index],
                hasher: FeatureHasher(feature), ids: feature.kind == .numeric ? nil : ids[targets[index]],
                type: served.column(of: feature).flatMap { served.type(of: $0) })
            if fromRequest[index] { request.add(reader) } else { candidates.add(reader) }
        }
        (self.request, self.candidates) = (request, candidates)
        (self.requestColumns, self.candidateColumns) = (requestColumns, candidateColumns)
        (fieldCount, numericCount, featureCount) = (fields, numerics, features.count)
    }

    /// An encoder that refuses numbers that the net of a layout cannot standardise.
    func bounded(by numerics: [NumericShape]) -> FeatureEncoder {
        var bounded = self
        for index in request.readers.indices { bounded.request.readers[index].bound(by: numerics) }
        for index in candidates.readers.indices { bounded.candidates.readers[index].bound(by: numerics) }
        return bounded
    }

    /// No rows yet; to be filled by `encode`, again and again without allocation.
    public func empty() -> EncodedRows {
        EncodedRows(fields: fieldCount, numerics: numericCount, features: featureCount)
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
    /// - Parameter raw: with the columns `candidateColumns`.
    /// - Throws: `ServingError.value` for the first row with one, `.width`.
    public func encode(
        candidates raw: RawRows, of request: EncodedRows, into rows: inout EncodedRows
    ) throws(ServingError) {
        var problems = RowProblems()
        try encode(candidates: raw, of: request, into: &rows, problems: &problems)
        if let problem = problems.first { throw problem }
    }

    /// The same where a row with a value that is refused costs the others nothing: the value counts as missing, and the
    /// problem is told. O(rows × columns), however many are refused.
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

    /// Feature by feature, so that how a feature is read is looked at once and not for each value.
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
        if case .number = reader.source { numerics.append(reader.target) } else { fields.append(reader.target) }
    }
}

extension [String] {
    /// Where a name stands, which is appended where it does not.
    fileprivate mutating func place(of name: String) -> Int {
        if let place = firstIndex(of: name) { return place }
        append(name)
        return count - 1
    }
}
