import Postgres

/// How much of a log `rocket init` reads. All but the time are counts, so that the same log gives the same draft on a
/// busy server too.
struct ReadingLimits: Sendable {
    /// Counting the rows is given up after this time.
    var countMilliseconds = 30_000
    /// Likewise each other statement on a log that could not be counted.
    var statementMilliseconds = 30_000
    /// Values of a log that is read whole: ten million rows of twelve columns, some ten seconds.
    var cells = 120_000_000
    /// Rows by which columns are described: enough to see values of one row in a thousand.
    var sampleRows = 60_000
    /// The newest rows, on which crosses are tried.
    var recentRows = 500_000
    /// Values of the newest rows, four bytes each.
    var recentCells = 20_000_000
    /// Pages of a table that is too large to be counted, of which the sample is made.
    var sampledPages = 4_000
    /// The same for stretches of time of a view that is too large to be counted.
    var slices = 40
}

extension Connection {
    /// Runs the body's statements, none of which may take longer than this; nil where one did.
    ///
    /// - Throws: what the body throws; other errors of the server.
    func within<Result>(milliseconds: Int, _ body: (Connection) throws -> Result) throws -> Result? {
        do {
            return try transaction { connection in
                try connection.script("SET LOCAL statement_timeout = \(milliseconds)")
                return try body(connection)
            }
        } catch let error as PostgresError where error.sqlState == "57014" {
            return nil
        }
    }
}
