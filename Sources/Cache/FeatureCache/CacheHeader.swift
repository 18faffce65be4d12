import Days

/// The header of a cache file.
public struct CacheHeader: Codable, Equatable, Sendable {
    public var formatVersion: Int
    /// SHA-256, in hexadecimal, of everything besides the logs that decides the file's bytes.
    public var specificationHash: String
    public var day: Day
    public var part: Int
    public var rows: Int
    public var clicks: Int
    /// Categorical and multi-valued features in column order.
    public var fields: [CacheField]
    /// Numeric features in column order.
    public var numerics: [CacheNumeric]
    /// Whether each row carries its true click probability.
    public var hasTruth: Bool

    public static let currentFormatVersion = 2

    /// A description of the first contradiction in the header; nil if there is none.
    var contradiction: String? {
        guard rows >= 0, part >= 0 else { return "it claims \(rows) rows of part \(part)" }
        var names: Set<String> = []
        for name in fields.map(\.name) + numerics.map(\.name) where !names.insert(name).inserted {
            return "two columns are called ‘\(name)’"
        }
        for field in fields where !(1...CacheField.mostRows).contains(field.rowsInTable) {
            return "field \(field.name) claims \(field.rowsInTable) ids"
        }
        for number in numerics {
            guard (0...rows).contains(number.count) else {
                return "number \(number.name) claims \(number.count) values in \(rows) rows"
            }
            guard number.sum.isFinite, number.sumOfSquares.isFinite, number.sumOfSquares >= 0 else {
                return "number \(number.name) claims the sums \(number.sum) and \(number.sumOfSquares)"
            }
        }
        return nil
    }
}

/// A field's column.
public struct CacheField: Codable, Equatable, Sendable {
    public var name: String
    /// Ids are below this.
    public var rowsInTable: Int
    public var multiValued: Bool

    /// Ids are 32-bit numbers.
    static let mostRows = 1 << 32

    public init(name: String, rowsInTable: Int, multiValued: Bool) {
        self.name = name
        self.rowsInTable = rowsInTable
        self.multiValued = multiValued
    }
}

/// A numeric feature's column, with the moments that standardisation needs.
public struct CacheNumeric: Codable, Equatable, Sendable {
    public var name: String
    /// Values that are not missing, their sum and their sum of squares.
    public var count: Int
    public var sum: Double
    public var sumOfSquares: Double
}

/// A finished cache file.
public struct CacheFile: Codable, Equatable, Sendable {
    public var path: String
    public var bytes: Int
    public var rows: Int
    public var clicks: Int
    /// XXH64, hexadecimal, of header and index, which hold the checksums of the blocks.
    public var checksum: String
}
