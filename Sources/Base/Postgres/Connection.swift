import CLibPQ
import Names

/// One connection to PostgreSQL through libpq. Used by one thread at a time; closed with its last reference.
///
/// Every statement runs under `PinnedSettings`, whatever the server, database, role and environment say: names are
/// looked up in `pg_catalog` alone, so all others are written with their schema, and values have one text form. A
/// session gets the settings once; behind a proxy, each transaction gets them.
public final class Connection {
    let handle: OpaquePointer

    /// The settings it was made with; a second connection like it can be made from them.
    let settings: ConnectionSettings

    /// Whether the session has the pinned settings: not behind a proxy, where it may soon be another client's.
    var isPinned = false

    /// - Parameter applicationName: The name in `pg_stat_activity`; other runs print it when they find a lock taken.
    public init(_ settings: ConnectionSettings, applicationName: String) throws(PostgresError) {
        self.settings = settings
        handle = try settings.connect(applicationName: applicationName)
        // Notices are for people at a terminal; errors and results carry what matters.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        isPinned = try settings.pinned.apply(on: self, process: Int(PQbackendPID(handle)))
        if isPinned { try settings.limits.apply(on: self) }
    }

    deinit { PQfinish(handle) }

    /// Runs one statement with parameters `$1`, `$2`, …
    @discardableResult
    public func execute(_ sql: String, _ parameters: [Value] = []) throws(PostgresError) -> Rows {
        try pinned { () throws(PostgresError) in try unpinned(sql, parameters) }
    }

    /// Like `execute`, under whatever settings the session has.
    @discardableResult
    func unpinned(_ sql: String, _ parameters: [Value] = []) throws(PostgresError) -> Rows {
        var buffers: [[UInt8]?] = []
        var formats: [Int32] = []
        var types: [Oid] = []
        for parameter in parameters {
            var type: Oid = 0
            var format: Int32 = 0
            switch parameter {
            case .null: buffers.append(nil)
            case .text(let text): buffers.append(Array(text.utf8) + [0])
            case .json(let text): buffers.append(Array(text.utf8) + [0])
            case .int(let number): buffers.append(Array("\(number)".utf8) + [0])
            case .double(let number): buffers.append(Array("\(number)".utf8) + [0])
            case .bool(let flag): buffers.append(Array((flag ? "t" : "f").utf8) + [0])
            case .day(let day):
                buffers.append(Array(day.description.utf8) + [0])
                type = Self.dateOID
            case .bytes(let bytes):
                buffers.append(bytes)
                format = 1
                type = Self.byteaOID
            }
            formats.append(format)
            types.append(type)
        }
        let lengths = buffers.map { Int32($0?.count ?? 0) }
        let result = CStrings.withPointers(buffers) { values in
            PQexecParams(handle, sql, Int32(parameters.count), types, values, lengths, formats, 0)
        }
        return Rows(try checked(result, sql))
    }

    /// Runs several statements without parameters; outside a transaction they form one.
    public func script(_ sql: String) throws(PostgresError) {
        guard !isPinned, sql.hasPrefix("BEGIN") else {
            return try pinned { () throws(PostgresError) in _ = try checked(PQexec(handle, sql), sql) }
        }
        _ = try checked(PQexec(handle, sql), sql)
        if PQtransactionStatus(handle) == PQTRANS_INTRANS { try settings.pinned.applyToTransaction(on: self) }
    }

    /// Runs the body in a transaction: committed when it returns, rolled back when it throws.
    public func transaction<Result>(_ body: (Connection) throws -> Result) throws -> Result {
        try script(settings.pinned.begin)
        do {
            let result = try body(self)
            try script("COMMIT")
            return result
        } catch {
            // If the connection is gone, the server rolls back.
            try? script("ROLLBACK")
            throw error
        }
    }

    /// Quotes a name as an SQL identifier, through libpq.
    public func quoteIdentifier(_ name: String) throws(PostgresError) -> String {
        try quoted(PQescapeIdentifier(handle, name, name.utf8.count), name)
    }

    /// Quotes `schema.table` (or `table` of the schema `public`) as SQL, part by part. Names may be in quotes, as psql
    /// prints them.
    public func quoteRelation(_ dotted: String) throws(PostgresError) -> String {
        var names: [String] = []
        if dotted.contains("\""), let parts = SQLName.parts(dotted), parts.count <= 2 {
            names = parts
        } else {
            names = dotted.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        if names.count == 1 { names.insert("public", at: 0) }
        var quoted: [String] = []
        for name in names { quoted.append(try quoteIdentifier(name)) }
        return quoted.joined(separator: ".")
    }

    /// Quotes a value as an SQL literal, through libpq; for statements that take no parameters, such as COPY.
    public func quoteLiteral(_ text: String) throws(PostgresError) -> String {
        try quoted(PQescapeLiteral(handle, text, text.utf8.count), text)
    }

    private func quoted(_ pointer: UnsafeMutablePointer<CChar>?, _ text: String) throws(PostgresError) -> String {
        guard let pointer else { throw .unquotable(text) }
        defer { PQfreemem(pointer) }
        return String(cString: pointer)
    }

    /// Turns a libpq result into an answer or an error.
    func checked(_ result: OpaquePointer?, _ sql: String) throws(PostgresError) -> Answer {
        guard let result else { throw .connectionLost(message: String(cString: PQerrorMessage(handle))) }
        let answer = Answer(result)
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_EMPTY_QUERY: return answer
        default:
            func field(_ code: Character) -> String? {
                code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
            }
            guard let state = field("C") else {
                throw .connectionLost(message: String(cString: PQerrorMessage(handle)))
            }
            throw .server(
                PostgresError.ServerError(
                    sqlState: state, message: field("M") ?? "", detail: field("D"), hint: field("H"),
                    context: field("W"), statement: sql, role: PQuser(handle).map { String(cString: $0) },
                    routine: field("R")))
        }
    }

    private static let byteaOID: Oid = 17
    private static let dateOID: Oid = 1_082
}
