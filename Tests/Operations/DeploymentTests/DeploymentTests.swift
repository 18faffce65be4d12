import Deployment
import Dispatch
import Foundation
import OperationsSupport
import Postgres
import Synchronization
import TestSupport
import Testing

/// Versions become live, are rolled back and retired by rules that the database keeps.
@Suite struct DeploymentTests {
    /// Versions of a model without weights, as the registry would have written them; 1 … count in the order of their
    /// days.
    private static func withVersions(
        _ verdicts: [String?], _ body: (_ url: String, _ versions: [Int], Connection) throws -> Void
    ) throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            let versions = try verdicts.enumerated().map { index, verdict in
                let version = try #require(
                    try connection.execute(
                        """
                        INSERT INTO rocket.model_versions (
                            model, trained_from, trained_to, fingerprint, specification_hash, seed, job_file, training,
                            light_parameters, booster_parameters, embedding_parameters, program_version)
                        VALUES ('m', '2026-01-01', '2026-01-02', $1, 's', '1', '', '{}', 1, 1, 1, 'test') RETURNING version
                        """, [.text("f\(index)")]
                    ).first?.int("version"))
                try connection.execute(
                    """
                    INSERT INTO rocket.artifacts (version, name, bytes, sha256)
                    VALUES ($1, 'model.safetensors', 3, encode(sha256('abc'::bytea), 'hex'))
                    """, [.int(version)])
                for (chunk, text) in ["ab", "c"].enumerated() {
                    try connection.execute(
                        "INSERT INTO rocket.artifact_chunks VALUES ($1, 'model.safetensors', $2, $3)",
                        [.int(version), .int(chunk), .bytes(Array(text.utf8))])
                }
                if let verdict {
                    try connection.execute(
                        "INSERT INTO rocket.gate_verdicts (version, verdict) VALUES ($1, $2)",
                        [.int(version), .text(verdict)])
                }
                return version
            }
            try body(url, versions, connection)
        }
    }

    private static func states(_ connection: Connection) throws -> [String] {
        try connection.execute("SELECT state FROM rocket.model_versions ORDER BY version").map { try $0.text("state") }
    }

    @Test("Only a candidate that the gate let pass is promoted, unless forced with a reason")
    func promotion() throws {
        try Self.withVersions(["promoted", "held", nil]) { url, versions, connection in
            let deployments = try Deployments(database: url)
            #expect(try deployments.promote(versions[0], force: false, reason: nil).previousVersion == nil)
            for version in versions[1...] {
                #expect(throws: (any Error).self) { try deployments.promote(version, force: false, reason: nil) }
                #expect(throws: (any Error).self) { try deployments.promote(version, force: true, reason: " ") }
            }
            #expect(try Self.states(connection) == ["live", "candidate", "candidate"])
            let forced = try deployments.promote(versions[1], force: true, reason: "it must")
            #expect(forced.forced && forced.reason == "it must" && forced.previousVersion == versions[0])
            #expect(try Self.states(connection) == ["retired", "live", "candidate"])
            #expect(try RocketProgram.rocket(["models", "promote", "\(versions[2])"], database: url).code == 8)
            #expect(try RocketProgram.rocket(["models", "promote", "4711"], database: url).code == 6)
        }
    }

    @Test("Rolling back twice walks further back and never returns to the bad version")
    func rollback() throws {
        try Self.withVersions(["first_model", "promoted", "promoted", "promoted"]) { url, versions, connection in
            let deployments = try Deployments(database: url)
            for version in versions[..<3] { _ = try deployments.promote(version, force: false, reason: nil) }
            #expect(try deployments.rollBack("m", reason: "bad").version == versions[1])
            #expect(try deployments.rollBack("m", reason: nil).version == versions[0])
            #expect(try Self.states(connection) == ["live", "rejected", "rejected", "candidate"])
            #expect(throws: (any Error).self) { try deployments.rollBack("m", reason: nil) }
            _ = try deployments.promote(versions[3], force: false, reason: nil)
            #expect(try deployments.retire(versions[3], reason: nil)?.version == nil)
            #expect(try Self.states(connection) == ["retired", "rejected", "rejected", "retired"])
            // What was retired by hand is passed over, too.
            #expect(try deployments.rollBack("m", reason: nil).version == versions[0])
            let ledger = try connection.execute(
                "SELECT action, version FROM rocket.deployments ORDER BY deployment_id"
            ).map { "\(try $0.text("action")) \(try $0.intOrNil("version").map { "\($0)" } ?? "none")" }
            #expect(ledger.count == 8)
            #expect(ledger.last == "rollback \(versions[0])")
        }
    }

    @Test("The ledger cannot be changed, and no state past it")
    func appendOnly() throws {
        try Self.withVersions(["promoted", "promoted"]) { url, versions, connection in
            _ = try Deployments(database: url).promote(versions[0], force: false, reason: nil)
            for statement in [
                "UPDATE rocket.deployments SET reason = 'other'", "DELETE FROM rocket.deployments",
                "TRUNCATE rocket.deployments", "UPDATE rocket.model_versions SET state = 'live'",
                "UPDATE rocket.model_versions SET state = 'retired' WHERE state = 'live'",
            ] {
                #expect(throws: PostgresError.self, "\(statement)") { try connection.script(statement) }
            }
            // Whoever lies about deploying is still kept from a second live version.
            #expect(throws: PostgresError.self) {
                try connection.transaction { connection in
                    try connection.script("SELECT set_config('rocket.deploying', 'm', true)")
                    try connection.script("UPDATE rocket.model_versions SET state = 'live'")
                }
            }
            #expect(try Self.states(connection) == ["live", "candidate"])
        }
    }

    /// What is live after a call of one of the SQL functions.
    private static func deployed(_ call: String, _ arguments: [Value], on connection: Connection) throws -> Int? {
        let rows = try connection.execute("SELECT version FROM \(call)", arguments)
        return try rows.first?.intOrNil("version")
    }

    @Test("By hand in SQL the same rules hold: the gate, a reason for force, and rollbacks that walk further back")
    func sql() throws {
        try Self.withVersions(["first_model", "promoted", "promoted", "held"]) { _, versions, connection in
            func deployed(_ call: String, _ arguments: [Value]) throws -> Int? {
                try Self.deployed(call, arguments, on: connection)
            }
            func refusal(_ call: String, _ arguments: [Value]) -> String? {
                do {
                    _ = try deployed(call, arguments)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            for version in versions[..<3] {
                #expect(try deployed("rocket.promote_version($1)", [.int(version)]) == version)
            }
            let forced = "rocket.promote_version($1, $2, true)"
            #expect(refusal("rocket.promote_version($1)", [.int(versions[3])])?.contains("held") == true)
            #expect(refusal(forced, [.int(versions[3]), .text(" ")])?.contains("needs a reason") == true)
            #expect(refusal("rocket.promote_version($1)", [.int(4_711)])?.contains("no version 4711") == true)
            #expect(try deployed("rocket.rollback_model('m', 'bad')", []) == versions[1])
            #expect(try deployed("rocket.rollback_model('m')", []) == versions[0])
            #expect(refusal("rocket.rollback_model('m')", [])?.contains("no earlier live version") == true)
            // Not even one that was rolled back from comes back without force.
            #expect(refusal("rocket.promote_version($1)", [.int(versions[2])])?.contains("rejected") == true)
            #expect(try deployed(forced, [.int(versions[3]), .text("asked for")]) == versions[3])
            let retired = try deployed("rocket.retire_version($1)", [.int(versions[3])])
            #expect(retired == nil)
            #expect(try Self.states(connection) == ["retired", "rejected", "rejected", "retired"])
        }
    }

    @Test("A damaged artifact is never made live, by promotion or rollback")
    func damage() throws {
        try Self.withVersions(["promoted", "promoted"]) { url, versions, connection in
            let deployments = try Deployments(database: url)
            for version in versions { _ = try deployments.promote(version, force: false, reason: nil) }
            try connection.execute(
                "UPDATE rocket.artifact_chunks SET data = 'xb' WHERE version = $1 AND chunk = 0", [.int(versions[0])])
            #expect(throws: (any Error).self) { try deployments.rollBack("m", reason: nil) }
            #expect(try RocketProgram.rocket(["models", "rollback", "--model", "m"], database: url).code == 5)
            let forced = ["models", "promote", "\(versions[0])", "--force", "--reason", "x"]
            #expect(try RocketProgram.rocket(forced, database: url).code == 5)
            #expect(try RocketProgram.rocket(["predict", "--model", "\(versions[0])"], database: url).code == 5)
            #expect(try Self.states(connection) == ["retired", "live"])
            try withTemporaryFolder { folder in
                let pull = try RocketProgram.rocket(
                    ["models", "pull", "\(versions[0])", "--booster", "--to", folder], database: url)
                #expect(pull.code == 5)
                let left = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.contains("model.") }
                #expect(left.isEmpty, "no half file is left: \(left)")
                #expect(
                    try RocketProgram.rocket(
                        ["models", "pull", "live", "--model", "m", "--booster", "--to", folder], database: url
                    ).code == 0)
                #expect(
                    try String(contentsOfFile: "\(folder)/m-\(versions[1])/model.safetensors", encoding: .utf8) == "abc"
                )
            }
        }
    }

    @Test("Of two promotions at once one wins, and the other says so")
    func race() throws {
        try Self.withVersions(["promoted", "promoted", "promoted"]) { url, versions, connection in
            _ = try Deployments(database: url).promote(versions[0], force: false, reason: nil)
            // While another transaction has deployed and not yet ended, a deployment is refused at once.
            let other = try TestDatabase.connect(url)
            try other.script("BEGIN")
            try other.execute("SELECT rocket.promote_version($1)", [.int(versions[1])])
            let second = try RocketProgram.rocket(["models", "promote", "\(versions[2])"], database: url)
            #expect(second.code == 4 && second.errors.contains("another deployment"))
            try other.script("COMMIT")
            // Once it has ended, one that does not know of it is refused, too.
            #expect(throws: PostgresError.self) {
                try connection.execute(
                    "SELECT rocket.promote_version($1, NULL, false, 1)", [.int(versions[2])])
            }
            #expect(try Self.states(connection) == ["retired", "live", "candidate"])
            // Many at once: one live version, and the ledger tells how it came.
            let codes = Mutex<[Int32]>([])
            DispatchQueue.concurrentPerform(iterations: 6) { number in
                let arguments = ["models", "promote", "\(versions[number % 3])", "--force", "--reason", "race"]
                if let code = try? RocketProgram.rocket(arguments, database: url).code {
                    codes.withLock { $0.append(code) }
                }
            }
            #expect(codes.withLock { $0.allSatisfy { [0, 4, 8].contains($0) } && $0.count == 6 })
            // Two deployments are there from before; each process that says it won has a line, and nobody else.
            let lines = try connection.execute("SELECT count(*) AS lines FROM rocket.deployments").first?.int("lines")
            let winners = codes.withLock { $0.count { $0 == 0 } }
            #expect(winners >= 1 && lines == 2 + winners)
            #expect(try Self.states(connection).filter { $0 == "live" }.count == 1)
            let newest = try connection.execute(
                "SELECT version FROM rocket.deployments ORDER BY deployment_id DESC LIMIT 1"
            ).first?.int("version")
            let live = try connection.execute("SELECT version FROM rocket.live_models").first?.int("version")
            #expect(newest == live)
        }
    }
}
