import CLibPQ

extension Connection {
    /// Makes sure that this connection has a server session of its own, which a session's locks and settings need.
    ///
    /// A second connection opens transactions. A proxy that pools by transaction then gives it the server process that
    /// just answered the first connection, or gives the first one a different process when it asks again.
    ///
    /// - Throws: `PostgresError.pooledByTransaction`.
    public func requireSession() throws(PostgresError) {
        let own = try serverProcess()
        var others: [Connection] = []
        for _ in 0..<(isDirect(own) ? 1 : Self.mostOthers) {
            let other = try Connection(settings, applicationName: "rocket, looking for a proxy")
            try other.script("BEGIN")
            others.append(other)
            let theirs = try other.serverProcess()
            let again = try serverProcess()
            guard theirs != own, again == own else {
                throw .pooledByTransaction(
                    "two connections were answered by server process \(theirs == own ? own : again) in turn")
            }
        }
        if !isPinned { isPinned = try settings.pinned.apply(on: self, process: nil) }
    }

    /// Returns whether the process that answers is the one that the connection was opened with.
    private func isDirect(_ process: Int) -> Bool {
        Int(PQbackendPID(handle)) == process
    }

    private func serverProcess() throws(PostgresError) -> Int {
        let rows = try execute("SELECT pg_catalog.pg_backend_pid() AS pid")
        return try rows[rows.startIndex].int("pid")
    }

    /// The number of idle server sessions that a proxy may offer before this one's.
    private static let mostOthers = 4
}

// Behind a proxy, settings last for one transaction, and a single statement gets a transaction of its own.
extension Connection {
    /// Runs the body under the pinned settings: those of the session, of the open transaction, or of one opened for the
    /// body.
    func pinned<Result>(_ body: () throws(PostgresError) -> Result) throws(PostgresError) -> Result {
        guard try beginPinned() else { return try body() }
        do {
            let result = try body()
            try endPinned()
            return result
        } catch {
            abandonPinned()
            throw error
        }
    }

    /// Begins a transaction with the pinned settings, unless the session or an open transaction has them.
    ///
    /// - Returns: Whether it began one.
    func beginPinned() throws(PostgresError) -> Bool {
        guard !isPinned, PQtransactionStatus(handle) == PQTRANS_IDLE else { return false }
        try script(settings.pinned.begin)
        return true
    }

    /// Commits the transaction that `beginPinned()` began.
    func endPinned() throws(PostgresError) { _ = try checked(PQexec(handle, "COMMIT"), "COMMIT") }

    /// Rolls the transaction back; if the connection is gone, the server does.
    func abandonPinned() { PQclear(PQexec(handle, "ROLLBACK")) }
}
