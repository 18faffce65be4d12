import CLibPQ

extension ConnectionSettings {
    /// Opens a libpq connection, which its owner closes.
    func connect(applicationName: String) throws(PostgresError) -> OpaquePointer {
        if let reason = ConnectionText(conninfo).refusal ?? ConnectionVariables.refusal {
            throw .connection(ConnectionFailure(cause: .settings, message: reason, sqlState: nil))
        }
        let options = ConnectionOptions(self)
        // The other settings are set by a statement, which a proxy passes on too.
        let server =
            "-c timezone=UTC -c search_path=" + (access == .readOnly ? " -c default_transaction_read_only=on" : "")
        // `dbname` may hold a whole connection string or URI, which libpq then expands; later keywords take precedence.
        let given =
            [
                ("dbname", conninfo), ("fallback_application_name", applicationName), ("client_encoding", "UTF8"),
                ("options", options.serverOptions(followedBy: server)),
            ] + options.missingDefaults.map { ($0.keyword, $0.value) }
        let handle = CStrings.with(given.map(\.0)) { keys in
            CStrings.with(given.map(\.1)) { values in PQconnectdbParams(keys, values, 1) }
        }
        guard let handle else { throw .connectionLost(message: "out of memory") }
        if PQstatus(handle) == CONNECTION_OK { return handle }
        let message = String(cString: PQerrorMessage(handle))
        let needsPassword = PQconnectionNeedsPassword(handle) == 1
        // libpq gives the SQLSTATE of a refused connection only in a verbose message.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        PQreset(handle)
        if PQstatus(handle) == CONNECTION_OK {
            PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
            return handle
        }
        let states = Self.sqlStates(in: String(cString: PQerrorMessage(handle)))
        PQfinish(handle)
        if states.last == "08P01", message.contains("startup parameter") {
            throw .pooledByTransaction(message)
        }
        throw .connection(
            ConnectionFailure(
                ConnectionText(conninfo), message: message, sqlStates: states, needsPassword: needsPassword))
    }

    /// Returns the SQLSTATEs in a verbose message: `FATAL:  28P01: password authentication failed …`, one line per
    /// server.
    private static func sqlStates(in message: String) -> [String] {
        message.split(whereSeparator: \.isNewline).compactMap { line in
            line.firstMatch(of: /:  ([0-9A-Z]{5}):/).map { String($0.1) }
        }
    }
}
