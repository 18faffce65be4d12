/// Rows as a net reads them: ids by field, numbers by numeric feature. What is not known of the rows is empty.
public struct SparseRows: Sendable {
    public var count: Int
    /// `[fields]`
    public var fields: [FieldIDs]
    /// After their transform, NaN where missing. `[numerics][rows]`
    public var numerics: [[Float]]

    public init(count: Int, fields: [FieldIDs], numerics: [[Float]]) {
        self.count = count
        self.fields = fields
        self.numerics = numerics
    }
}
