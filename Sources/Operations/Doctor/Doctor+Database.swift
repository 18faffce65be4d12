import Foundation
import Postgres

extension Doctor {
    /// Clocks may differ so much before a day's last clicks are looked for at the wrong time.
    private static let mostSeconds = 2.0

    /// What a server is and how it is reached.
    static func server(
        _ connection: Connection, _ subject: String, access: ConnectionSettings.Access
    ) throws -> [Finding] {
        guard
            let row = try connection.execute(
                """
                SELECT current_database() AS database, current_user AS role, pg_is_in_recovery() AS is_replica,
                       current_setting('transaction_read_only') AS is_read_only, host(inet_server_addr()) AS address,
                       (SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls,
                       extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8 AS behind
                """
            ).first
        else { return [] }
        let place = "database \(try row.text("database")) as \(try row.text("role"))"
        var findings = [version(connection.serverVersion, place, subject, access: access)]
        findings.append(encryption(try row.textOrNil("tls"), try row.textOrNil("address"), subject))
        let isReplica = try row.bool("is_replica")
        switch access {
        case .readWrite:
            if try isReplica || row.text("is_read_only") == "on" {
                findings.append(
                    .problem(
                        .database, subject, isReplica ? "it is a replica" : "it is read-only",
                        fix: "give DATABASE_URL the primary server (target_session_attrs=read-write chooses it)"))
            } else {
                findings.append(session(connection, subject))
            }
        case .readOnly:
            if isReplica { findings.append(lag(try row.doubleOrNil("behind"), subject)) }
        }
        return findings
    }

    static func version(
        _ version: ServerVersion, _ place: String, _ subject: String, access: ConnectionSettings.Access
    ) -> Finding {
        let found = "reachable: PostgreSQL \(version), \(place)"
        let tested = ServerVersion.tested(for: access)
        if version.major < tested.lowerBound {
            return .problem(.database, subject, found, fix: ServerVersion.needed(for: access))
        }
        if version.major > tested.upperBound {
            return .warning(
                .database, subject, "\(found); this program is tested with PostgreSQL up to \(tested.upperBound)",
                fix: "nothing, if it works; look for a newer version of the program")
        }
        return .ok(.database, subject, found)
    }

    private static func encryption(_ tls: String?, _ address: String?, _ subject: String) -> Finding {
        if let tls { return .ok(.database, subject, "encrypted: \(tls)") }
        guard let address else { return .ok(.database, subject, "a Unix socket: nobody else can listen") }
        if address == "::1" || address.hasPrefix("127.") {
            return .ok(.database, subject, "not encrypted, within this machine")
        }
        return .warning(
            .database, subject, "not encrypted: the network sees logs and results",
            fix: "turn ssl on at the server, and add sslmode=verify-full to the URL or set PGSSLMODE")
    }

    private static func session(_ connection: Connection, _ subject: String) -> Finding {
        do {
            try connection.requireSession()
            return .ok(.database, subject, "its own session: locks hold")
        } catch {
            return .problem(.database, subject, "\(error)")
        }
    }

    private static func lag(_ seconds: Double?, _ subject: String) -> Finding {
        guard let seconds, seconds > 600 else { return .ok(.database, subject, "a replica, up to date") }
        return .warning(
            .database, subject, "a replica whose last change is of \(Int(seconds / 60)) minutes ago",
            fix: "a day is used when the replica has it; where the primary is busy, look at its pg_stat_replication")
    }

    /// The machine's clock against a server's, less half of the way there and back.
    static func clock(_ connection: Connection, _ subject: String) throws -> Finding {
        let before = Date().timeIntervalSince1970
        let row = try connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8 AS now").first
        let after = Date().timeIntervalSince1970
        let ahead = (try row?.double("now") ?? before) - (before + after) / 2
        let apart = max(0, abs(ahead) - (after - before) / 2)
        guard apart > mostSeconds else { return .ok(.clock, subject, "the server's and this machine's agree") }
        return .warning(
            .clock, subject,
            "the server's is \(Int(abs(ahead).rounded())) seconds \(ahead > 0 ? "ahead of" : "behind") this machine's",
            fix: "synchronise both: timedatectl set-ntp true")
    }
}
