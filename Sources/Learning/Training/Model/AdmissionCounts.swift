import FeatureCache
import Nets

/// How often each id of the fields with an admission rule came in the training rows, and when it was last seen.
///
/// An id is admitted, that is, has its own embedding, when it was seen often enough and recently enough. The others of
/// a field with a table of ids have no row there. Those of any other field share its rare row while training and get a
/// copy of it at the end, so that scoring needs no rule.
public struct AdmissionCounts: Equatable, Sendable {
    /// One a field, nil where the field has no rule.
    public internal(set) var fields: [Field?]
    /// The newest day that was counted, days since 1970-01-01.
    public internal(set) var lastDay: Int32

    public struct Field: Equatable, Sendable {
        /// Ascending, those that were met so far; nil without a table of ids: every row's.
        public internal(set) var ids: [UInt32]?
        /// How often each id was seen; saturates at the largest `Int32`.
        public var counts: [Int32]
        /// When each id was last seen, in days since 1970-01-01; −1: never.
        public var lastSeen: [Int32]
        let rule: IDAdmission

        init(rows: Int, rule: IDAdmission) {
            counts = [Int32](repeating: 0, count: rows)
            lastSeen = [Int32](repeating: -1, count: rows)
            self.rule = rule
        }

        init(met: MetIDs, rule: IDAdmission) {
            (ids, counts, lastSeen) = (met.ids, met.counts, met.lastSeen)
            self.rule = rule
        }

        mutating func add(_ more: [UInt32], day: Int32) {
            for id in more where Int(id) < counts.count {
                if counts[Int(id)] < .max { counts[Int(id)] += 1 }
                lastSeen[Int(id)] = max(lastSeen[Int(id)], day)
            }
        }

        /// Whether an id, given by its place here, has its own embedding; the id for "missing" always has.
        func admits(_ id: Int, on lastDay: Int32) -> Bool {
            if id == 0, ids == nil { return true }
            guard Int(counts[id]) >= rule.minimumCount else { return false }
            return rule.expireAfterDays.map { Int(lastDay) - Int(lastSeen[id]) <= $0 } ?? true
        }
    }

    /// Nothing counted yet; nil when no field of the layout has a rule.
    init?(_ layout: InputLayout) {
        guard layout.fields.contains(where: { $0.admission != nil }) else { return nil }
        fields = layout.fields.map { shape in
            shape.admission.map {
                shape.hasIDTable == true ? Field(met: MetIDs(), rule: $0) : Field(rows: shape.rows, rule: $0)
            }
        }
        lastDay = -1
    }

    /// Counts the rows of a source; nil when no field of the layout has a rule.
    ///
    /// - Parameters:
    ///   - known: with the counts of fields that have tables of ids.
    ///   - earlier: counts of another source of the same layout, which these are added to.
    init?(_ known: KnownIDs, of source: TrainingSource, after earlier: AdmissionCounts? = nil) throws {
        self.init(known.layout)
        if let earlier { self = earlier }
        for (index, counted) in known.admission.enumerated() {
            if let counted { fields[index] = counted }
        }
        lastDay = max(lastDay, known.lastDay)
        guard fields.contains(where: { $0 != nil && $0?.ids == nil }) else { return }
        for (block, day) in zip(source.blocks, source.days) {
            let batch = try block()
            lastDay = max(lastDay, day)
            for index in fields.indices where fields[index]?.ids == nil {
                switch batch.fields[index] {
                case .single(let ids), .multi(_, let ids): fields[index]?.add(ids, day: day)
                }
            }
        }
    }

    /// The source with every id of fields without a table of ids that is not admitted replaced by its field's rare row.
    func admitted(_ source: TrainingSource) -> TrainingSource {
        let tables: [[UInt32]?] = fields.map { field in
            guard let field, field.ids == nil else { return nil }
            return field.counts.indices.map { id in
                UInt32(field.admits(id, on: lastDay) ? id : field.counts.count)
            }
        }
        guard tables.contains(where: { $0 != nil }) else { return source }
        var source = source
        source.blocks = source.blocks.map { block in
            { @Sendable in
                var batch = try block()
                for (index, table) in tables.enumerated() {
                    guard let table else { continue }
                    switch batch.fields[index] {
                    case .single(let ids): batch.fields[index] = .single(ids.map { table[Int($0)] })
                    case .multi(let offsets, let ids):
                        batch.fields[index] = .multi(offsets: offsets, ids: ids.map { table[Int($0)] })
                    }
                }
                return batch
            }
        }
        return source
    }

    /// Gives every id that is not admitted the embedding of its field's rare row.
    func shareRareRows(of tables: EmbeddingTables) {
        for (index, field) in fields.enumerated() {
            guard let field, field.ids == nil else { continue }
            for id in field.counts.indices where !field.admits(id, on: lastDay) {
                tables.copyRow(field.counts.count, to: id, field: index)
            }
        }
    }
}
