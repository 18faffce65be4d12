/// The specification that a cache file must have been built from.
public struct CacheExpectation: Equatable, Sendable {
    public var specificationHash: String
    public var fields: [CacheField]
    public var numerics: [String]

    public init(specificationHash: String, fields: [CacheField], numerics: [String]) {
        self.specificationHash = specificationHash
        self.fields = fields
        self.numerics = numerics
    }

    /// Describes the first column of a file that is not as expected.
    func difference(from header: CacheHeader) -> String {
        for (index, field) in fields.enumerated() {
            guard index < header.fields.count else { return "field ‘\(field.name)’ is missing in the file" }
            let found = header.fields[index]
            if found.name != field.name { return "field \(index + 1) is ‘\(found.name)’, expected ‘\(field.name)’" }
            if found.rowsInTable != field.rowsInTable {
                return "field ‘\(field.name)’ has \(found.rowsInTable) ids, expected \(field.rowsInTable)"
            }
            if found.multiValued != field.multiValued {
                return "field ‘\(field.name)’ is \(found.multiValued ? "" : "not ")multi-valued"
            }
        }
        if let extra = header.fields.dropFirst(fields.count).first { return "field ‘\(extra.name)’ is not expected" }
        let found = header.numerics.map(\.name)
        if found != numerics { return "the numeric features are \(found), expected \(numerics)" }
        return "the columns are the same, so source, window, time zone, group, shards or a transform differ"
    }
}
