import FeatureCache
import Features
import Postgres

/// Gathers decoded rows into columns: one feature hasher or transform a column, no value is copied into a String.
struct BatchBuilder {
    private let columns: [Column]
    private let hasGroup: Bool
    private let hasTruth: Bool
    private var batch: SparseBatch
    private let empty: SparseBatch

    /// How a feature's value is read and where it goes.
    private enum Column {
        case single(FeatureHasher, field: Int)
        case multi(FeatureHasher, field: Int)
        case numeric(Feature.Transform, numeric: Int)
    }

    init(_ specification: ExtractionSpecification) {
        hasGroup = specification.group != nil
        hasTruth = specification.trueProbability != nil
        var columns: [Column] = []
        var fields: [FieldColumn] = []
        var numerics: [[Float]] = []
        for feature in specification.features.features {
            switch feature.kind {
            case .categorical:
                columns.append(.single(FeatureHasher(feature), field: fields.count))
                fields.append(.single([]))
            case .multiValued:
                columns.append(.multi(FeatureHasher(feature), field: fields.count))
                fields.append(.multi(offsets: [0], ids: []))
            case .numeric:
                columns.append(.numeric(feature.transform, numeric: numerics.count))
                numerics.append([])
            }
        }
        self.columns = columns
        empty = SparseBatch(fields: fields, numerics: numerics)
        batch = empty
    }

    /// Rows gathered so far.
    var rows: Int { batch.rows }

    /// Hands the rows out and starts over.
    mutating func take() -> SparseBatch {
        defer { batch = empty }
        return batch
    }

    /// Appends one row: clicked, then group and truth where configured, then the features in their order.
    mutating func append(_ row: inout BinaryRow) throws {
        batch.labels.append(try row.bool() == true ? 1 : 0)
        // Rows without a group all get 0, which belongs to no group.
        batch.groups.append(hasGroup ? try row.bytes { GroupHash.of($0) } ?? 0 : 0)
        if hasTruth {
            batch.truth.append(Float(try row.double() ?? .nan))
        }
        for column in columns {
            switch column {
            case .single(let hasher, let field):
                let id = try row.bytes { hasher.id($0) } ?? FeatureHasher.missing
                batch.fields[field].append(id)
            case .multi(let hasher, let field):
                var ids: [UInt32] = []
                _ = try row.array { element in
                    if let element { ids.append(hasher.id(element)) }
                }
                batch.fields[field].append(contentsOf: ids)
            case .numeric(let transform, let numeric):
                let value = try row.double()
                batch.numerics[numeric].append(value.map { transform.apply($0) } ?? .nan)
            }
        }
    }
}

extension FieldColumn {
    /// Appends a row with one id.
    fileprivate mutating func append(_ id: UInt32) {
        guard case .single(var ids) = self else { return }
        // Emptied first, so that the array is uniquely held and grows in place.
        self = .single([])
        ids.append(id)
        self = .single(ids)
    }

    /// Appends a row with any number of ids; a row without any gets the id for "missing".
    fileprivate mutating func append(contentsOf new: [UInt32]) {
        guard case .multi(var offsets, var ids) = self else { return }
        self = .multi(offsets: [], ids: [])
        if new.isEmpty { ids.append(FeatureHasher.missing) } else { ids += new }
        offsets.append(UInt32(ids.count))
        self = .multi(offsets: offsets, ids: ids)
    }
}
