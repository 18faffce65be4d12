import AdLogs
import Extract
import Features
import Foundation
import Names
import Postgres

/// A table or view as the catalog knows it.
struct SurveyedTable: Sendable {
    /// `schema.table`, unquoted.
    var name: String
    /// As the catalog has it: `r` a table, `p` a partitioned one, `v` a view, …
    var kind: String
    var columns: [SurveyedColumn]

    /// Whether `TABLESAMPLE` reads some of its pages; of a view it cannot.
    var canBeSampled: Bool { ["r", "p", "m"].contains(kind) }

    /// - Throws: `AdLogError.noRelation`, `.noRight`; `PostgresError`.
    init(_ name: String, referenced: String, on connection: Connection) throws {
        let relation = try connection.quoteRelation(name)
        try ReadingRight.require(name, on: connection)
        let closed = try ReadingRight(of: name, on: connection)
        let rows = try connection.execute(
            Self.columns, [.text(relation), .text(try connection.quoteRelation(referenced))])
        guard let first = rows.first else { throw try AdLogError.missing(name, on: connection) }
        self.name = name
        kind = try first.text("relkind")
        let idTypes = try IDType.columns(of: name, on: connection)
        let types = try connection.columnTypes(of: name)
        columns = try rows.map { row in
            var column = try SurveyedColumn(row)
            column.idType = idTypes[column.name]
            column.resolvedType = types[column.name]
            column.rightLacking = closed?.grants(for: [column.name]).first
            return column
        }
    }

    func column(_ name: String) -> SurveyedColumn? { columns.first { $0.name == name } }

    /// The columns that the role may read, as a list of SQL.
    func readable(on connection: Connection) throws -> String {
        try columns.filter { $0.rightLacking == nil }.map { try connection.quoteIdentifier($0.name) }
            .joined(separator: ", ")
    }

    /// `$1` the relation, `$2` another that a foreign key may point at.
    private static let columns = """
        SELECT r.relkind::text, a.attname, format_type(a.atttypid, NULL) AS type, a.attnotnull,
               EXISTS (SELECT FROM pg_index x WHERE x.indrelid = r.oid AND x.indisunique AND x.indisvalid
                   AND x.indnkeyatts = 1 AND x.indkey[0] = a.attnum AND x.indpred IS NULL) AS is_unique,
               EXISTS (SELECT FROM pg_index x WHERE x.indrelid = r.oid AND x.indisvalid AND x.indkey[0] = a.attnum
                   AND x.indpred IS NULL) AS leads_index,
               EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = r.oid
                   AND a.attnum = ANY (p.partattrs)) AS is_partition_key,
               (SELECT t.attname FROM pg_constraint c
                   JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = c.confkey[1]
                   WHERE c.conrelid = r.oid AND c.contype = 'f' AND cardinality(c.conkey) = 1
                     AND c.conkey[1] = a.attnum AND c.confrelid = to_regclass($2) LIMIT 1) AS refers_to
        FROM pg_class r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE r.oid = to_regclass($1)
        ORDER BY a.attnum
        """
}

/// A column as the catalog knows it.
struct SurveyedColumn: Equatable, Sendable {
    var name: String
    /// As `format_type` writes it.
    var type: String
    var isRequired = false
    /// A key of its own.
    var isUnique = false
    /// The first column of an index.
    var leadsIndex = false
    var isPartitionKey = false
    /// The column of the other table that a foreign key points at.
    var refersTo: String?
    /// The type as far as it matters for ids.
    var idType: IDType?
    /// As `Connection.columnTypes` names it: of a domain what it is made of, of any enumeration `enum`.
    var resolvedType: String?
    /// The statement that lets the role read it; nil: it may.
    var rightLacking: String?

    init(name: String, type: String) {
        self.name = name
        self.type = type
    }

    init(_ row: Row) throws {
        self.init(name: try row.text("attname"), type: try row.text("type"))
        isRequired = try row.bool("attnotnull")
        isUnique = try row.bool("is_unique")
        leadsIndex = try row.bool("leads_index")
        isPartitionKey = try row.bool("is_partition_key")
        refersTo = try row.textOrNil("refers_to")
    }

    /// The parts of the name, in lower case: `viewId` and `view_id` are `[view, id]`.
    var words: [String] {
        var words: [String] = [""]
        var previous: Character?
        for character in name {
            if !character.isLetter, !character.isNumber {
                words.append("")
            } else {
                if character.isUppercase, previous?.isLowercase == true { words.append("") }
                words[words.count - 1] += character.lowercased()
            }
            previous = character
        }
        return words.filter { !$0.isEmpty }
    }

    /// The type's name without the schema that an extension's types have.
    private var bareType: String { SQLName.parts(type)?.last ?? type }

    /// Whether its values have named parts, each of which could be a feature.
    var hasParts: Bool { ["json", "jsonb", "hstore", "record", "xml"].contains(bareType) }

    var family: Family {
        if type.hasSuffix("[]") { return .array }
        switch bareType {
        case "smallint", "integer", "bigint": return .integer
        case "real", "double precision", "numeric": return .number
        case "text", "character varying", "character", "citext": return .text
        case "boolean": return .boolean
        case "uuid": return .uuid
        case "timestamp with time zone", "timestamp without time zone", "date": return .moment
        case "json", "jsonb", "xml", "bytea", "hstore", "tsvector", "record": return .document
        default: return type.hasPrefix("time") || type == "interval" ? .moment : .other
        }
    }

    /// Whether a job file can name it.
    var isNameable: Bool {
        !name.isEmpty && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// Whether a job file can name it and the role may read it, so that it may be a row's time.
    var canBeTime: Bool { isNameable && rightLacking == nil }

    /// Why its values are not even looked at; nil: they are.
    var reasonUnread: String? {
        if let rightLacking { return "this role may not read it: \(rightLacking)" }
        if !isNameable { return "its name has a control character, which a job file cannot hold: rename it in a view" }
        switch family {
        case .moment: return "a moment: of times, only the impression's own becomes features (hour_of_day, day_of_week)"
        case .document: return "\(type): name what is in it by a view or a generated column"
        case .array where !SourceCheck.fits(.multiValued, type: resolvedType ?? type):
            return "\(type): its elements have no text of their own that could become ids; cast it to text[] in a view"
        case .text, .other:
            return SourceCheck.fits(.categorical, type: resolvedType ?? type)
                ? nil : "\(type): its values have no text of their own that could become ids; cast it to text in a view"
        default: return nil
        }
    }

    /// Why it cannot hold ids, which are compared by their text; nil: it can.
    var reasonAgainstKey: String? {
        if let rightLacking { return "this role may not read it: \(rightLacking)" }
        return isNameable ? idType?.objection : "its name has a control character, which a job file cannot hold"
    }

    /// Whether it is what `rocket sample-logs` knows of its clicks.
    var isGeneratedTruth: Bool { name == "true_click_probability" && family == .number }

    /// A number that measures something, by its name; any other whole number names something.
    var isMeasure: Bool {
        !Set(["id", "key", "code"]).contains(words.last ?? "") && !Self.measures.isDisjoint(with: words)
    }

    private static let measures: Set = [
        "price", "age", "score", "amount", "cost", "bid", "count", "counts", "num", "number", "n", "total", "duration",
        "seconds", "ms", "length", "size", "width", "height", "rank", "position", "days", "rating", "quantity",
        "distance",
        "balance", "budget", "discount", "weight", "views", "sessions",
    ]

    /// What a column's values are like.
    enum Family: Sendable {
        case integer, number, text, boolean, uuid, moment, array, document
        /// Compared by its text form: an enumeration, an address.
        case other
    }
}
