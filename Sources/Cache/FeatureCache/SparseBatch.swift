/// A run of rows of one day in column form: the contents of a cache file's block and the input of training.
///
/// Ids are below their field's `rowsInTable`; `0` stands for a missing value in every field.
public struct SparseBatch: Equatable, Sendable {
    /// 1 if the impression was clicked within the attribution window. `[rows]`
    public var labels: [UInt8]
    /// Low half of XXH64 (seed 0) of the impression's id, which tells the rows that two builds of a day have in common.
    /// Empty where that is never needed, as in training. `[rows]` or `[]`
    public var keys: [UInt32]
    /// Hash of the group (usually the user) that GAUC and the clustered bootstrap work by. `[rows]`
    public var groups: [UInt64]
    /// The true click probability if the log knows it (generated logs), otherwise empty. `[rows]` or `[]`
    public var truth: [Float]
    /// One column per categorical or multi-valued field, in the specification's order.
    public var fields: [FieldColumn]
    /// One column per numeric feature, in the specification's order, NaN for missing values. `[numerics][rows]`
    public var numerics: [[Float]]

    public init(
        labels: [UInt8] = [], keys: [UInt32] = [], groups: [UInt64] = [], truth: [Float] = [],
        fields: [FieldColumn] = [],
        numerics: [[Float]] = []
    ) {
        self.labels = labels
        self.keys = keys
        self.groups = groups
        self.truth = truth
        self.fields = fields
        self.numerics = numerics
    }

    /// The number of impressions in the batch.
    public var rows: Int { labels.count }
}

/// The feature ids of one field for the rows of a batch.
public enum FieldColumn: Equatable, Sendable {
    /// Exactly one id per row. `[rows]`
    case single([UInt32])
    /// Any number of ids per row: row `r` has `ids[offsets[r]..<offsets[r + 1]]`. `offsets` is `[rows + 1]`.
    case multi(offsets: [UInt32], ids: [UInt32])
}
