import Postgres

extension Attribution {
    /// Counts the earliest impressions of a range that share their id with another of them.
    ///
    /// - Parameter limit: The number of impressions to examine, the earliest of the range.
    public func sharedIDs(
        in range: Range<Instant>, most limit: Int, on connection: Connection
    ) throws -> (rows: Int, shared: Int) {
        let row = try connection.execute(
            """
            SELECT coalesce(sum(g.n), 0)::bigint AS rows, coalesce(sum(g.n) FILTER (WHERE g.n > 1), 0)::bigint AS shared
            FROM (SELECT count(*) AS n FROM (\(ids(in: range)) LIMIT \(limit)) AS s GROUP BY s.id) AS g
            """
        ).first
        return (try row?.int("rows") ?? 0, try row?.int("shared") ?? 0)
    }
}
