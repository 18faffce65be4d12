import Foundation
import Postgres

/// A pgbouncer in front of a test's database, ended when the body is over.
public enum Pgbouncer {
    private static let program = "/usr/sbin/pgbouncer"

    public static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// - Parameters:
    ///   - settings: lines of its section `[pgbouncer]`.
    ///   - url: of a database on the server that `jobs/test` started.
    ///   - body: is given the URL of the same database by way of pgbouncer.
    public static func run(_ settings: [String], before url: String, _ body: (String) throws -> Void) throws {
        guard let server = url.firstMatch(of: /host=([^&]*)/)?.1 else { throw Failure(reason: url) }
        try withTemporaryFolder { folder in
            // It must not be root, and the server's socket may be open to user postgres alone.
            let isRoot = getuid() == 0
            if isRoot { try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder) }
            let lines =
                [
                    "[databases]", "* = host=\(server)", "[pgbouncer]", "listen_addr =", "unix_socket_dir = \(folder)",
                    "auth_type = trust", "auth_file = \(folder)/users", "logfile = \(folder)/log",
                ] + settings
            try lines.joined(separator: "\n").write(
                toFile: "\(folder)/pgbouncer.ini", atomically: true, encoding: .utf8)
            try "\"rocket\" \"\"".write(toFile: "\(folder)/users", atomically: true, encoding: .utf8)
            let command =
                (isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [])
                + [program, "-q", "\(folder)/pgbouncer.ini"]
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = command
            try process.run()
            defer {
                // The threads of a test have other signals blocked, and a child inherits that.
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            for _ in 0..<500 where try !isUp(log: "\(folder)/log") {
                guard process.isRunning else { throw Failure(reason: "pgbouncer ended") }
                usleep(10_000)
            }
            try body(url.replacing("host=\(server)", with: "host=\(folder)&port=6432"))
        }
    }

    private static func isUp(log: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: log) else { return false }
        return try String(contentsOfFile: log, encoding: .utf8).contains("process up")
    }

    private struct Failure: Error {
        let reason: String
    }
}
