import Foundation

extension Connection {
    /// Rows that the planner expects of a query, which is not run.
    public func estimatedRows(_ query: String, _ parameters: [Value] = []) throws -> Int {
        struct Explained: Decodable {
            let plan: Plan
            enum CodingKeys: String, CodingKey { case plan = "Plan" }
            struct Plan: Decodable {
                let rows: Double
                enum CodingKeys: String, CodingKey { case rows = "Plan Rows" }
            }
        }
        let rows = try execute("EXPLAIN (FORMAT JSON) \(query)", parameters)
        let text = try rows.map { try $0.text("QUERY PLAN") }.joined()
        return try JSONDecoder().decode([Explained].self, from: Data(text.utf8)).first.map { Int($0.plan.rows) } ?? 0
    }
}
