/// Why rows cannot be scored, by row; of each row the first reason.
public struct RowProblems: Sendable {
    public private(set) var byRow: [Int: ServingError] = [:]

    public init() {}

    public var isEmpty: Bool { byRow.isEmpty }
    /// Of the first row that has one.
    public var first: ServingError? { byRow.min { $0.key < $1.key }?.value }

    mutating func add(_ problem: ServingError, row: Int) {
        if byRow[row] == nil { byRow[row] = problem }
    }
}
