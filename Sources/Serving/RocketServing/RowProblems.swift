/// The reasons why rows cannot be scored; the first reason of each row.
public struct RowProblems: Sendable {
    public private(set) var byRow: [Int: ServingError] = [:]

    public init() {}

    public var isEmpty: Bool { byRow.isEmpty }
    /// The problem of the first row that has one.
    public var first: ServingError? { byRow.min { $0.key < $1.key }?.value }

    mutating func add(_ problem: ServingError, row: Int) {
        if byRow[row] == nil { byRow[row] = problem }
    }
}
