extension Connection {
    /// Runs the body's statements in a transaction, none of which may take longer than this; nil where one did.
    ///
    /// - Parameter settings: The planner's, for these statements alone, such as `enable_nestloop = off`.
    /// - Throws: what the body throws; other errors of the server.
    public func within<Result>(
        milliseconds: Int, _ settings: [PlannerSetting] = [], _ body: (Connection) throws -> Result
    ) throws -> Result? {
        do {
            return try transaction { connection in
                try connection.script("SET LOCAL statement_timeout = \(milliseconds)")
                for setting in settings { try connection.script("SET LOCAL \(setting.rawValue)") }
                return try body(connection)
            }
        } catch let error as PostgresError where error.sqlState == "57014" {
            return nil
        }
    }

    /// A limit in words: `30 s`, `200 ms`.
    public static func limit(_ milliseconds: Int) -> String {
        milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }

    /// A setting of the server for one transaction.
    public enum PlannerSetting: String, Sendable {
        /// No scan per row of the other side.
        case noNestedLoops = "enable_nestloop = off"
        /// No sort of a whole log.
        case noMergeJoins = "enable_mergejoin = off"
        /// A scan begins where the table does, so that its first rows are the same each time.
        case scansFromStart = "synchronize_seqscans = off"
        /// Rows come in the order in which they are stored.
        case oneProcess = "max_parallel_workers_per_gather = 0"
    }
}
