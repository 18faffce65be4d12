import Days
import Names

/// A problem with the logs that a job file points at.
public enum AdLogError: Error, Equatable, CustomStringConvertible {
    /// The relation does not exist or this role may not see it; with one of a similar name.
    case noRelation(String, near: String?)
    /// The relation is there, and this role may not read it.
    case noRight(relation: String, role: String, grants: [String])
    /// The relation lacks a column that the job file names.
    case noColumn(relation: String, column: String, has: [String])
    /// A column has a type that its use does not allow.
    case columnType(table: String, column: String, found: String, expected: String)
    /// Columns of a table's times say no zone.
    case zoneless(ZonedView)
    /// An id column has a type whose values are not equal exactly when their texts are.
    case idType(table: String, column: String, type: String, reason: String)
    /// Two id columns write equal values as different texts.
    case idPair(impressions: String, clicks: String, reason: String)
    /// The value of a `where:` is not of its column's type, or the type cannot be compared.
    case condition(table: String, column: String, reason: String)
    /// A column's values have no text that a serving request would have too.
    case featureType(table: String, column: String, found: String, reason: String)
    /// A text that should be a moment is not one.
    case moment(String)
    /// The job file's time zone is unknown to the server.
    case timeZone(String)
    /// The impressions and the clicks are the same rows of one relation, or some of them are.
    case sameRows(table: String, reason: String)
    /// Nearly every impression of a sample is clicked, so that there is nothing to learn.
    case allClicked(impressions: String, clicks: String, rows: Int)

    /// A stored text is not UTF-8.
    case unreadable(table: String, column: String, bytes: String, key: String, encoding: String)

    public var description: String {
        switch self {
        case .noRelation(let relation, let near):
            "there is no table or view \(relation), or this role may not see it"
                + (near.map { "; did you mean \($0)?" }
                    ?? "; check source: in the job file, or run: rocket import --help")
        case .noColumn(let relation, let column, let has):
            "\(relation) has no column ‘\(column)’"
                + (nearest(to: column, among: has).map { "; did you mean \($0)? It has " } ?? "; it has ")
                + "\(has.sorted().joined(separator: ", ")); correct the job file"
        case .noRight(let relation, let role, let grants):
            "role \(role) may not read \(relation): \(grants.joined(separator: " "))"
        case .zoneless(let view):
            view.complaint
                + "; expected timestamp with time zone: read the log through a view that says which zone the "
                + "times are of, with an index by which it finds a day: " + view.statements.joined(separator: " ")
        case .columnType(let table, let column, let found, let expected):
            "column ‘\(column)’ of \(table) has type \(found), expected \(expected); use a table of its own "
                + "(rocket import --into NAME) or correct the job file"
        case .unreadable(let table, let column, let bytes, let key, let encoding):
            "\(table).\(column) of the row with \(key) is \(bytes), which is not UTF-8; the database's encoding is "
                + "\(encoding), which keeps any bytes. Correct the row, give the job a view that converts it "
                + "(convert_from(convert_to(column, 'SQL_ASCII'), 'LATIN1')), or move the logs to a database in UTF8"
        case .idType(let table, let column, let type, let reason):
            "column ‘\(column)’ of \(table) has type \(type), which cannot be an id: \(reason); ids are compared by "
                + "their text: read the log through a view with the column as text, such as \(column)::text"
        case .idPair(let impressions, let clicks, let reason):
            "\(impressions) and \(clicks) cannot name the same impressions: \(reason); read one of the logs through a "
                + "view that casts the column to the other's type"
        case .condition(let table, let column, let reason):
            "where: the column ‘\(column)’ of \(table) cannot be compared with the value given: \(reason); expected "
                + "values of the column's type, as PostgreSQL writes them"
        case .featureType(let table, let column, let found, let reason):
            "column ‘\(column)’ of \(table) has type \(found), whose values cannot become ids: \(reason); correct the "
                + "job file"
        case .moment(let text):
            "‘\(text)’ is not a moment; expected a day such as 2026-11-22 or a time such as 2026-11-23T03:30Z"
        case .timeZone(let name):
            "PostgreSQL does not know the time zone ‘\(name)’; source.time_zone needs a name of pg_timezone_names, "
                + "such as UTC or Asia/Shanghai"
        case .sameRows(let table, let reason):
            "impressions and clicks are both rows of \(table), and \(reason); where one table holds both events, name the "
                + "column that tells them apart: impressions: {…, where: {event: impression}}, clicks: {…, where: {event: "
                + "click}}. rocket init --impressions \(table) looks for it"
        case .allClicked(let impressions, let clicks, let rows):
            "nearly all of \(rows) impressions of \(impressions) that were looked at are clicked by rows of \(clicks), so "
                + "there is nothing to learn: the two may be the same rows, or be named the wrong way round; one table that "
                + "holds both events needs a where: on either side"
        }
    }
}
