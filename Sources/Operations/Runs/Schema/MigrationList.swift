// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    /// All migrations, in the order of their numbers.
    static let files: [(name: String, sql: String)] = [
        m0001,
        m0002,
        m0003,
        m0004,
        m0005,
        m0006,
        m0007,
        m0008,
        m0009,
        m0010,
        m0011,
        m0012,
        m0013,
        m0014,
        m0015,
        m0016,
        m0017,
        m0018,
        m0019,
        m0020,
        m0021,
        m0022,
        m0023,
        m0024,
        m0025,
        m0026,
        m0027,
        m0028,
        m0029,
        m0030,
        m0031,
        m0032,
        m0033,
    ]
}
