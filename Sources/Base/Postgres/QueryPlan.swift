import Foundation

/// How the server would run a statement, as `EXPLAIN` says; nothing is run.
public struct QueryPlan: Sendable {
    /// All steps, each before those that it reads from.
    public let steps: [Step]

    public struct Step: Sendable {
        /// `Seq Scan`, `Index Scan`, …
        public let kind: String
        public let schema, relation, alias: String?
        /// The condition by which rows are thrown away after they were read.
        public let filter: String?
        /// Rows that the planner expects, of all processes together.
        public let rows: Double

        /// Whether it reads every row of its relation, in one process or shared among several.
        public var isWholeScan: Bool { kind == "Seq Scan" }
    }

    /// A step as `EXPLAIN (FORMAT JSON)` writes it.
    private struct Node: Decodable {
        let kind: String
        let schema, relation, alias, filter: String?
        let rows: Double
        let isParallel: Bool?
        let workers: Int?
        let inputs: [Node]?

        enum CodingKeys: String, CodingKey {
            case kind = "Node Type"
            case schema = "Schema"
            case relation = "Relation Name"
            case alias = "Alias"
            case filter = "Filter"
            case rows = "Plan Rows"
            case isParallel = "Parallel Aware"
            case workers = "Workers Planned"
            case inputs = "Plans"
        }

        /// - Parameter processes: Among how many a parallel step divides its rows.
        func steps(processes: Double) -> [Step] {
            // As the planner counts: the leader helps less, the more workers it must read from.
            let below = workers.map { Double($0) + max(0, 1 - 0.3 * Double($0)) } ?? processes
            let step = Step(
                kind: kind, schema: schema, relation: relation, alias: alias, filter: filter,
                rows: rows * (isParallel == true ? processes : 1))
            return [step] + (inputs ?? []).flatMap { $0.steps(processes: below) }
        }
    }

    /// - Throws: `PostgresError`.
    public init(_ statement: String, _ parameters: [Value] = [], on connection: Connection) throws {
        struct Explained: Decodable {
            let plan: Node
            enum CodingKeys: String, CodingKey { case plan = "Plan" }
        }
        let rows = try connection.execute("EXPLAIN (FORMAT JSON, VERBOSE) \(statement)", parameters)
        let text = try rows.map { try $0.text("QUERY PLAN") }.joined()
        steps = try JSONDecoder().decode([Explained].self, from: Data(text.utf8)).flatMap {
            $0.plan.steps(processes: 1)
        }
    }
}
