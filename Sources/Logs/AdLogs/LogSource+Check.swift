import Postgres

extension LogSource {
    /// Finds ids and conditions that do not fit the tables: missing columns, types that ids cannot have, values that
    /// are not of their column's type, the same rows on both sides. Missing relations are not reported here.
    ///
    /// - Throws: `PostgresError`.
    public func misfits(on connection: Connection) throws -> [AdLogError] {
        let impressionTypes = try IDType.columns(of: impressions.table, on: connection)
        let clickTypes = try IDType.columns(of: clicks.table, on: connection)
        guard !impressionTypes.isEmpty, !clickTypes.isEmpty else { return [] }
        var problems =
            Self.misfits(impressions.table, impressions.id, impressionTypes)
            + Self.misfits(clicks.table, clicks.impressionID, clickTypes)
        if problems.isEmpty {
            for (column, reference) in zip(impressions.id.columns, clicks.impressionID.columns) {
                guard let type = impressionTypes[column], let other = clickTypes[reference],
                    let reason = type.objection(against: other)
                else { continue }
                problems.append(
                    .idPair(
                        impressions: "\(impressions.table).\(column)", clicks: "\(clicks.table).\(reference)",
                        reason: reason))
            }
        }
        for condition in impressions.conditions {
            problems += try Self.misfit(condition, impressions.table, impressionTypes, on: connection)
        }
        for condition in clicks.conditions {
            problems += try Self.misfit(condition, clicks.table, clickTypes, on: connection)
        }
        if problems.isEmpty, let sameRows { problems.append(sameRows) }
        return problems
    }

    private static func misfits(_ table: String, _ key: LogKey, _ types: [String: IDType]) -> [AdLogError] {
        key.columns.compactMap { column in
            guard let type = types[column] else {
                return .noColumn(relation: table, column: column, has: Array(types.keys))
            }
            return type.objection.map { .idType(table: table, column: column, type: type.name, reason: $0) }
        }
    }

    /// Lets the server plan the comparison, which reads no row.
    private static func misfit(
        _ condition: RowCondition, _ table: String, _ types: [String: IDType], on connection: Connection
    ) throws -> [AdLogError] {
        guard types[condition.column] != nil else {
            return [.noColumn(relation: table, column: condition.column, has: Array(types.keys))]
        }
        let source = Impressions(table: table, id: [], time: condition.column, conditions: [condition])
        let relation = try LogRelation(source, on: connection)
        do {
            try connection.execute("EXPLAIN SELECT FROM \(relation.from("l")) WHERE \(relation.condition("l"))")
            return []
        } catch {
            // 22: a value that is not of the type; 42: no such comparison.
            guard case .server(let refusal) = error, ["22", "42"].contains(refusal.sqlState.prefix(2)),
                refusal.sqlState != "42501"
            else { throw error }
            return [.condition(table: table, column: condition.column, reason: refusal.message)]
        }
    }
}
