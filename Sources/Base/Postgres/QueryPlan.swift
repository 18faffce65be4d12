import Foundation

/// How the server would run a statement, as `EXPLAIN` says; nothing is run.
public struct QueryPlan: Sendable {
    /// All steps, each before those that it reads from.
    public let steps: [Step]

    public struct Step: Decodable, Sendable {
        /// `Seq Scan`, `Index Scan`, …
        public let kind: String
        public let schema, relation, alias: String?
        /// The condition by which rows are thrown away after they were read.
        public let filter: String?
        /// Rows that the planner expects.
        public let rows: Double
        private let inputs: [Step]?

        enum CodingKeys: String, CodingKey {
            case kind = "Node Type"
            case schema = "Schema"
            case relation = "Relation Name"
            case alias = "Alias"
            case filter = "Filter"
            case rows = "Plan Rows"
            case inputs = "Plans"
        }

        /// Whether it reads every row of its relation.
        public var isWholeScan: Bool { kind == "Seq Scan" }

        fileprivate var all: [Step] { [self] + (inputs ?? []).flatMap(\.all) }
    }

    /// - Throws: `PostgresError`.
    public init(_ statement: String, _ parameters: [Value] = [], on connection: Connection) throws {
        struct Explained: Decodable {
            let plan: Step
            enum CodingKeys: String, CodingKey { case plan = "Plan" }
        }
        let rows = try connection.execute("EXPLAIN (FORMAT JSON, VERBOSE) \(statement)", parameters)
        let text = try rows.map { try $0.text("QUERY PLAN") }.joined()
        steps = try JSONDecoder().decode([Explained].self, from: Data(text.utf8)).flatMap(\.plan.all)
    }
}
